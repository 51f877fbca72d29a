"""`/v1/streams`: shows that are planned, running and over; planned ones are moved and called off."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from calling import Caller
from shop import Shop

from domain.access.tables import AuditEntry
from domain.intake.tables import Event
from domain.stock.tables import Stream
from domain.store.clock import VirtualClock
from domain.store.work import Database

HOUR = timedelta(hours=1)


@pytest.fixture
def shop(db: Database, clock: VirtualClock) -> Shop:
    """A show of each state, as it is named."""
    shop = Shop(db, clock)
    now = clock.now()
    shop.post("stream.started", time=now - 5 * HOUR, stream_id="ended")
    shop.post("stream.ended", time=now - 2 * HOUR, stream_id="ended")
    shop.post("stream.started", time=now - 20 * HOUR, stream_id="left")
    for name in ("planned", "cancelled"):
        shop.post("stream.scheduled", stream_id=name, title=name, starts_at=(now + 3 * HOUR).isoformat())
    shop.post("stream.cancelled", stream_id="cancelled")
    shop.post("stream.started", time=now - HOUR, stream_id="running")
    items = [{"sku": "egg", "quantity": 2, "price": 100}]
    shop.post("order.paid", "li", order_id="o", total=200, stream_id="running", items=items)
    return shop


@pytest.fixture
def caller(call_with: Callable[..., Caller]) -> Caller:
    return call_with(scopes=("read", "streams.plan"))


def listed(caller: Caller, query: str = "") -> list[tuple[str, str]]:
    return [(each["stream_id"], each["state"]) for each in caller.get(f"/v1/streams?{query}").json()["shows"]]


def stream(shop: Shop, name: str) -> Any:
    return next(each for each in shop.rows(Stream) if each.stream_id == name)


@pytest.mark.usefixtures("shop")
def test_shows_are_listed_and_found_by_their_state(caller: Caller) -> None:
    everything = [
        ("planned", "planned"), ("cancelled", "cancelled"), ("running", "running"), ("ended", "ended"),
        ("left", "ended"),
    ]  # fmt: skip
    assert listed(caller) == everything
    for state in ("planned", "running", "ended", "cancelled"):
        assert listed(caller, f"state={state}") == [each for each in everything if each[1] == state]
    running = caller.get("/v1/streams?state=running").json()["shows"][0]
    assert (running["units"], running["products"], running["alarms"]) == (2, 1, 0)
    assert caller.get("/v1/streams/running").json() == running
    assert caller.get("/v1/streams/none").status_code == 404
    seen, after = [], ""
    for _ in everything:
        page = caller.get("/v1/streams", params={"limit": 1, "after": after}).json()
        seen += [each["stream_id"] for each in page["shows"]]
        after = page["next"] or ""
    assert seen == [name for name, _ in everything]
    assert after == ""


def test_a_show_is_planned_moved_and_called_off(shop: Shop, caller: Caller) -> None:
    at = shop.clock.now() + 24 * HOUR
    body = {"stream_id": "new", "title": "春茶", "city": "杭州", "starts_at": at.isoformat()}
    assert caller.post("/v1/streams", json=body).json()["state"] == "planned"
    assert caller.post("/v1/streams", json=body).status_code == 409
    moved = caller.post("/v1/streams/new/move", json={"starts_at": (at + HOUR).isoformat()}).json()
    assert datetime.fromisoformat(moved["starts_at"]) == at + HOUR
    assert (stream(shop, "new").title, stream(shop, "new").city) == ("春茶", "杭州")
    for _ in range(2):
        assert caller.post("/v1/streams/new/cancel").json()["state"] == "cancelled"
    assert caller.post("/v1/streams/new/move", json={"starts_at": at.isoformat()}).json()["state"] == "planned"
    types = [each.type for each in shop.rows(Event) if each.source == "shows"]
    assert types == ["stream.scheduled", "stream.scheduled", "stream.cancelled", "stream.scheduled"]
    entries = [each.action for each in shop.rows(AuditEntry)]
    assert entries == ["stream.plan", "stream.move", "stream.cancel", "stream.move"]


@pytest.mark.parametrize("name", ["running", "ended", "left"])
def test_what_has_begun_stays(shop: Shop, caller: Caller, name: str) -> None:
    at = (shop.clock.now() + HOUR).isoformat()
    assert caller.post(f"/v1/streams/{name}/move", json={"starts_at": at}).status_code == 409
    assert caller.post(f"/v1/streams/{name}/cancel").status_code == 409
    assert stream(shop, name).cancelled_at is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"starts_at": "2020-01-01T00:00:00Z"},
        {"starts_at": "2999-01-01T00:00:00Z"},
        {"starts_at": "2026-03-05T20:00:00"},
        {"starts_at": "tomorrow"},
        {},
    ],
)
@pytest.mark.usefixtures("shop")
def test_a_time_that_cant_be_is_told(caller: Caller, wrong: dict[str, str]) -> None:
    answer = caller.post("/v1/streams/planned/move", json=wrong)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "starts_at")
    assert caller.post("/v1/streams", json={"stream_id": "x"} | wrong).status_code == 422


def test_what_isnt_there_is_not_found(shop: Shop, caller: Caller) -> None:
    at = (shop.clock.now() + HOUR).isoformat()
    assert caller.post("/v1/streams/none/move", json={"starts_at": at}).status_code == 404
    assert caller.post("/v1/streams/none/cancel").status_code == 404
