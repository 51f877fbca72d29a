"""What a WeChat Official Account or a mini program calls back: `/v1/webhooks/wechat`, `/v1/webhooks/mini`.

https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Receiving_standard_messages.html
https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Receiving_event_pushes.html
https://developers.weixin.qq.com/doc/offiaccount/Subscription_Messages/api.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Literal

from defusedxml.ElementTree import fromstring
from fastapi import APIRouter, Query, Request
from fastapi.responses import PlainTextResponse
from sqlmodel import Session, col, select
from starlette.concurrency import run_in_threadpool

from api.http.context import Context, context
from api.http.problems import BodyTooLarge, Forged, Unavailable, documented
from api.http.transactions import in_transaction
from api.receivers.tencent import Unreadable, decrypt, fields, verify
from domain.catalogue.sources import MINI as MINI_SOURCE
from domain.catalogue.sources import WECHAT
from domain.channels import wechat_windows
from domain.channels.measured import count_message
from domain.customers.identifiers import Ident, IdentifierError, identify
from domain.customers.tables import Identifier
from domain.intake.ingest import Incoming, ingest
from domain.ledger.tables import Message
from domain.sending.receipts import Receipt, take
from domain.store.work import UnitOfWork
from domain.texts.sms import is_refusal
from workflows.terms.channels import Channel

EVENTS: Mapping[str, str] = {
    "subscribe": "wechat.followed",
    "unsubscribe": "wechat.unfollowed",
    "CLICK": "wechat.clicked",
    "scancode_push": "wechat.clicked",
    "scancode_waitmsg": "wechat.clicked",
    "SCAN": "wechat.scanned",
    "subscribe_msg_popup_event": "wechat.subscribed",
    "subscribe_msg_change_event": "wechat.subscribed",
}
"""The events that count, and as what they are stored; of receipts only what they say is. A VIEW opens no window."""

RECEIPTS = frozenset({"subscribe_msg_sent_event", "TEMPLATESENDJOBFINISH"})

_LISTS = {
    "subscribe_msg_popup_event": "SubscribeMsgPopupEvent",
    "subscribe_msg_change_event": "SubscribeMsgChangeEvent",
    "subscribe_msg_sent_event": "SubscribeMsgSentEvent",
}
_TEXT_CHARACTERS = 2_000

Signed = Annotated[str, Query(max_length=200)]
_Fields = Mapping[str, str]


@dataclass(frozen=True)
class Side:
    """Who calls back, an Official Account or a mini program: where, whose openids it names, and what counts of it."""

    channel: Channel
    source: str
    openid: str
    title: str
    events: Mapping[str, str]

    @property
    def path(self) -> str:
        return f"/v1/webhooks/{self.channel}"


OFFICIAL = Side("wechat", WECHAT, "openid", "WeChat", EVENTS)
MINI = Side(
    "mini", MINI_SOURCE, "openid:mini", "the mini program", {name: EVENTS[name] for name in _LISTS if name in EVENTS}
)
"""Of a mini program consents count, and what became of messages; it has no windows and no followers."""


@dataclass(frozen=True)
class Callback:
    """What WeChat's callbacks are signed with and, if there is a `key` (the bytes of the EncodingAESKey), sealed."""

    app_id: str
    token: str = field(repr=False)
    key: bytes | None = field(default=None, repr=False)
    side: Side = OFFICIAL


def router(callback: Callback) -> APIRouter:
    """The routes that take the callbacks of one account."""
    side = callback.side
    routes = APIRouter(
        prefix=side.path,
        tags=["webhooks"],
        responses=documented(Forged, Unreadable, BodyTooLarge, Unavailable),
    )

    @routes.get("", summary=f"Prove to {side.title} that this is the account's", response_class=PlainTextResponse)
    def get_webhook(
        request: Request,
        signature: Signed,
        timestamp: Signed,
        nonce: Signed,
        echostr: Annotated[str, Query(max_length=2000)],
    ) -> str:
        verify(callback.token, timestamp, nonce, signature=signature, now=context(request).clock.now())
        return echostr

    @routes.post("", summary=f"Take what {side.title} tells of customers", response_class=PlainTextResponse)
    async def post_webhook(
        request: Request,
        timestamp: Signed,
        nonce: Signed,
        signature: Signed = "",
        msg_signature: Signed = "",
    ) -> str:
        """Anything that doesn't count is thanked for. The same callback twice is one."""
        env = context(request)
        body = await request.body()
        now = env.clock.now()
        if callback.key is None:
            verify(callback.token, timestamp, nonce, signature=signature, now=now)
        else:
            sealed = fields(body).get("Encrypt", "")
            verify(callback.token, timestamp, nonce, sealed, signature=msg_signature, now=now)
            body = decrypt(callback.key, sealed, callback.app_id)
        await run_in_threadpool(_take, env, side, fields(body), body, now)
        return "success"

    return routes


def _take(env: Context, side: Side, fields: _Fields, xml: bytes, now: datetime) -> None:
    """Take it in one transaction, again if another one got in its way."""
    event, is_event = fields.get("Event", ""), fields.get("MsgType") == "event"
    if (is_event and event not in side.events and event not in RECEIPTS) or (not is_event and side is not OFFICIAL):
        return
    try:
        who = identify(None, {side.openid: fields.get("FromUserName", "")})
    except IdentifierError:
        raise Unreadable("It names no customer.") from None
    at = min(_instant(fields.get("CreateTime", "")), now)
    items = _items(xml, _LISTS[event]) if event in _LISTS else ()

    def take_in(work: UnitOfWork) -> None:
        if event in RECEIPTS:
            take(work, side.source, _receipts(side.channel, fields, items, at), now)
        elif is_event:
            _take_event(work, side, fields, items, who, at, now)
        else:
            _take_message(work, fields, who, at, now)

    in_transaction(env.db, take_in)
    if event in RECEIPTS:
        for receipt in _receipts(side.channel, fields, items, at):
            count_message(receipt.channel, receipt.what, receipt.reason)


def _take_event(
    work: UnitOfWork,
    side: Side,
    fields: _Fields,
    items: Sequence[_Fields],
    who: tuple[Ident, ...],
    at: datetime,
    now: datetime,
) -> None:
    event, ((_, openid),) = fields["Event"], who
    name = f"{openid}/{fields['CreateTime']}/{event}"
    data = {"key": fields["EventKey"][:_TEXT_CHARACTERS]} if fields.get("EventKey") else {}
    if not _is_new(work, Incoming(side.source, name, side.events[event], at, data, who), now):
        return
    match event:
        case "unsubscribe":
            _withdraw(work, name, "wechat unfollow", who, at, now)
            wechat_windows.forget(work, openid)
        case "subscribe_msg_popup_event" | "subscribe_msg_change_event":
            _note_subscriptions(work, openid, items, agreed=event == "subscribe_msg_popup_event")
        case _:
            wechat_windows.open_window(work, openid, wechat_windows.MOMENT, at)


def _note_subscriptions(session: Session, openid: str, items: Sequence[_Fields], *, agreed: bool) -> None:
    """Each consent is for one message; settings that are changed later take consents away, but give none."""
    for item in items:
        template, status = item.get("TemplateId", "")[:200], item.get("SubscribeStatusString")
        if template and status == "accept" and agreed:
            wechat_windows.subscribe(session, openid, template)
        elif template and status == "reject":
            wechat_windows.unsubscribe(session, openid, template)


def _take_message(work: UnitOfWork, fields: _Fields, who: tuple[Ident, ...], at: datetime, now: datetime) -> None:
    """Opens the window, and is an answer to the newest message that we sent."""
    ((_, openid),) = who
    name = fields.get("MsgId", "")[:100] or f"{openid}/{fields['CreateTime']}"
    kind = fields.get("MsgType", "")[:40]
    if not _is_new(work, Incoming(WECHAT, name, "wechat.wrote", at, {"kind": kind}, who), now):
        return
    wechat_windows.open_window(work, openid, wechat_windows.CONVERSATION, at)
    text = fields.get("Content", "")[:_TEXT_CHARACTERS] if kind == "text" else None
    if text is not None and is_refusal(text):
        _withdraw(work, name, "wechat reply", who, at, now)
    newest = (
        select(Message.id)
        .join(Identifier, col(Identifier.customer_id) == col(Message.customer_id))
        .where(Identifier.kind == "openid", Identifier.value == openid, Message.channel == "wechat")
        .where(col(Message.status).in_(("sent", "delivered", "read", "unknown")))
        .order_by(col(Message.claimed_at).desc(), col(Message.id).desc())
    )
    key = work.exec(newest.limit(1)).first()
    if key is not None:
        take(work, WECHAT, [Receipt(f"{name}/replied", "wechat", "replied", at, key=key, text=text)], now)


def _withdraw(work: UnitOfWork, name: str, source: str, who: tuple[Ident, ...], at: datetime, now: datetime) -> None:
    data = {"channel": "wechat", "source": source}
    ingest(work, [Incoming(WECHAT, f"{name}/withdrawn", "consent.withdrawn", at, data, who)], now=now)


def _is_new(work: UnitOfWork, event: Incoming, now: datetime) -> bool:
    return ingest(work, [event], now=now)[0]


def _receipts(channel: Channel, fields: _Fields, items: Sequence[_Fields], at: datetime) -> list[Receipt]:
    """What became of subscription messages, or of one template message."""
    if fields["Event"] == "TEMPLATESENDJOBFINISH":
        status = fields.get("Status", "")
        items = [
            {"MsgID": fields.get("MsgID", ""), "ErrorCode": "0" if status == "success" else "", "ErrorStatus": status}
        ]
    receipts = []
    for item in items:
        name, code = item.get("MsgID", "")[:100], item.get("ErrorCode")
        what: Literal["delivered", "failed"] = "delivered" if code == "0" else "failed"
        reason = f"{code} {item.get('ErrorStatus', '')}".strip()[:200] if what == "failed" else None
        if name:
            receipts.append(Receipt(f"{name}/{what}", channel, what, at, provider_id=name, reason=reason))
    return receipts


def _items(xml: bytes, name: str) -> list[dict[str, str]]:
    """The `List` elements of a part of a message that `fields` could read."""
    part = fromstring(xml, forbid_dtd=True).find(name)
    return [{entry.tag: (entry.text or "").strip() for entry in item} for item in (part if part is not None else ())]


def _instant(seconds: str) -> datetime:
    if not (seconds.isascii() and seconds.isdecimal() and len(seconds) <= 10):
        raise Unreadable("It doesn't say when it happened.")
    return datetime.fromtimestamp(int(seconds), UTC)
