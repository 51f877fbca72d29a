"""What comes back by mail: bounces and answers at `/v1/webhooks/email/…`, and one click at `/unsubscribe/…`.

Bounces are read as RFC 3464 has them, unsubscriptions as RFC 8058.
"""

import hmac
import re
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from hashlib import sha256

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar
from starlette.concurrency import run_in_threadpool

from api.http.context import Context, context
from api.http.problems import BodyTooLarge, Forged, NotFound, Unavailable, documented
from api.http.transactions import in_transaction
from domain.catalogue.sources import EMAIL
from domain.channels.measured import count_message
from domain.intake.ingest import Incoming, ingest
from domain.ledger.tables import Message as LedgerMessage
from domain.sending.receipts import Receipt, take
from domain.store.work import UnitOfWork
from domain.texts.links import Site
from domain.texts.mail_names import UNSUBSCRIBE, key_of, unsubscribed_key
from domain.texts.sms import is_refusal

_ID = re.compile(r"<[^<>\s]{1,200}>")
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_QUOTED = re.compile(r"^\s*(?:>|-----|On .+wrote:|发件人[:：]|在.+写道[:：])", re.MULTILINE)
_ANSWER = 500


def router(token: str | None, site: Site) -> APIRouter:
    """The routes of emails: what unsubscribes, and with a `token` what takes the mail that comes back."""
    routes = APIRouter(tags=["webhooks"], responses=documented(BodyTooLarge, Unavailable))

    @routes.get(f"{UNSUBSCRIBE}/{{name}}", summary="Lead who opens an email's link to their preferences")
    def show_preferences(request: Request, name: str) -> RedirectResponse:
        """Looking at it changes nothing: mail programs open links ahead of their readers."""
        env = context(request)
        with env.db() as session:
            customer = session.exec(_customer_of(_key(name, site))).first()
        if customer is None:
            raise NotFound("This is no link of ours.")
        return RedirectResponse(site.preferences(customer, env.clock.now()), 303)

    @routes.post(f"{UNSUBSCRIBE}/{{name}}", summary="Unsubscribe by one click", response_class=PlainTextResponse)
    def unsubscribe(request: Request, name: str) -> str:
        """Withdraws the consent to marketing by email of whoever got the message; the same twice is one."""
        env, key = context(request), _key(name, site)

        def act(work: UnitOfWork) -> None:
            customer = work.exec(_customer_of(key)).first()
            if customer is None:
                raise NotFound("This is no link of ours.")
            _withdraw(work, f"unsubscribe/{key}", customer, "one click in an email", None, env.clock.now())

        in_transaction(env.db, act)
        return "您已退订 / You are unsubscribed"

    if token is not None:
        _take_mail(routes, token, site)
    return routes


def _take_mail(routes: APIRouter, token: str, site: Site) -> None:
    @routes.post(
        "/v1/webhooks/email/{secret}",
        summary="Take mail that came back: bounces, and what people answer",
        responses=documented(Forged),
    )
    async def post_mail(request: Request, secret: str) -> Response:
        """One message as it came (message/rfc822). One about no email of ours is ignored, as is what can't be read."""
        if not hmac.compare_digest(secret.encode(), token.encode()):
            raise Forged("The address doesn't end in the token of the callbacks.")
        body = await request.body()
        await run_in_threadpool(_take, context(request), body, site)
        return Response(status_code=204)


def _take(env: Context, body: bytes, site: Site) -> None:
    came = message_from_bytes(body, policy=default)
    name, now = sha256(body).hexdigest()[:32], env.clock.now()
    try:
        reports = list(_reports(came))
        bounced = [part for report in reports for part in _ids(report)] or list(_ids(came)) if reports else []
        failure = _failure(reports)
        answered = [] if reports else list(_ids(came))
        text = "" if reports else _text(came)
        key = next((found for each in bounced or answered if (found := key_of(each, site)) is not None), None)
    except (ValueError, LookupError, AttributeError, TypeError):
        return  # a message that only pretends to be one

    def act(work: UnitOfWork) -> None:
        if key is None:
            return
        if reports:
            if failure is not None:
                what = Receipt(f"{name}/failed", "email", "failed", now, key=key, reason=failure)
                take(work, EMAIL, [what], now)
            return
        customer = work.exec(_customer_of(key)).first()
        if customer is not None and is_refusal(text):
            _withdraw(work, f"{name}/withdrawn", customer, "email reply", text, now)
        elif customer is not None and text and not came.get("Auto-Submitted", "no").lower().startswith("auto"):
            take(work, EMAIL, [Receipt(f"{name}/replied", "email", "replied", now, key=key, text=text)], now)

    in_transaction(env.db, act)
    if key is not None and failure is not None:
        count_message("email", "failed", failure)


def _withdraw(work: UnitOfWork, name: str, customer: int, source: str, wording: str | None, now: datetime) -> None:
    data = {"channel": "email", "source": source} | ({"wording": wording[:200]} if wording else {})
    ingest(work, [Incoming(EMAIL, name, "consent.withdrawn", now, data, customer=customer)], now=now)


def _customer_of(key: int) -> SelectOfScalar[int]:
    return select(LedgerMessage.customer_id).where(LedgerMessage.id == key, col(LedgerMessage.channel) == "email")


def _key(name: str, site: Site) -> int:
    key = unsubscribed_key(name, site)
    if key is None:
        raise NotFound("This is no link of ours.")
    return key


def _reports(came: EmailMessage) -> Iterator[Message]:
    """The report of a bounce, in parts; none if it is no bounce."""
    if came.get_content_type() == "multipart/report":
        for part in came.walk():
            if part.get_content_type() in ("message/delivery-status", "text/rfc822-headers", "message/rfc822"):
                yield part


def _ids(part: Message) -> Iterator[str]:
    """The Message-IDs that a part names, its own left out unless it is what was returned."""
    if part.get_content_type() == "message/rfc822":
        for inner in part.get_payload() if isinstance(part.get_payload(), list) else ():
            yield from _ID.findall(str(inner.get("Message-ID", "")))  # type: ignore[union-attr]
    elif part.get_content_type() == "text/rfc822-headers":
        found = re.search(r"^Message-ID:\s*(<[^<>\s]{1,200}>)", str(part.get_payload()), re.MULTILINE | re.IGNORECASE)
        if found:
            yield found[1]
    for header in ("In-Reply-To", "References"):
        yield from reversed(_ID.findall(str(part.get(header, ""))))


def _failure(reports: list[Message]) -> str | None:
    """Why a message bounced for good, by its status; None if it is only late."""
    for part in reports:
        if part.get_content_type() != "message/delivery-status":
            continue
        for fields in part.get_payload() if isinstance(part.get_payload(), list) else ():
            action = str(fields.get("Action", "")).strip().lower()  # type: ignore[union-attr]
            status = _STATUS.search(str(fields.get("Status", "")))  # type: ignore[union-attr]
            if action == "failed" or (status and status[0].startswith("5") and action != "delayed"):
                return f"bounced {status[0]}" if status else "bounced"
    return None


def _text(came: EmailMessage) -> str:
    """What an answer says, without what it quotes."""
    body = came.get_body(("plain",))
    text = str(body.get_content()) if body is not None else ""
    quoted = _QUOTED.search(text)
    return (text[: quoted.start()] if quoted else text).replace("\x00", "").strip()[:_ANSWER]
