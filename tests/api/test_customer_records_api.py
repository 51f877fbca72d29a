"""What there is about a customer, list by list: journeys, messages as they were sent, orders, measures."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from calling import Caller
from shop import Shop

from domain.published.publishing import publish_document
from domain.store.clock import VirtualClock
from domain.store.work import Database

SPEC = """
    journey: care
    name: 签收关怀
    trigger: {event: form.filled}
    entry: {again: always}
    steps: [{id: greet, send: greeting, via: [sms]}, {wait: 3d}]
"""
MEASURES = {"measures": {"客单价": {"average": "event.total", "of": "order.paid", "within": "180d"}}}


@pytest.fixture
def shop(db: Database, clock: VirtualClock) -> Shop:
    return Shop(db, clock)


@pytest.fixture
def reader(shop: Shop, call_with: Callable[..., Caller]) -> Caller:
    """A caller of a shop whose only customer has been greeted twice and has bought twice."""
    shop.publish(SPEC, texts={"greeting": "您好，谢谢光临"})
    with shop.db.begin() as work:
        publish_document(work, "_tags", MEASURES)
    shop.customers("li")
    for _ in range(2):
        shop.post("form.filled", "li")
    shop.give("send", shop.group("greet"))
    items = [{"sku": "beans", "name": "咖啡豆", "quantity": 0.75, "price": 8900}]
    shop.post("order.paid", "li", order_id="o1", total=8900, items=items)
    shop.clock.set(shop.clock.now() + timedelta(hours=1))
    shop.post("order.paid", "li", order_id="o2", total=5100, stream_id="s1")
    shop.post("order.refunded", "li", order_id="o2", total=100)
    return call_with(scopes=("read",))


def every(reader: Caller, what: str) -> list[dict[str, Any]]:
    """All rows of a list, one a page."""
    rows: list[dict[str, Any]] = []
    after = None
    while True:
        page = reader.get(f"/v1/customers/1/{what}", params={"limit": 1} | ({"after": after} if after else {})).json()
        rows += page[what]
        after = page["next"]
        if after is None:
            return rows


def test_journeys_say_where_the_customer_stands(reader: Caller) -> None:
    newest, first = every(reader, "enrollments")
    assert (newest["enrollment"], newest["journey"], newest["title"], newest["version"]) == (2, "care", "签收关怀", 1)
    assert (newest["step"], newest["ending"], newest["held"], newest["run"]) == ("等待 3 天", None, False, None)
    assert first["enrollment"] == 1


def test_messages_are_read_as_they_were_sent(reader: Caller, call_with: Callable[..., Caller]) -> None:
    newest, first = every(reader, "messages")
    assert (newest["text"], newest["status"], newest["channel"], newest["title"]) == (
        "您好，谢谢光临", "sent", "sms", "签收关怀",
    )  # fmt: skip
    assert newest["id"] > first["id"]
    assert call_with(scopes=("customers.read",)).get("/v1/customers/1/messages").status_code == 403


def test_orders_say_what_was_bought_and_given_back(reader: Caller) -> None:
    newest, first = every(reader, "orders")
    assert (newest["order_id"], newest["total"], newest["refunded"], newest["stream_id"]) == ("o2", 5100, 100, "s1")
    assert (newest["items"], first["stream_id"]) == ([], None)
    assert first["items"] == [{"sku": "beans", "name": "咖啡豆", "quantity": 0.75, "price": 8900}]
    assert reader.get("/v1/customers/1/orders", params={"after": "1_o\x00"}).status_code == 422


def test_measures_are_told_with_how_they_are_worked_out(reader: Caller) -> None:
    (measure,) = reader.get("/v1/customers/phone:+8613800000000/measures").json()
    assert measure == {"name": "客单价", "about": "180 天内 「已下单」 的金额平均", "value": "70元"}
    assert reader.get("/v1/customers/phone:+8613800000000").json()["measures"] == {"客单价": 7000}


def test_nobody_has_none(reader: Caller) -> None:
    for what in ("enrollments", "messages", "orders", "measures"):
        assert reader.get(f"/v1/customers/99/{what}").status_code == 404
