"""The one door in: `POST /v1/events`."""

import logging
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import DataError, OperationalError
from starlette.concurrency import run_in_threadpool

from api.events import examples
from api.events.cloudevents import Envelope, unpack
from api.http.auth import SECURITY, authorized
from api.http.chinese import details_in_chinese, is_chinese_wanted
from api.http.context import Taken, context
from api.http.metrics import EVENTS
from api.http.problems import (
    BodyTooLarge,
    Forbidden,
    Invalid,
    TooFast,
    TooManyEvents,
    Unauthorized,
    Unavailable,
    UnsupportedMediaType,
    documented,
)
from api.http.transactions import in_transaction
from domain.catalogue import types
from domain.catalogue.strictjson import Flaw
from domain.customers.resolution import is_locked_out
from domain.identity.arriving import Remarks
from domain.intake.ingest import Incoming, held_up, in_trace, ingest
from domain.intake.reading import Item
from domain.store.clock import Clock
from domain.store.work import Database, UnitOfWork

router = APIRouter(tags=["events"])
logger = logging.getLogger(__name__)

CHUNK = 500
"""Events that are taken in one transaction."""

PATIENCE = 0.05
"""Seconds that events wait for the transaction under way, to be taken together after it rather than beside it."""

_SMALL = 10_000
"""Bytes of a body that is read where it came in; a larger one would let the other requests wait."""

_BUSY = Flaw("id", "busy", "another change to its customer takes long; send it again")
_UNSTORABLE = Flaw("data", "unstorable", "the database can't hold a value in it")
_NOBODY = Flaw("data.customer", "nobody", "none of its identifiers names anybody: _identity.yaml lists them in `never`")
_REFUSED = {"unstorable": (_UNSTORABLE,), "busy": (_BUSY,), "nobody": (_NOBODY,)}
REMARKS = {
    "never": "it names nobody: _identity.yaml lists it in `never`, and it was left aside",
    "each": "a person has no more of this kind, so it is not taken for this customer's",
    "asks": "another customer has it, and it doesn't join them by itself; a person decides",
    "too_many": "one person with so many identifiers is not to be; a person decides",
    "apart": "it names a customer who was told apart from this one; a person decides",
}
"""Why an identifier doesn't name the customer of the event's others, in words."""


@router.post(
    "/v1/events",
    status_code=202,
    summary="Send events",
    responses=examples.ANSWERS
    | documented(
        Unauthorized, Forbidden, BodyTooLarge, TooManyEvents, UnsupportedMediaType, Invalid, TooFast, Unavailable
    ),
    openapi_extra={"requestBody": examples.REQUEST, "security": SECURITY},
)
async def post_events(request: Request) -> Response:
    """Takes one event or a batch. The same `source` and `id` twice is one event, for ever.

    Every event is taken or refused by itself, and `results` tells of each, in the order sent: `accepted`, `duplicate`
    or `rejected` with the `field`, a stable `reason` and the `detail` in words (`errors` lists them if there are
    several). An optional field that is wrong is set aside, and told in `warnings`. One that is rejected as `busy` is to
    be sent again: its customer was held by another change. A request of which nothing could be taken is answered `422`.
    On `429` none of it was taken; on `503` send all of it again, what had been taken is then a duplicate.
    """
    caller = await authorized(request, "events.send")
    env = context(request)
    env.rate.check(caller.reference)
    envelope = Envelope.of(request.headers)
    body = await request.body()
    try:
        if envelope.is_compressed:
            body = await run_in_threadpool(unpack, body, env.limits.max_body_bytes)
            request.state.unpack(len(body))
        opening = partial(envelope.open, body, env.clock.now(), env.limits.max_batch)
        items = opening() if len(body) < _SMALL else await run_in_threadpool(opening)
    except (BodyTooLarge, Invalid, TooManyEvents):
        env.rate.charge(caller.reference, 1)
        raise
    env.rate.charge(caller.reference, len(items))
    outcomes = await env.intake.ask(in_trace([item.incoming for item in items if item.incoming is not None]))
    return _answer(_results(items, outcomes), chinese=is_chinese_wanted(request.headers.get("accept-language", "")))


def _results(items: Sequence[Item], intake_outcomes: Sequence[Taken]) -> list[dict[str, Any]]:
    outcomes = iter(intake_outcomes)
    results = []
    seen: Counter[tuple[str, str]] = Counter()
    for index, item in enumerate(items):
        status, flaws, label = "rejected", item.flaws, "other"
        warnings: Sequence[Flaw] = item.warnings
        if item.incoming is not None:
            outcome = next(outcomes)
            flaws = _REFUSED.get(outcome.status, ())
            status = "rejected" if flaws else outcome.status
            remarks = () if flaws else outcome.remarks
            told = [Flaw(item.place_of(kind), reason, REMARKS[reason]) for kind, reason in remarks]
            warnings = [*item.warnings, *told]
            label = item.incoming.type if item.incoming.type in types.CATALOGUE else "other"
        seen[label, status] += 1
        results.append(_result(index, item.id, status, flaws, warnings))
    for labels, count in seen.items():
        EVENTS.labels(*labels).inc(count)
    return results


def store(db: Database, clock: Clock, chunk: Sequence[Incoming]) -> list[Taken]:
    """Take a chunk in one transaction. Events of customers whom another one holds for long are set aside, as `busy`.

    Raises OperationalError if the wait was for anything else.
    """
    try:
        return in_transaction(db, lambda work: _take(work, chunk, clock))
    except DataError:
        if len(chunk) == 1:
            logger.warning("an event could not be stored")
            return [Taken("unstorable")]
        return [results for item in chunk for results in store(db, clock, [item])]
    except OperationalError as error:
        if not is_locked_out(error):
            raise
        with db.begin() as work:
            busy = held_up(work, chunk)
        if not any(busy):
            raise
        others = [event for event, is_busy in zip(chunk, busy, strict=True) if not is_busy]
        results = iter(store(db, clock, others) if others else ())
        return [Taken("busy") if is_busy else next(results) for is_busy in busy]


def _take(work: UnitOfWork, chunk: Sequence[Incoming], clock: Clock) -> list[Taken]:
    remarks: Remarks = {}
    taken = []
    for event, is_new in zip(chunk, ingest(work, chunk, now=clock.now(), remarks=remarks), strict=True):
        told = remarks.get(event.key, ())
        is_nobody = any(reason == "nobody" for _, reason in told)
        taken.append(Taken("nobody" if is_nobody else "accepted" if is_new else "duplicate", told if is_new else ()))
    return taken


def _result(index: int, id: str | None, status: str, flaws: Sequence[Flaw], warnings: Sequence[Flaw]) -> dict[str, Any]:
    result: dict[str, Any] = {"index": index, "id": id, "status": status}
    if warnings:
        result["warnings"] = [vars(flaw) for flaw in warnings]
    errors = [vars(flaw) for flaw in flaws]
    if errors:
        result |= errors[0]
    if len(errors) > 1:
        result["errors"] = errors
    return result


def _answer(results: list[dict[str, Any]], *, chinese: bool) -> JSONResponse:
    counts = Counter(result["status"] for result in results)
    if results and all(result.get("reason") == _BUSY.reason for result in results):
        raise Unavailable(_BUSY.detail, headers={"Retry-After": "2"})
    if results and counts["rejected"] == len(results):
        errors = [
            {"index": result["index"], "id": result["id"]} | error
            for result in results
            for error in result.get("errors") or [{name: result[name] for name in ("field", "reason", "detail")}]
        ]
        raise Invalid(errors=errors)
    told = details_in_chinese(results) if chinese else results
    body = {"accepted": counts["accepted"], "duplicates": counts["duplicate"], "results": told}
    headers = {"Content-Language": "zh"} if chinese else None
    return JSONResponse(body, 207 if counts["rejected"] else 202, headers)
