"""What Aliyun SMS and Tencent Cloud SMS call back: `/v1/webhooks/aliyun_sms/…`, `/v1/webhooks/tencent_sms/…`.

Neither signs what it pushes, so the address holds a secret that only the provider's console knows.
https://help.aliyun.com/zh/sms/developer-reference/smsreport-2
https://cloud.tencent.com/document/product/382/52077
"""

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from api.http.context import Context, context
from api.http.problems import BodyTooLarge, Forged, Invalid, Unavailable, documented
from api.http.transactions import in_transaction
from domain.catalogue.sources import ALIYUN, TENCENT_SMS
from domain.catalogue.strictjson import MalformedError, parse, replace_unstorable
from domain.channels.measured import count_message
from domain.customers.identifiers import IdentifierError
from domain.sending.receipts import Receipt, take
from domain.sending.replies import Reply, refuse, take_reply
from domain.store.work import UnitOfWork

BEIJING = ZoneInfo("Asia/Shanghai")
MOST = 1000
"""Receipts and replies of one callback; the providers send some tens."""

_Item = Mapping[str, str]
_Take = Callable[[UnitOfWork, _Item, datetime], Receipt | None]
"""Takes one in, and gives the receipt that it is."""


def aliyun(token: str) -> APIRouter:
    """The route that takes Aliyun's receipts (SmsReport) and replies (SmsUp)."""
    return _router("aliyun_sms", "Aliyun SMS", token, _take_aliyun, {"code": 0, "msg": "成功"})


def tencent(token: str) -> APIRouter:
    """The route that takes Tencent's receipts and replies."""
    return _router("tencent_sms", "Tencent Cloud SMS", token, _take_tencent, {"result": 0, "errmsg": "OK"})


def _router(name: str, title: str, secret: str, take_in: _Take, thanks: Mapping[str, Any]) -> APIRouter:
    routes = APIRouter(tags=["webhooks"])

    @routes.post(
        f"/v1/webhooks/{name}/{{token}}",
        name=f"post_{name}",
        summary=f"Take what {title} tells of messages, and what people answer",
        responses=documented(Forged, BodyTooLarge, Invalid, Unavailable),
    )
    async def post_webhook(request: Request, token: str) -> Mapping[str, Any]:
        """The same callback twice is one, and they may come in any order. One about no message of ours is ignored."""
        if not hmac.compare_digest(token.encode(), secret.encode()):
            raise Forged("The address doesn't end in the token of the callbacks.")
        items = _items(await request.body())
        await run_in_threadpool(_take_all, context(request), items, take_in)
        return thanks

    return routes


def _take_all(env: Context, items: Sequence[_Item], take_in: _Take) -> None:
    now = env.clock.now()

    def act(work: UnitOfWork) -> list[Receipt | None]:
        taken: list[Receipt | None] = []
        for item in items:
            with suppress(IdentifierError):  # it is nobody's phone
                taken.append(take_in(work, item, now))
        return taken

    for receipt in filter(None, in_transaction(env.db, act)):
        count_message(receipt.channel, receipt.what, receipt.reason)


def _items(body: bytes) -> list[_Item]:
    """The objects of a list, or the one object that stands alone, with what they say as text."""
    try:
        value = replace_unstorable(parse(body))
    except MalformedError as error:
        raise Invalid(f"The body is no JSON: {error}.") from None
    listed = value if isinstance(value, list) else [value]
    if len(listed) > MOST:
        raise Invalid(f"The body holds more than {MOST} receipts.")
    return [dict(_texts(item)) for item in listed if isinstance(item, dict)]


def _texts(item: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in item.items():
        if isinstance(value, bool):
            yield name, str(value).lower()
        elif isinstance(value, str | int):
            yield name, str(value)


def _take_aliyun(work: UnitOfWork, item: _Item, now: datetime) -> Receipt | None:
    phone = _phone(item.get("phone_number", ""), "")
    name, key = item.get("biz_id", "")[:100], item.get("out_id", "")
    if "content" in item:
        sequence = item.get("sequence_id", "")[:100] or _hash(item)
        take_reply(work, ALIYUN, Reply(f"reply/{sequence}", phone, item["content"][:500]), now)
    elif name and "success" in item:
        at, code = _instant(item.get("report_time", ""), now), item.get("err_code", "")[:100]
        number = int(key) if key.isascii() and key.isdecimal() and len(key) < 19 else None
        delivered = item["success"] == "true"
        what, reason = ("delivered", None) if delivered else ("failed", code or "failed")
        receipt = Receipt(f"{name}/{what}", "sms", what, at, key=number, provider_id=name, reason=reason)  # type: ignore[arg-type]
        if take(work, ALIYUN, [receipt], now) and code == "USER_REJECT":
            refuse(work, ALIYUN, f"{name}/refused", phone, now)
        return receipt
    return None


def _take_tencent(work: UnitOfWork, item: _Item, now: datetime) -> Receipt | None:
    phone = _phone(item.get("mobile", ""), item.get("nationcode", ""))
    name = item.get("sid", "")[:100]
    if "text" in item:
        take_reply(work, TENCENT_SMS, Reply(f"reply/{_hash(item)}", phone, item["text"][:500]), now)
    elif name and item.get("report_status") in ("SUCCESS", "FAIL"):
        delivered = item["report_status"] == "SUCCESS"
        what, code = ("delivered", "") if delivered else ("failed", item.get("errmsg", "")[:100] or "FAIL")
        at = _instant(item.get("user_receive_time", ""), now)
        receipt = Receipt(f"{name}/{what}", "sms", what, at, provider_id=name, reason=code or None)  # type: ignore[arg-type]
        take(work, TENCENT_SMS, [receipt], now)
        return receipt
    return None


def _phone(number: str, country: str) -> str:
    """A number as we write it: of the mainland, unless it has a country's code."""
    digits = number.removeprefix("+").removeprefix("00")
    if country and not digits.startswith(country):
        digits = country + digits
    is_chinese = len(digits) == 11 and digits.startswith("1")
    return f"+86{digits}" if is_chinese else f"+{digits}"


def _instant(text: str, now: datetime) -> datetime:
    """A time of Beijing; what can't be read is now."""
    with suppress(ValueError):
        return datetime.strptime(text[:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
    return now


def _hash(item: _Item) -> str:
    """A name for a reply that has none: made of what it says, and when."""
    return hashlib.sha256(repr(sorted(item.items())).encode()).hexdigest()[:32]
