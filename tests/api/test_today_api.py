"""`/v1/today`: what needs somebody, as far as the caller may see it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from calling import Caller
from shop import Shop
from sqlmodel import update

from domain.channels.tables import ProviderAccount
from domain.journeys.tables import Enrollment, Todo
from domain.stock.tables import Replenishment
from domain.store.clock import VirtualClock
from domain.store.work import Database

SPEC = """
    journey: welcome
    trigger: {event: order.paid}
    entry: {again: always}
    goal: {event: order.delivered, within: 3d}
    steps: [{wait: 3d}]
"""


@pytest.fixture
def shop(db: Database, clock: VirtualClock) -> Shop:
    shop = Shop(db, clock)
    shop.publish(SPEC)
    return shop


def test_an_empty_shop_has_nothing_to_do(call_with: Callable[..., Caller]) -> None:
    today = call_with(scopes=("read",)).get("/v1/today").json()
    assert (today["show"], today["alarms"], today["replenishments"], today["stuck"]) == (None, [], 0, 0)


def test_what_one_may_not_see_is_not_told(call_with: Callable[..., Caller]) -> None:
    assert set(call_with(scopes=("ingest",)).get("/v1/today").json().values()) == {None}
    some = call_with(scopes=("streams.read",)).get("/v1/today").json()
    assert (some["alarms"], some["stuck"]) == ([], None)


def test_what_came_of_the_last_show(shop: Shop, call_with: Callable[..., Caller]) -> None:
    shop.post("stream.started", stream_id="s1", title="周一")
    shop.clock.set(shop.clock.now() + timedelta(minutes=5))
    for name in ("li", "wang"):
        items = [{"sku": "egg", "quantity": 2, "price": 100}]
        shop.post("order.paid", name, order_id=name, total=200, stream_id="s1", items=items)
    shop.post("order.delivered", "li", order_id="li")
    show = call_with(scopes=("read",)).get("/v1/today").json()["show"]
    assert (show["title"], show["units"], show["products"]) == ("周一", 4, 1)
    assert (show["entered"], show["sent"], show["goals"]) == (2, 0, 1)
    assert call_with(scopes=("streams.read",)).get("/v1/today").json()["show"]["entered"] is None
    (journey,) = call_with(scopes=("read",)).get("/v1/journeys").json()
    assert [(each["day"], each["entered"], each["sent"], each["goals"]) for each in journey["days"][-2:]] == [
        ("2026-03-01", 0, 0, 0), ("2026-03-02", 2, 0, 1),
    ]  # fmt: skip
    assert len(journey["days"]) == 7


def test_what_needs_somebody_is_counted(shop: Shop, call_with: Callable[..., Caller]) -> None:
    shop.post("order.paid", "li", order_id="o", total=1)
    now = shop.clock.now()
    with shop.db.begin() as work:
        enrollment = work.get_one(Enrollment, shop.rows(Enrollment)[0].id)
        work.exec(update(Enrollment).values(stuck_on="KeyError at x.py:1", stuck_since=now))
        todo = {"enrollment_id": enrollment.id, "customer_id": enrollment.customer_id, "text": "call"}
        work.add(Todo(step="a", due_at=now - timedelta(hours=1), **todo))
        work.add(Todo(step="b", due_at=now + timedelta(hours=1), **todo))
        work.add(ProviderAccount(name="sms:a", failures=3, held_until=now + timedelta(minutes=1), reason="503"))
        work.add(ProviderAccount(name="sms:b", failures=3, held_until=now - timedelta(minutes=1)))
        alarm = enrollment.trigger_id
        work.add(Replenishment(alarm_id=alarm, sku="egg", status="proposed", proposed=4, pack=1, created_at=now))
    today = call_with(scopes=("read",)).get("/v1/today").json()
    assert (today["stuck"], today["overdue"], today["replenishments"], today["unknown"]) == (1, 1, 1, 0)
    assert [account["name"] for account in today["accounts"]] == ["sms:a"]
