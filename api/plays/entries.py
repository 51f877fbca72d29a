"""Entries, from the shop's server by its key or from viewers by their tokens."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from api.http.auth import SECURITY, authorized
from api.http.bodies import described, read_json
from api.http.context import Context, context
from api.http.problems import BodyTooLarge, Forbidden, Invalid, NotFound, TooFast, Unauthorized, Unavailable, documented
from api.http.transactions import in_transaction
from api.plays.bodies import EntryAnswer, NewEntry, NewToken, PlayToken
from domain.customers.identifiers import Ident, IdentifierError, identify
from domain.plays.entering import customer_of, enter
from domain.plays.rounds import Ask, Taken, take
from domain.plays.running import live_play
from domain.plays.tokens import TokenError, make_token, read_token, token_key
from domain.store.work import UnitOfWork

router = APIRouter(tags=["plays"])

_WORDS = {
    "bad_token": "The token isn't one for this play.",
    "expired_token": "The token is over; ask the shop for another.",
}
_EXAMPLE = {"id": "wx-7f3a", "customer": {"unionid": "oWx1"}, "choice": "beans"}


@router.post(
    "/v1/plays/{play}/entries",
    status_code=202,
    summary="Enter a play",
    responses=documented(Unauthorized, Forbidden, NotFound, BodyTooLarge, Invalid, TooFast, Unavailable),
    openapi_extra={**described(NewEntry, _EXAMPLE), "security": SECURITY},
)
async def post_entry(request: Request, play: str) -> EntryAnswer:
    """Takes one entry: a vote, an answer, a guess. A viewer sends a `token` instead of the `customer`, and no key. The
    same `id` of the same customer is the same entry, for ever; who has entered as often as may be, or may not enter, is
    told so with `accepted: false`. On `429` and `503` nothing was taken: send it again.
    """
    await authorized(request, "events.send")
    body = await read_json(request, NewEntry)
    if (body.customer is None) == (body.token is None):
        raise _invalid("customer", "missing", "say who enters: by identifiers, or by a token")
    idents = _idents(body.customer) if body.customer is not None else ()
    return await run_in_threadpool(_enter, context(request), play, body, idents)


@router.post(
    "/v1/plays/{play}/tokens",
    status_code=201,
    summary="Make a viewer's token",
    responses=documented(Unauthorized, Forbidden, NotFound, Invalid, Unavailable),
    openapi_extra={**described(NewToken, {"customer": {"unionid": "oWx1"}, "minutes": 30}), "security": SECURITY},
)
async def post_token(request: Request, play: str) -> PlayToken:
    """For the shop's server, which knows who looks at its page: whoever has the token enters as this customer, for a
    while, and needs no key.
    """
    await authorized(request, "events.send")
    body = await read_json(request, NewToken)
    return await run_in_threadpool(token_for, context(request), play, _idents(body.customer), body.minutes)


def token_for(env: Context, play: str, idents: Sequence[Ident], minutes: int) -> PlayToken:
    """A token for whom the identifiers name. Raises NotFound, and Invalid if that is nobody."""
    now = env.clock.now()

    def act(work: UnitOfWork) -> str:
        if live_play(work, play) is None:
            raise NotFound("There is no play of this name.")
        customer = customer_of(work, idents, now)
        if customer is None:
            raise _invalid("customer", "nobody", "none of its identifiers names anybody")
        return make_token(token_key(work), play, customer, expires_at)

    expires_at = (now + timedelta(minutes=minutes)).replace(microsecond=0)
    return PlayToken(token=in_transaction(env.db, act), expires_at=expires_at)


def _idents(customer: dict[str, Any]) -> tuple[Ident, ...]:
    try:
        idents = identify(None, customer)
    except IdentifierError as error:
        raise _invalid((error.field or "customer").removeprefix("data."), error.reason, str(error)) from None
    if not idents:
        raise _invalid("customer", "missing", "say who enters, by identifiers")
    return idents


def _enter(env: Context, play: str, body: NewEntry, idents: tuple[Ident, ...]) -> EntryAnswer:
    def act(work: UnitOfWork) -> Taken:
        if live_play(work, play) is None:
            raise NotFound("There is no play of this name.")
        now = env.clock.now()
        if body.token is not None:
            customer = customer_by(token_key(work), play, body.token, now)
            return take(work, play, [Ask(body.id, customer, body.choice, now)])[0]
        taken = enter(work, play, idents, body.id, body.choice, now)
        if taken is None:
            raise _invalid("customer", "nobody", "none of its identifiers names anybody")
        return taken

    return answer_of(in_transaction(env.db, act))


def customer_by(key: bytes, play: str, token: str, now: datetime) -> int:
    """Whose token it is. Raises Unauthorized."""
    try:
        return read_token(key, play, token, now.timestamp())
    except TokenError as error:
        raise Unauthorized(_WORDS[str(error)], reason=str(error)) from None


def answer_of(taken: Taken) -> EntryAnswer:
    """What became of an entry, as it is answered."""
    return EntryAnswer(entry=taken.entry, accepted=taken.entry is not None, reason=taken.reason)


def _invalid(field: str, reason: str, detail: str) -> Invalid:
    error: dict[str, Any] = {"field": field, "reason": reason, "detail": detail}
    return Invalid(errors=[error])
