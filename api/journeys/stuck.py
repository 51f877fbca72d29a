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


class Stuck(BaseModel):
    """The enrollments that are stuck for longest, first."""

    enrollments: list[StuckEnrollment]


class Retried(BaseModel):
    """How many try again."""

    retried: int


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
    """Let up to 1,000 of them try again at once."""
    return await run_in_threadpool(_retry, context(request), caller, journey)


def _list(env: Context, journey: str | None, limit: int) -> Stuck:
    with env.db() as session:
        return Stuck(enrollments=[_stuck(row) for row in stuck.list_stuck(session, journey=journey, limit=limit)])


def _retry(env: Context, caller: Actor, journey: str | None) -> Retried:
    with env.db.begin() as work:
        retried = stuck.retry(work, env.clock.now(), journey=journey)
        target = f"journey:{journey}" if journey else "journeys"
        audit.record(work, caller, "journey.retry", target, env.wall.now(), after={"retried": retried})
        return Retried(retried=retried)


def _stuck(row: Enrollment) -> StuckEnrollment:
    return StuckEnrollment(
        enrollment=row.id, customer=row.customer_id, journey=row.journey, step=row.position,
        defect=row.stuck_on or "", since=row.stuck_since or row.entered_at, attempts=row.attempts, again_at=row.due_at,
    )  # fmt: skip
