"""Twilio's callbacks: what became of messages, and what people answer. `/v1/webhooks/twilio`

How they are signed: https://www.twilio.com/docs/usage/security#validating-requests
"""

from collections.abc import Mapping
from typing import Literal
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator

from api.http.context import Context, context
from api.http.problems import BodyTooLarge, Forged, Invalid, Unavailable, UnsupportedMediaType, documented
from api.http.transactions import in_transaction
from domain.catalogue.sources import TWILIO
from domain.channels.measured import count_message
from domain.customers.identifiers import IdentifierError
from domain.sending.receipts import Receipt, take
from domain.sending.replies import Keyword, Reply, refuse, take_reply
from domain.store.work import UnitOfWork

PATH = "/v1/webhooks/twilio"

_FIELDS = 200
_FORM = "application/x-www-form-urlencoded"
_NOTHING_TO_SAY = "<?xml version='1.0' encoding='UTF-8'?><Response/>"
_OPTED_OUT = "21610"
_TEXT = 1600
_KEYWORDS: Mapping[str, Keyword] = {"STOP": "STOP", "START": "START", "HELP": "HELP"}
"""What Twilio's advanced opt-out says that it has read in a text."""


_WHAT: Mapping[str, Literal["delivered", "read", "failed"]] = {
    "delivered": "delivered",
    "read": "read",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}
"""What a status means. Those on the way (queued, sending, sent) say nothing that isn't known, and are left out."""


def router(auth_token: str, public_url: str) -> APIRouter:
    """The route that takes the callbacks of an account.

    `public_url` is the address below which Twilio reaches us and over which it signs, whatever a proxy makes of it.
    """
    routes = APIRouter(tags=["webhooks"])
    validator = RequestValidator(auth_token)

    @routes.post(
        PATH,
        summary="Take what Twilio tells of messages, and what people answer",
        response_class=Response,
        responses=documented(Forged, BodyTooLarge, UnsupportedMediaType, Invalid, Unavailable),
    )
    async def post_webhook(request: Request) -> Response:
        """The same callback twice is one, and they may come in any order. One about no message of ours is ignored.

        Twilio signs no time. What is said of a message of more than 30 days ago is ignored too.
        """
        form = _read(request, await request.body())
        query = request.scope["query_string"].decode("latin-1")
        signed = f"{public_url}{PATH}{'?' if query else ''}{query}"
        if not validator.validate(signed, form, request.headers.get("X-Twilio-Signature", "")):
            raise Forged("The signature is missing or wrong. It is made over AFTERSHOW_PUBLIC_URL and the path.")
        fields = {name: value.replace("\x00", "") for name, value in form.items()}
        await run_in_threadpool(_take, context(request), fields, request.query_params.get("key", ""))
        return Response(_NOTHING_TO_SAY, media_type="text/xml")

    return routes


def _read(request: Request, body: bytes) -> ImmutableMultiDict[str, str]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise UnsupportedMediaType(f"Callbacks are {_FORM}.")
    try:
        text = body.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_FIELDS)
    except ValueError:
        raise Invalid("The body is no form of UTF-8 text.") from None
    return ImmutableMultiDict(pairs)


def _take(env: Context, fields: Mapping[str, str], key: str) -> None:
    now = env.clock.now()
    sid, status = fields.get("MessageSid", "")[:_FIELDS], fields.get("MessageStatus", "")
    if not sid:
        return

    def take_in(work: UnitOfWork) -> None:
        if status in _WHAT:
            what, code = _WHAT[status], fields.get("ErrorCode")
            reason = (code or status) if what == "failed" else None
            number = int(key) if key.isascii() and key.isdecimal() and len(key) < 19 else None
            receipt = Receipt(f"{sid}/{status}", "sms", what, now, key=number, provider_id=sid, reason=reason)
            fresh = take(work, TWILIO, [receipt], now)
            if fresh and code == _OPTED_OUT:
                refuse(work, TWILIO, f"{sid}/{code}", fields.get("To", ""), now)
        elif not status and "Body" in fields and fields.get("From", "").startswith("+"):
            keyword = _KEYWORDS.get(fields.get("OptOutType", ""))
            reply = Reply(sid, fields["From"], fields["Body"][:_TEXT], keyword)
            take_reply(work, TWILIO, reply, now)

    try:
        in_transaction(env.db, take_in)
        if status in _WHAT:
            count_message("sms", _WHAT[status], fields.get("ErrorCode"))
    except IdentifierError:
        return  # it is nobody's phone
