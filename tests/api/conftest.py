"""The real app on the real database."""

from collections.abc import Callable

import pytest
from calling import Caller

from api.app import create_app
from api.http.limits import Limits
from domain.access.keys import create_key
from domain.store.clock import VirtualClock
from domain.store.work import Database


@pytest.fixture
def call_with(db: Database, clock: VirtualClock) -> Callable[..., Caller]:
    """A caller of an app with these limits and readiness, and a key with these scopes."""

    def make(
        *,
        limits: Limits | None = None,
        scopes: tuple[str, ...] = ("ingest",),
        ready: Callable[[], dict[str, bool]] = lambda: {"postgres": True, "temporal": True},
        webhooks: tuple[str, ...] = (),
    ) -> Caller:
        with db.begin() as session:
            secret = create_key(session, "test", scopes, clock.now())
        return Caller(create_app(db, clock, ready=ready, limits=limits, webhooks=webhooks), secret)

    return make


@pytest.fixture
def caller(call_with: Callable[..., Caller]) -> Caller:
    """A caller with the scope `ingest` and generous limits."""
    return call_with(limits=Limits(events_per_second=1_000_000))
