"""What every route works with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from fastapi import Request
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from api.gathering import Gathering
from api.limits import Limits, Rate, Room
from domain.clock import Clock
from domain.ingest import Incoming
from domain.tables import ApiKey


@dataclass(frozen=True)
class Context:
    """Given to the app when it is made. `ready` tells of each thing the service needs whether it is there.

    `intake` takes events, `keys` finds the keys of secrets.
    """

    db: sessionmaker[Session]
    clock: Clock
    ready: Callable[[], dict[str, bool]]
    limits: Limits
    rate: Rate
    room: Room
    intake: Gathering[Incoming, bool | None]
    keys: Gathering[str, ApiKey | None]


def context(request: Request) -> Context:
    """The context of the app that serves this request."""
    return cast(Context, request.app.state.context)
