"""Enrollments that don't go on now: put off by a defect, `/v1/stuck`, or with a message that is held, `/v1/held`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.context import Context, context
from api.http.problems import Forbidden, Invalid, Unauthorized, Unavailable, documented
from domain.access import audit
from domain.access.actors import Actor
from domain.identity.describing import names_of
from domain.journeys import stuck
from domain.journeys.tables import Enrollment
from domain.published.library import Library, read_library
from domain.store import outbox
from domain.store.tables import Outbox

router = APIRouter(tags=["stuck"], responses=documented(Unauthorized, Forbidden, Invalid, Unavailable))

Journey = Annotated[str | None, Query(max_length=64, description="only those of this journey")]


class StuckEnrollment(BaseModel):
    """An enrollment, the defect that put it off, and when it is tried again. `step` is null at the journey's end.

    `name` is the customer's, `title` the journey's.
    """

    enrollment: int
    customer: int
    name: str | None
    journey: str
    title: str
    step: str | None
    defect: str
    since: datetime
    attempts: int
    again_at: datetime | None


class StuckNotice(BaseModel):
    """What Temporal was to be told, what it is about, and the problem because of which that was given up."""

    id: int
    kind: str
    about: dict[str, int | str]
    problem: str
    attempts: int
    given_up_at: datetime


class HeldMessage(BaseModel):
    """A message that waits until it may be sent: `name` is the customer's, `title` the journey's.

    `until` is when it is tried again; null while a pause of the journey holds it.
    """

    enrollment: int
    customer: int
    name: str | None
    journey: str
    title: str
    step: str | None
    until: datetime | None


class HeldMessages(BaseModel):
    """A page, in the order in which they entered. `next` is what to give as `after` for the following one."""

    messages: list[HeldMessage]
    next: int | None


class Stuck(BaseModel):
    """The enrollments that are stuck for longest, first; and, unless a journey was named, the notices given up."""

    enrollments: list[StuckEnrollment]
    notices: list[StuckNotice]


class Retried(BaseModel):
    """How many enrollments try again, and how many notices."""

    retried: int
    notices: int


@router.get("/v1/stuck")
async def get_stuck(
    request: Request,
    _: Annotated[Actor, Depends(require("journeys.read"))],
    journey: Journey = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Stuck:
    """Whom a defect has put off."""
    return await run_in_threadpool(_list, context(request), journey, limit)


@router.get("/v1/held", summary="List messages that wait until they may be sent")
def get_held(
    request: Request,
    _: Annotated[Actor, Depends(require("messages.read"))],
    after: Annotated[int, Query(ge=0, le=2**63 - 1, description="`next` of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=200, description="of a page, at most")] = 50,
) -> HeldMessages:
    """Quiet hours or a pause of the journey hold a message; it is tried again when that ends."""
    with context(request).db() as session:
        rows = stuck.list_held(session, after=after, limit=limit + 1)
        names, library = names_of(session, {row.customer_id for row in rows}), read_library(session)
    shown = [
        HeldMessage(
            enrollment=row.id, customer=row.customer_id, name=names.get(row.customer_id), journey=row.journey,
            title=library.title(row.journey), step=row.position, until=row.due_at,
        )
        for row in rows[:limit]
    ]  # fmt: skip
    return HeldMessages(messages=shown, next=shown[-1].enrollment if len(rows) > limit else None)


@router.post("/v1/stuck/retry")
async def post_retry(
    request: Request, caller: Annotated[Actor, Depends(require("journeys.run"))], journey: Journey = None
) -> Retried:
    """Let up to 1,000 of them try again at once; and, unless a journey is named, all notices that were given up."""
    return await run_in_threadpool(_retry, context(request), caller, journey)


def _list(env: Context, journey: str | None, limit: int) -> Stuck:
    with env.db() as session:
        rows = stuck.list_stuck(session, journey=journey, limit=limit)
        names, library = names_of(session, {row.customer_id for row in rows}), read_library(session)
        return Stuck(
            enrollments=[_stuck(row, names, library) for row in rows],
            notices=[] if journey else [_notice(row) for row in outbox.list_given_up(session, limit)],
        )


def _retry(env: Context, caller: Actor, journey: str | None) -> Retried:
    with env.db.begin() as work:
        retried = stuck.retry(work, env.clock.now(), journey=journey)
        notices = 0 if journey else outbox.tell_again(work)
        target = f"journey:{journey}" if journey else "journeys"
        after = {"retried": retried, "notices": notices}
        audit.record(work, caller, "journey.retry", target, env.wall.now(), after=after)
        return Retried(retried=retried, notices=notices)


def _stuck(row: Enrollment, names: Mapping[int, str | None], library: Library) -> StuckEnrollment:
    return StuckEnrollment(
        enrollment=row.id, customer=row.customer_id, name=names.get(row.customer_id), journey=row.journey,
        title=library.title(row.journey), step=row.position,
        defect=row.stuck_on or "", since=row.stuck_since or row.entered_at, attempts=row.attempts, again_at=row.due_at,
    )  # fmt: skip


def _notice(row: Outbox) -> StuckNotice:
    assert row.given_up_at is not None
    return StuckNotice(
        id=row.id, kind=row.kind, about=row.payload or {}, problem=row.problem or "", attempts=row.attempts,
        given_up_at=row.given_up_at,
    )  # fmt: skip
