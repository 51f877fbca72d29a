"""WeCom's callbacks: `/v1/webhooks/wecom`. https://developer.work.weixin.qq.com/document/path/92130"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import PlainTextResponse
from starlette.concurrency import run_in_threadpool

from api.http.context import Context, context
from api.http.problems import BodyTooLarge, Forged, Unavailable, documented
from api.http.transactions import in_transaction
from api.receivers.tencent import Unreadable, decrypt, fields, verify
from domain.catalogue.sources import WECOM
from domain.channels.wecom_friends import note_friends
from domain.customers.identifiers import IdentifierError, identify
from domain.intake.ingest import Incoming, ingest
from domain.store.work import UnitOfWork

FRIENDS = frozenset({"add_external_contact", "edit_external_contact"})
"""Changes that only a friend is told of with."""

STRANGERS = frozenset({"del_follow_user", "del_external_contact"})
"""The customer deleted the employee, or the employee the customer."""

WITHDRAWN = frozenset({"del_follow_user"})
"""What the customer did to hear no more of us; an employee can't withdraw a customer's consent."""


Signed = Annotated[str, Query(max_length=200)]


@dataclass(frozen=True)
class Callback:
    """What WeCom's callbacks are signed and sealed with; `key` are the bytes of the EncodingAESKey."""

    corp_id: str
    token: str = field(repr=False)
    key: bytes = field(repr=False)


def router(callback: Callback) -> APIRouter:
    """The routes that take the callbacks of one corp."""
    routes = APIRouter(
        prefix="/v1/webhooks/wecom",
        tags=["webhooks"],
        responses=documented(Forged, Unreadable, BodyTooLarge, Unavailable),
    )

    @routes.get("", summary="Prove to WeCom that this is the corp's", response_class=PlainTextResponse)
    def get_webhook(
        request: Request,
        msg_signature: Signed,
        timestamp: Signed,
        nonce: Signed,
        echostr: Annotated[str, Query(max_length=2000)],
    ) -> PlainTextResponse:
        now = context(request).clock.now()
        verify(callback.token, timestamp, nonce, echostr, signature=msg_signature, now=now)
        return PlainTextResponse(decrypt(callback.key, echostr, callback.corp_id))

    @routes.post("", summary="Take what WeCom tells of customers", response_class=PlainTextResponse)
    async def post_webhook(request: Request, msg_signature: Signed, timestamp: Signed, nonce: Signed) -> str:
        """Friends made and lost count; anything else is thanked for. The same callback twice is one."""
        env = context(request)
        encrypted = fields(await request.body()).get("Encrypt", "")
        now = env.clock.now()
        verify(callback.token, timestamp, nonce, encrypted, signature=msg_signature, now=now)
        notification = fields(decrypt(callback.key, encrypted, callback.corp_id))
        if notification.get("Event") == "change_external_contact":
            await run_in_threadpool(_take, env, notification, now)
        return "success"

    return routes


def _take(env: Context, fields: Mapping[str, str], now: datetime) -> None:
    """Note the friendship and, if the customer ended it, the withdrawal: both, again if another one got in the way."""
    change, customer, employee = (fields.get(name, "") for name in ("ChangeType", "ExternalUserID", "UserID"))
    if change not in FRIENDS | STRANGERS:
        return
    try:
        who = identify(None, {"external_userid": customer})
    except IdentifierError:
        raise Unreadable("It names no customer.") from None
    seconds = fields.get("CreateTime", "")
    at = min(_instant(seconds), now)

    def take_in(work: UnitOfWork) -> None:
        if change in WITHDRAWN:
            name = f"{change}/{customer}/{employee}/{seconds}"
            data = {"channel": "wecom", "source": "wecom unfriended"}
            ingest(work, [Incoming(WECOM, name, "consent.withdrawn", at, data, who)], now=now)
        note_friends(work, customer, employee, change in FRIENDS, at)

    in_transaction(env.db, take_in)


def _instant(seconds: str) -> datetime:
    if not (seconds.isascii() and seconds.isdecimal() and len(seconds) <= 10):
        raise Unreadable("It doesn't say when it happened.")
    return datetime.fromtimestamp(int(seconds), UTC)
