"""What every route works with."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import Literal, cast

from fastapi import Request
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from api.feed import Feed
from api.gathering import Gathering
from api.limits import Limits, Rate, Room
from domain import redeeming
from domain.clock import Clock
from domain.ingest import Incoming
from domain.tables import ApiKey
from workflows.supply import Decision

Taken = Literal["accepted", "duplicate", "unstorable", "busy"]
"""What became of an event."""

Decide = Callable[[int, Decision], Awaitable[None]]
"""Takes a decision about an alarm's replenishment. Raises DecisionRefusedError or UndecidableError."""


@dataclass(frozen=True)
class Context:
    """Given to the app when it is made. `ready` tells of each thing the service needs whether it is there.

    `intake` takes events, `keys` finds the keys of secrets, `quotes` and `tills` serve shops, `webhooks` names what
    journeys may call. Without `signing_key` there are no links for browsers, without `decide` no decisions of buyers.
    """

    db: sessionmaker[Session]
    clock: Clock
    ready: Callable[[], dict[str, bool]]
    limits: Limits
    rate: Rate
    room: Room
    intake: Gathering[Incoming, Taken]
    keys: Gathering[str, ApiKey | None]
    quotes: Gathering[redeeming.Basket, redeeming.Quote]
    tills: Gathering[redeeming.Ask, redeeming.Held | redeeming.Returned | redeeming.UnmetError]
    webhooks: Collection[str]
    signing_key: str | None = field(default=None, repr=False)
    decide: Decide | None = None
    feed: Feed = field(default_factory=Feed)


def context(request: Request) -> Context:
    """The context of the app that serves this request."""
    return cast(Context, request.app.state.context)
