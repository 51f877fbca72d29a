"""What every route works with."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, cast
from urllib.parse import quote

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from api.http.batching import MicroBatcher
from api.http.feed import Feed
from api.http.limits import Limits, Rate
from domain.access.tables import ApiKey
from domain.coupons import checkout
from domain.intake.ingest import Incoming
from domain.store.clock import Clock, SystemClock
from domain.store.work import Database
from workflows.plan.model import Plan
from workflows.plan.supply import Decision
from workflows.terms.values import Language


@dataclass(frozen=True)
class Taken:
    """What became of an event, and what is to be said of its identifiers: the kind, and a reason's code.

    `nobody` was named by one that was refused.
    """

    status: Literal["accepted", "duplicate", "unstorable", "busy", "nobody"]
    remarks: Sequence[tuple[str, str]] = ()


Decide = Callable[[int, Decision], Awaitable[None]]
"""Takes a decision about an alarm's replenishment. Raises DecisionRefusedError or UndecidableError."""


class PlayedCase(Protocol):
    """How a case of a journey's tests went; `problem` is why it couldn't be played."""

    @property
    def case(self) -> str: ...
    @property
    def passed(self) -> bool: ...
    @property
    def happened(self) -> Sequence[str]: ...
    @property
    def problem(self) -> str | None: ...


PlayTests = Callable[[Plan, str, Language], Sequence[PlayedCase]]
"""Plays the cases of a text of journey tests, as a plan would."""


VIEWERS = 8_000
"""So many pages of plays a process lets follow; one play has half of them at most."""


class Readiness:
    """Tells of each thing the service needs whether it is there. It is looked up once a second, however many ask."""

    def __init__(self, check: Callable[[], dict[str, bool]]) -> None:
        self._check = check
        self._lock = asyncio.Lock()
        self._seen: dict[str, bool] = {}
        self._again_at = float("-inf")

    async def ask(self) -> dict[str, bool]:
        """By name. Raises what looking raises, and then looks again at the next call."""
        async with self._lock:
            if time.monotonic() >= self._again_at:
                self._seen = await run_in_threadpool(self._check)
                self._again_at = time.monotonic() + 1
            return self._seen


@dataclass(frozen=True)
class Context:
    """Given to the app when it is made.

    `intake` takes events, `keys` finds the keys of secrets, `quotes` and `tills` serve shops, `webhooks` names what
    journeys may call, `wall` times sessions and the audit. Without `signing_key` there are no links for browsers,
    without `decide` no decisions of buyers, without `temporal_ui` no links to runs. With
    `four_eyes`, a second person has to agree before a draft is published; without `play_tests`, no journey that tests
    are kept with is published. `count_workers` asks Temporal who works, and may block.
    """

    db: Database
    clock: Clock
    ready: Readiness
    limits: Limits
    rate: Rate
    intake: MicroBatcher[Incoming, Taken]
    keys: MicroBatcher[str, ApiKey | None]
    quotes: MicroBatcher[checkout.Basket, checkout.Quote]
    tills: MicroBatcher[checkout.Request, checkout.Answer]
    webhooks: Collection[str]
    signing_key: str | None = field(default=None, repr=False)
    decide: Decide | None = None
    feed: Feed = field(default_factory=Feed)
    wall: Clock = field(default_factory=SystemClock)
    temporal_ui: str | None = None
    four_eyes: bool = False
    play_tests: PlayTests | None = None
    count_workers: Callable[[], int | None] | None = None
    viewers: Feed = field(default_factory=lambda: Feed(limit=VIEWERS))

    def run_page(self, journey: str, run: int) -> str | None:
        """The page of a run in Temporal's UI; a run is named after an enrollment."""
        return f"{self.temporal_ui}/workflows/{quote(f'{journey}/{run}', safe='')}" if self.temporal_ui else None


def context(request: Request) -> Context:
    """The context of the app that serves this request."""
    return cast(Context, request.app.state.context)
