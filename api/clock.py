"""What time it is in journeys: `/v1/clock`."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from api.http.auth import SECURITY, identified
from api.http.context import context
from api.http.problems import Unauthorized, Unavailable, documented
from domain.access.actors import Actor

router = APIRouter(tags=["clock"], responses=documented(Unauthorized, Unavailable))


class JourneyTime(BaseModel):
    """An instant."""

    now: datetime


@router.get("/v1/clock", summary="Read journey time", openapi_extra={"security": SECURITY})
def get_clock(request: Request, _: Annotated[Actor, Depends(identified)]) -> JourneyTime:
    """Real time, but in a demo, whose days pass in minutes."""
    return JourneyTime(now=context(request).clock.now())
