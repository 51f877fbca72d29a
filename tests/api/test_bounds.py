"""What a request may be: route by route, who calls is known before a body is read, and no body is without bounds."""

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from api import links
from api.app import create_app
from api.http.limits import Limits
from api.receivers import approved_sms, mail, twilio, wechat, wecom
from api.tracking.routes import SNOWPLOW
from api.tracking.segment import CALLS
from domain.access.keys import create_key
from domain.customers.tables import Customer
from domain.store.clock import VirtualClock
from domain.store.work import Database
from domain.texts.links import Site

SITE = Site("https://shop.example", b"k" * 32)
KEY = base64.b64decode("A" * 43 + "=")
LIMITS = Limits(max_body_bytes=8_000, max_stranger_bytes=2_000, max_held_bytes=40_000, body_seconds=30)
CHUNK = 500
STRANGERS = {
    "/preferences/{token}", "/v1/session", "/v1/session/link", "/v1/plays/{play}/entries",
    "/v1/plays/{play}/tokens/wechat", SNOWPLOW,
    *(f"/v1/{call}" for call in CALLS),
}  # fmt: skip
"""Where who calls is told in the body."""


def app_of(db: Database, clock: VirtualClock, limits: Limits = LIMITS) -> FastAPI:
    """The app with every route that there is."""
    receivers = [
        links.router(SITE),
        twilio.router("token", "https://shop.example"),
        approved_sms.aliyun("another-token-of-ours"),
        approved_sms.tencent("another-token-of-ours"),
        wecom.router(wecom.Callback("corp", "token", KEY)),
        wechat.router(wechat.Callback("app", "token", KEY)),
        wechat.router(wechat.Callback("app", "token", KEY, wechat.MINI)),
        mail.router("another-token-of-ours", SITE),
    ]
    return create_app(db, clock, ready=dict, limits=limits, receivers=receivers, signing_key="k" * 32)


def api_routes(app: FastAPI) -> list[APIRoute]:
    routers = [app.router, *(route.original_router for route in app.routes if hasattr(route, "original_router"))]
    return [route for router in routers for route in router.routes if isinstance(route, APIRoute)]


def routes(app: FastAPI) -> list[tuple[str, str]]:
    """Every route's method and path."""
    return [(method, route.path) for route in api_routes(app) for method in sorted(route.methods)]


def path_of(template: str) -> str:
    values = {"token": SITE.sign("preferences", "1.99999"), "name": "gift", "code": "ABC"}
    parts = template.replace("{id:path}", "1").replace("{id}", "1")
    for name, value in values.items():
        parts = parts.replace(f"{{{name}}}", value)
    query = "?timestamp=1&nonce=n&msg_signature=x&signature=x" if "/webhooks/we" in parts else ""
    return parts + query


class Body:
    """A body that is sent in parts; `sent` counts what was taken of it."""

    def __init__(self, parts: int) -> None:
        self.parts = parts
        self.sent = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self.parts):
            self.sent += CHUNK
            yield b" " * CHUNK


async def call(app: FastAPI, method: str, template: str, body: Any, key: str | None) -> httpx.Response:
    headers = {"content-type": "application/x-www-form-urlencoded" if "twilio" in template else "application/json"}
    if key:
        headers["authorization"] = f"Bearer {key}"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.request(method, path_of(template), headers=headers, content=body)


@pytest.fixture
def app(db: Database, clock: VirtualClock) -> FastAPI:
    with db.begin() as session:
        session.add(Customer(id=1, created_at=clock.now()))
    return app_of(db, clock)


@pytest.fixture
def key(db: Database, clock: VirtualClock) -> str:
    with db.begin() as session:
        return create_key(session, "all", ["ingest", "read", "admin"], clock.now())


def test_every_route_is_looked_at(app: FastAPI) -> None:
    assert {path for _, path in routes(app)} >= {"/v1/events", "/v1/messages/{id}/settle", "/preferences/{token}"}
    assert len(list(routes(app))) > 30


def test_no_route_has_its_body_read_before_it_is_called(app: FastAPI) -> None:
    """What the framework reads by itself, it reads before it asks who calls."""
    assert [route.path for route in api_routes(app) if route.body_field is not None] == []


def test_without_a_key_nothing_is_read_but_what_strangers_may_send(app: FastAPI) -> None:
    async def run() -> None:
        for method, path in routes(app):
            body = Body(40)
            answer = await call(app, method, path, body, None)
            assert answer.status_code < 500 or path == "/readyz", (method, path, answer.status_code)
            public = "/webhooks/" in path or path in STRANGERS
            assert body.sent <= (LIMITS.max_stranger_bytes + CHUNK if public else 0), (method, path)

    asyncio.run(run())


def test_with_a_key_no_body_is_larger_than_the_bound(app: FastAPI, key: str) -> None:
    async def run() -> list[str]:
        refused = []
        for method, path in routes(app):
            body = Body(40)
            answer = await call(app, method, path, body, key)
            assert body.sent <= LIMITS.max_body_bytes + CHUNK, (method, path)
            assert body.sent == 0 or answer.status_code == 413, (method, path, answer.status_code)
            refused += [path] if body.sent else []
        return refused

    assert "/v1/events" in asyncio.run(run())


def test_a_body_must_have_come_in_time(db: Database, clock: VirtualClock, key: str) -> None:
    hurried = app_of(db, clock, Limits(body_seconds=0.01))

    async def endless() -> AsyncIterator[bytes]:
        yield b"["
        await asyncio.Event().wait()

    async def run() -> list[str]:
        late = []
        for method, path in routes(hurried):
            whole = Body(1)
            await call(hurried, method, path, whole, key)
            if whole.sent:
                answer = await asyncio.wait_for(call(hurried, method, path, endless(), key), 30)
                assert (answer.status_code, answer.headers["connection"]) == (408, "close"), (method, path)
                late.append(path)
        return late

    assert "/v1/events" in asyncio.run(run())


def test_the_unfinished_bodies_of_one_key_leave_room_for_others(
    app: FastAPI, key: str, db: Database, clock: VirtualClock
) -> None:
    with db.begin() as session:
        other = create_key(session, "other", ["ingest"], clock.now())
    event = b'{"id": "1", "source": "test", "type": "lot.sold_out", "data": {"lot_id": "l1"}}'

    async def run() -> None:
        release, statuses = asyncio.Event(), []

        async def stalled() -> AsyncIterator[bytes]:
            yield b" " * 1000
            await release.wait()

        async def stall() -> None:
            statuses.append((await call(app, "POST", "/v1/events", stalled(), key)).status_code)

        stalling = [asyncio.create_task(stall()) for _ in range(60)]
        while len(statuses) < 50:
            await asyncio.sleep(0.01)
        assert set(statuses) == {503}
        assert (await call(app, "POST", "/v1/events", event, other)).status_code == 202
        release.set()
        await asyncio.gather(*stalling)
        assert (await call(app, "POST", "/v1/events", event, key)).status_code == 202

    asyncio.run(asyncio.wait_for(run(), 60))
