"""What every route works with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from fastapi import Request
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from api.intake import Intake
from api.limits import Limits, Rate, Room
from domain.clock import Clock


@dataclass(frozen=True)
class Context:
    """Given to the app when it is made. `ready` tells of each thing the service needs whether it is there."""

    db: sessionmaker[Session]
    clock: Clock
    ready: Callable[[], dict[str, bool]]
    limits: Limits
    rate: Rate
    room: Room
    intake: Intake


def context(request: Request) -> Context:
    """The context of the app that serves this request."""
    return cast(Context, request.app.state.context)
