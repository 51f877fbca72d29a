"""What time it is in journeys: `/v1/clock`."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from api.http.auth import SECURITY, identified
from api.http.context import context
from api.http.problems import Unauthorized, Unavailable, documented
from domain.access.actors import Actor
from domain.published.library import read_library

router = APIRouter(tags=["clock"], responses=documented(Unauthorized, Unavailable))


class JourneyTime(BaseModel):
    """An instant, and the day that it lies in by the zone of the business."""

    now: datetime
    today: date
    zone: str


@router.get("/v1/clock", summary="Read journey time", openapi_extra={"security": SECURITY})
def get_clock(request: Request, _: Annotated[Actor, Depends(identified)]) -> JourneyTime:
    """Real time, but in a demo, whose days pass in minutes."""
    env = context(request)
    with env.db() as session:
        zone = read_library(session).policy_zone
    now = env.clock.now()
    return JourneyTime(now=now, today=now.astimezone(zone).date(), zone=zone.key)
