"""What old events said is forgotten, but for what is still needed of it."""

from datetime import timedelta

import pytest
from shop import Shop
from sqlmodel import col, select, update

from domain.conditions.facts import CustomerFacts
from domain.customers.resolution import find_customer
from domain.customers.tables import Consent
from domain.intake.retention import RetentionCursor, forget
from domain.intake.tables import Event
from domain.journeys.tables import Enrollment
from domain.published.library import read_library
from domain.published.publishing import publish_document
from domain.voice.tables import StoredOpinion
from workflows.terms.conditions import EventCondition

SPEC = """
    journey: visits
    trigger: {event: form.filled, where: {event: product.viewed, within: 60d, where: {field: event.sku, is: tea}}}
    entry: {again: never}
    goal: {event: order.paid, within: 90d, where: {field: event.total, at_least: 5}}
    steps: [{wait: 1d}]
"""
DAY = timedelta(days=1)
KEEP = 30 * DAY


def forget_all(shop: Shop, page: int = 2) -> None:
    mark: RetentionCursor | None = RetentionCursor()
    while mark:
        with shop.db.begin() as session:
            mark = forget(session, read_library(session), shop.clock.now(), KEEP, mark, page)


def remembered(shop: Shop) -> list[str]:
    with shop.db() as session:
        return list(session.exec(select(Event.type).where(~col(Event.forgotten)).order_by(col(Event.id))))


def test_an_event_that_is_forgotten_says_nothing_any_more_and_is_still_the_one_it_was(shop: Shop) -> None:
    event = shop.incoming("page.left", "li", secret="s")
    shop.take(event)
    with shop.db.begin() as work:
        said = {"event_id": 1, "clause": 0, "at": shop.clock.now(), "kind": "opinion", "confidence": 1.0}
        work.add(StoredOpinion(**said, phrase="太淡了", topic="口味偏淡"))
    shop.clock.set(shop.clock.now() + KEEP)
    forget_all(shop)
    assert remembered(shop) == ["page.left"]
    shop.clock.set(shop.clock.now() + DAY)
    forget_all(shop)
    assert [(row.type, row.data) for row in shop.rows(Event)] == [("page.left", {})]
    assert [(row.phrase, row.topic) for row in shop.rows(StoredOpinion)] == [("", "口味偏淡")]
    assert shop.take(event) == [False]


def test_what_orders_consents_and_counts_come_to_stays(shop: Shop) -> None:
    shop.post("order.paid", "li", order_id="o1", total=100)
    shop.post("order.refunded", "li", order_id="o1", total=30)
    shop.post("consent.given", "li", channel="sms", wording="v1")
    shop.post("customer.updated", "li", city="杭州")
    shop.clock.set(shop.clock.now() + 2 * KEEP)
    forget_all(shop)
    assert remembered(shop) == ["order.refunded", "consent.given", "customer.updated"]
    assert [row.wording for row in shop.rows(Consent)] == ["v1"]
    with shop.db() as session:
        customer = find_customer(session, "member_no:li")
        assert customer is not None
        facts = CustomerFacts(session, read_library(session), customer, shop.clock.now())
        assert [facts.field(f"customer.{name}") for name in ("orders", "spent", "city")] == [1, 70, "杭州"]
        assert facts.count_events(EventCondition(event="order.paid")) == 1


def test_who_is_in_a_journey_or_may_still_reach_its_goal_keeps_their_events(shop: Shop) -> None:
    shop.publish(SPEC.replace(SPEC[SPEC.index(", where: {event: pro") : SPEC.index("}\n    entry")], ""))
    shop.post("form.filled", "li", cart="k")
    for days, ending in ((45, None), (45, "finished"), (30, "finished")):
        shop.clock.set(shop.clock.now() + days * DAY)
        with shop.db.begin() as session:
            session.exec(update(Enrollment).values(ending=ending, ended_at=shop.clock.now()))
        forget_all(shop)
        assert bool(remembered(shop)) == (days == 45)


@pytest.mark.parametrize(("days", "kept"), [(66, ["product.viewed"]), (68, [])])
def test_what_a_live_journey_asks_for_is_kept_as_far_as_it_looks_back(shop: Shop, days: int, kept: list[str]) -> None:
    shop.publish(SPEC)
    shop.post("product.viewed", "li", sku="tea")
    shop.post("product.opened", "li", sku="tea")
    shop.clock.set(shop.clock.now() + days * DAY)
    forget_all(shop)
    assert remembered(shop) == kept


def test_what_a_segment_asks_for_without_an_end_is_kept_for_ever(shop: Shop) -> None:
    segment = {"not": {"all": [{"event": "page.left", "where": {"field": "event.page", "is": "home"}}]}}
    with shop.db.begin() as session:
        publish_document(session, "_segments", {"strangers": segment})
    shop.post("page.left", "li", page="home")
    shop.clock.set(shop.clock.now() + 50 * KEEP)
    forget_all(shop)
    assert remembered(shop) == ["page.left"]
