"""A batch means what its events mean one by one, costs a bounded number of statements, and is taken once."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from emptying import start_over
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from shop import Shop
from sqlalchemy import Engine
from statements import counting

from domain.customers.identifiers import identify
from domain.customers.tables import Customer, Identifier, IdentifierConflict, Order
from domain.intake.ingest import Incoming
from domain.intake.tables import Event
from domain.journeys.tables import Enrollment, TrailEntry
from domain.published.publishing import publish_document
from domain.store.clock import VirtualClock
from domain.store.tables import Outbox
from domain.store.work import Database

START = datetime(2026, 3, 2, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
SPECS = (
    """
    journey: once
    trigger: {event: form.filled, where: {not: {event: cart.updated, times: {at_least: 3}}}}
    audience: {any: [{field: customer.orders, at_most: 1}, {field: customer.city, is: 杭州}]}
    entry: {again: never}
    exit: [{event: form.withdrawn}]
    goal: {event: order.paid, within: 2d, where: {field: event.total, at_least: {field: trigger.least}}}
    steps: [{wait: 1d}]
    """,
    """
    journey: carts
    trigger: {event: cart.updated}
    entry: {again: restart, per: [customer, trigger.cart_id]}
    exit: [{event: form.withdrawn, where: {field: customer.orders, above: 0}}]
    goal: {event: order.paid, within: 1d, where: {field: event.cart_id, is: {field: trigger.cart_id}}}
    steps: [{wait: 1h}, {id: ask, wait_for: {event: form.filled}, within: 1d}]
    """,
    """
    journey: buyers
    trigger: {event: order.paid, where: {event: order.paid, where: {field: event.total, at_least: 50}}}
    entry: {again: after 2h}
    goal: {event: order.refunded, within: 1d}
    steps: [{id: ask, wait_for: {event: cart.updated}, within: 1d}]
    """,
)
TABLES = (Event, Order, Enrollment, TrailEntry, Outbox, Identifier, IdentifierConflict, Customer)

people = st.sampled_from(
    (
        {"unionid": "u1"},
        {"unionid": "u1", "phone": "13800000001"},
        {"phone": "13800000001", "device_id": "d1"},
        {"phone": "13800000002", "device_id": "d1"},
        {"unionid": "u2", "phone": "13800000001"},
        {"unionid": "u3"},
        {"device_id": "d1"},
    )
)
numbers = st.integers(0, 3)
happenings = st.one_of(
    st.tuples(st.just("form.filled"), st.fixed_dictionaries({"least": st.sampled_from([0, 60])})),
    st.tuples(st.sampled_from(["form.withdrawn", "product.viewed"]), st.just({})),
    st.tuples(st.just("cart.updated"), st.builds(lambda n: {"cart_id": f"k{n}", "total": n}, numbers)),
    st.tuples(
        st.just("order.paid"),
        st.builds(lambda n, k: {"order_id": f"o{n}", "total": 25 * n, "cart_id": f"k{k}"}, numbers, numbers),
    ),
    st.tuples(st.just("order.refunded"), st.builds(lambda n, t: {"order_id": f"o{n}", "total": t}, numbers, numbers)),
    st.tuples(st.just("customer.updated"), st.builds(lambda c: {"city": c}, st.sampled_from(["杭州", "上海"]))),
)
ages = st.sampled_from([timedelta(), timedelta(), HOUR, 2 * HOUR, timedelta(days=1), timedelta(days=8)])
batches = st.lists(st.tuples(people, happenings, ages, st.integers(0, 30)), min_size=2, max_size=14)


@given(st.lists(batches, min_size=1, max_size=3))
@settings(max_examples=30, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
def test_a_batch_leaves_what_its_events_leave_one_by_one(db: Database, rounds: Sequence[Any]) -> None:
    left = [play(db, rounds, take) for take in (together, one_by_one)]
    assert left[0] == left[1]


def together(shop: Shop, events: Sequence[Incoming]) -> None:
    shop.take(*events)


def one_by_one(shop: Shop, events: Sequence[Incoming]) -> None:
    for incoming in sorted(events, key=lambda each: each.time):
        shop.take(incoming)


def play(db: Database, rounds: Sequence[Any], take: Callable[[Shop, Sequence[Incoming]], None]) -> Any:
    """All that is stored after the rounds. Of trail and outbox, what each customer lived through, in its order."""
    start_over(db.bind)
    shop = Shop(db, VirtualClock(START))
    for spec in SPECS:
        shop.publish(spec)
    with db.begin() as work:  # who joins in a batch has been one since its beginning
        publish_document(work, "_identity", {"joins": [], "kinds": {"device_id": {"each": 9}}})
    for batch in rounds:
        shop.clock.set(shop.clock.now() + 3 * HOUR)
        events = [
            Incoming("test", str(number), type, shop.clock.now() - age, dict(data), identify(None, who))
            for who, (type, data), age, number in batch
        ]
        take(shop, events)
    stored = {
        table: sorted(str(row.model_dump(exclude={"identity", "created_at"})) for row in shop.rows(table))
        for table in TABLES
    }
    for table, whose in (
        (TrailEntry, lambda row: row.customer_id),
        (Outbox, lambda row: row.payload["enrollment"]),
    ):
        rows = sorted(shop.rows(table), key=lambda row: (whose(row), row.id))
        stored[table] = [str(row.model_dump(exclude={"id", "created_at"})) for row in rows]
    return stored


def test_a_refund_in_the_batch_of_its_order_is_taken_off_once(shop: Shop) -> None:
    paid = shop.incoming("order.paid", "li", order_id="o1", total=100)
    shop.take(paid, shop.incoming("order.refunded", "li", order_id="o1", total=30))
    assert [order.refunded for order in shop.rows(Order)] == [30]


def test_an_event_does_not_see_what_comes_after_it_in_its_batch_at_its_instant(shop: Shop) -> None:
    where = "where: {not: {event: cart.cleared}}"
    shop.publish(SPEC.replace("where: {not: {tag: banned}}", where))
    shop.take(shop.incoming("form.filled", "li"), shop.incoming("cart.cleared", "li"))
    shop.take(shop.incoming("cart.cleared", "wang"), shop.incoming("form.filled", "wang"))
    assert len(shop.rows(Enrollment)) == 1


SPEC = """
    journey: visits
    trigger: {event: form.filled, where: {not: {tag: banned}}}
    audience: {all: [{field: customer.spent, at_least: 0}, {not: {event: form.filled, times: {at_least: 9}}}]}
    entry: {again: restart}
    exit: [{event: form.withdrawn, where: {field: customer.orders, above: 0}}]
    goal: {event: order.paid, within: 2d, where: {field: event.cart_id, is: {field: trigger.cart_id}}}
    steps: [{id: ask, wait_for: {event: cart.updated}, within: 1d}]
"""


@pytest.mark.parametrize("type", ["form.filled", "form.withdrawn", "order.paid", "cart.updated", "product.viewed"])
def test_ten_events_and_five_hundred_cost_as_many_statements(
    shop: Shop, migrated: tuple[Engine, object], type: str
) -> None:
    shop.publish(SPEC)

    def batch(type: str, size: int) -> list[Incoming]:
        return [
            shop.incoming(type, f"c{number}", order_id=f"o{size}/{number}", total=1, cart_id="k")
            for number in range(size)
        ]

    shop.take(*batch("form.filled", 500))
    shop.take(*batch(type, 1))  # the snapshot of what is published is read
    costs = []
    for size in (10, 500):
        events = batch(type, size)
        with counting(migrated[0]) as statements:
            shop.take(*events)
        costs.append(statements)
    few, many = costs
    assert few == many
    assert few.total() < 20


@pytest.mark.parametrize("type", ["form.filled", "form.withdrawn", "order.paid", "cart.updated"])
def test_however_much_one_customer_does_takes_as_many_statements(
    shop: Shop, migrated: tuple[Engine, object], type: str
) -> None:
    shop.publish(SPEC.replace("at_least: 9", "at_least: 900"))
    shop.take(
        shop.incoming("form.filled", "li", cart_id="k"), shop.incoming("order.paid", "wang", order_id="o", total=1)
    )
    costs = []
    for size in (20, 500):
        events = [shop.incoming(type, "li", order_id=f"o{size}.{n}", total=1, cart_id="other") for n in range(size)]
        with counting(migrated[0]) as statements:
            assert all(shop.take(*events))
        costs.append(statements)
    assert costs[0] == costs[1]


def test_what_nobody_listens_to_is_stored_and_no_more_however_much_one_customer_does(
    shop: Shop, migrated: tuple[Engine, object]
) -> None:
    shop.publish(SPEC)
    shop.take(shop.incoming("product.viewed", "li"))
    with counting(migrated[0]) as statements:
        assert all(shop.take(*(shop.incoming("product.viewed", "li") for _ in range(500))))
    assert statements.total() <= 3


def test_a_storm_of_batches_that_share_customers_and_events_takes_each_once(shop: Shop) -> None:
    shop.publish(SPEC.replace("again: restart", "again: always"))
    names = [f"c{number}" for number in range(40)]
    events = [shop.incoming("form.filled", name, cart_id="k") for name in names for _ in range(3)]
    batches = [
        [each for place, each in enumerate(events) if place % 7 != turn % 7][:: (1, -1)[turn % 2]] for turn in range(16)
    ]
    taken = shop.at_once(*(lambda batch=batch: shop.take(*batch) for batch in batches))
    assert sum(map(sum, taken)) == len(events)
    assert [len(shop.rows(table)) for table in (Event, Customer, Enrollment)] == [len(events), 40, len(events)]
    assert len({told.payload["enrollment"] for told in shop.rows(Outbox)}) == len(events)


def test_new_customers_in_any_order_everywhere_at_once_are_made_once(shop: Shop) -> None:
    people = [
        Incoming(
            "test",
            str(number),
            "product.viewed",
            START,
            {},
            identify(f"unionid:u{number}", {"phone": f"139{number:08}"}),
        )
        for number in range(60)
    ]
    batches = [
        [replace(each, source=str(turn)) for each in (people, people[::-1], people[30:] + people[:30])[turn % 3]]
        for turn in range(12)
    ]
    assert all(map(all, shop.at_once(*(lambda batch=batch: shop.take(*batch) for batch in batches))))
    assert [len(shop.rows(table)) for table in (Customer, Identifier)] == [60, 120]
