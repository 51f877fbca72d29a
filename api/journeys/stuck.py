"""Enrollments that a defect has put off: `/v1/stuck`."""

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
from domain.journeys import stuck
from domain.journeys.tables import Enrollment
from domain.store import outbox
from domain.store.tables import Outbox

router = APIRouter(tags=["stuck"], responses=documented(Unauthorized, Forbidden, Invalid, Unavailable))

Journey = Annotated[str | None, Query(max_length=64, description="only those of this journey")]


class StuckEnrollment(BaseModel):
    """An enrollment, the defect that put it off, and when it is tried again. `step` is null at the journey's end."""

    enrollment: int
    customer: int
    journey: str
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


@router.post("/v1/stuck/retry")
async def post_retry(
    request: Request, caller: Annotated[Actor, Depends(require("journeys.run"))], journey: Journey = None
) -> Retried:
    """Let up to 1,000 of them try again at once; and, unless a journey is named, all notices that were given up."""
    return await run_in_threadpool(_retry, context(request), caller, journey)


def _list(env: Context, journey: str | None, limit: int) -> Stuck:
    with env.db() as session:
        return Stuck(
            enrollments=[_stuck(row) for row in stuck.list_stuck(session, journey=journey, limit=limit)],
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


def _stuck(row: Enrollment) -> StuckEnrollment:
    return StuckEnrollment(
        enrollment=row.id, customer=row.customer_id, journey=row.journey, step=row.position,
        defect=row.stuck_on or "", since=row.stuck_since or row.entered_at, attempts=row.attempts, again_at=row.due_at,
    )  # fmt: skip


def _notice(row: Outbox) -> StuckNotice:
    assert row.given_up_at is not None
    return StuckNotice(
        id=row.id, kind=row.kind, about=row.payload or {}, problem=row.problem or "", attempts=row.attempts,
        given_up_at=row.given_up_at,
    )  # fmt: skip
