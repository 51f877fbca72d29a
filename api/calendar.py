"""The year: which journeys fire on which day, festivals, days of rest, shows. `/v1/calendar`."""

from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from api.http.auth import require
from api.http.context import context
from api.http.problems import Forbidden, Invalid, Unauthorized, Unavailable, documented
from domain.access.actors import Actor
from domain.intake.planned import planned
from domain.published.library import read_library
from domain.stock.shows import ShowState, state_of
from workflows.terms.values import Language, local_day

router = APIRouter(tags=["calendar"], responses=documented(Unauthorized, Forbidden, Invalid, Unavailable))

MOST_DAYS = 400
YEAR = timedelta(days=364)


class PlannedFiring(BaseModel):
    """A journey that begins, by its schedule or with the show `stream_id`; a `paused` one begins for nobody.

    `customers` is how many are in the segment that it is for, at its last count; null where that isn't known.
    """

    journey: str
    title: str
    at: datetime
    words: str
    customers: int | None
    paused: bool
    stream_id: str | None


class PlannedShow(BaseModel):
    stream_id: str
    title: str | None
    city: str | None
    state: ShowState
    starts_at: datetime


class PlannedDate(BaseModel):
    """A day in the policy's time zone, and what is planned for it."""

    day: date
    rest: bool = Field(description="a weekend or a holiday, as the state has moved them")
    holiday: str | None = Field(description="what the Chinese calendar of holidays calls it")
    festivals: list[str] = Field(description="those that begin, as schedules name them")
    own: list[str] = Field(description="names of `_calendar.yaml`")
    firings: list[PlannedFiring]
    shows: list[PlannedShow]


@router.get("/v1/calendar", summary="See what will be sent when")
def get_calendar(
    request: Request,
    _: Annotated[Actor, Depends(require("journeys.read"))],
    first: Annotated[date | None, Query(alias="from", description="today, if it isn't given")] = None,
    last: Annotated[date | None, Query(alias="to", description="included; a year, if it isn't given")] = None,
    lang: Annotated[Language, Query(description="of the words")] = "zh",
) -> list[PlannedDate]:
    """As it stands now: schedules of live journeys, festivals and days of the shop's own, shows. 400 days at most."""
    env = context(request)
    now = env.clock.now()
    with env.db() as session:
        library = read_library(session)
        begin = first or local_day(now, library.policy_zone)
        end = last or begin + min(YEAR, date.max - begin)
        if not 1 <= (end - begin).days + 1 <= MOST_DAYS or not 2000 <= begin.year <= end.year <= 2100:
            detail = f"from `from` to `to` there are 1 to {MOST_DAYS} days, between 2000 and 2100"
            raise Invalid(errors=[{"field": "to", "reason": "out_of_range", "detail": detail}])
        return [
            PlannedDate(
                day=each.day, rest=each.rest, holiday=each.holiday, festivals=each.festivals, own=each.own,
                firings=[PlannedFiring(**vars(firing)) for firing in each.firings],
                shows=[
                    PlannedShow(
                        stream_id=show.stream_id, title=show.title, city=show.city, starts_at=show.starts_at,
                        state=state_of(show, now),
                    )
                    for show in each.shows
                ],
            )
            for each in planned(session, library, begin, end, now, lang)
        ]  # fmt: skip
