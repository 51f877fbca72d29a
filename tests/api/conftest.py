"""The real app on the real database, called without a socket."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from api.app import create_app
from api.limits import Limits
from domain.clock import VirtualClock
from domain.keys import create_key


@dataclass
class Caller:
    """Calls an app with a key."""

    app: FastAPI
    secret: str

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = options.pop("raw_headers", None)
        if headers is None:
            headers = httpx.Headers({"authorization": f"Bearer {self.secret}"})
            headers.update(options.pop("headers", {}))

        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.request(method, path, headers=headers, **options)

        return asyncio.run(call())

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str = "/v1/events", **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)


@pytest.fixture
def call_with(db: sessionmaker[Session], clock: VirtualClock) -> Callable[..., Caller]:
    """A caller of an app with these limits and readiness, and a key with these scopes."""

    def make(
        *,
        limits: Limits | None = None,
        scopes: tuple[str, ...] = ("ingest",),
        ready: Callable[[], dict[str, bool]] = lambda: {"postgres": True, "temporal": True},
    ) -> Caller:
        with db.begin() as session:
            secret = create_key(session, "test", scopes, clock.now())
        return Caller(create_app(db, clock, ready=ready, limits=limits), secret)

    return make


@pytest.fixture
def caller(call_with: Callable[..., Caller]) -> Caller:
    """A caller with the scope `ingest` and generous limits."""
    return call_with(limits=Limits(events_per_second=1_000_000))
