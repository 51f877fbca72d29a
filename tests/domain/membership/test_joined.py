"""Customers who become one have the tags of one, and are two again when they are split."""

from datetime import timedelta

import pytest
from rules_shop import publish, sweep, tags
from shop import Shop

from domain.customers.identifiers import identify
from domain.customers.resolution import find_ids
from domain.customers.tables import CustomerTag
from domain.identity.erasing import erase
from domain.identity.merging import merge
from domain.identity.splitting import split
from domain.intake.ingest import Incoming
from domain.membership.listing import holders, standings
from domain.published.library import read_library

RULES = """
tags:
  常客: {when: {event: order.paid, within: 30d, times: {at_least: 2}}}
  新客: {when: {event: order.paid, within: 30d, times: {is: 1}}}
"""


@pytest.fixture
def two(shop: Shop) -> Shop:
    """Two who ordered once each."""
    publish(shop, RULES)
    for who in ("li", "wang"):
        shop.post("order.paid", who, order_id=who, total=100)
    sweep(shop)
    assert tags(shop) == {"新客": ["li", "wang"]}
    return shop


def test_as_if_it_had_always_been_one_and_two_again_after_a_split(two: Shop) -> None:
    with two.db.begin() as work:
        merge(work, 1, 2, two.clock.now(), "test", "one")
    sweep(two)
    assert tags(two)["常客"] == ["li"]
    assert "li" not in tags(two).get("新客", [])
    with two.db.begin() as work:
        split(work, 1, identify("member_no:wang", None), two.clock.now(), "test")
    sweep(two)
    assert tags(two) == {"新客": ["li", "wang"]}


def test_at_once_with_the_event_that_joins_them(two: Shop) -> None:
    two.post("product.viewed", "li", sku="a")
    both = (*identify("member_no:li", None), *identify("phone:13900000009", None))
    two.take(Incoming("test", "link", "product.viewed", two.clock.now(), {}, both))
    with two.db.begin() as work:
        wang = find_ids(work, identify("member_no:wang", None))
        assert len(wang) == 1
    third = identify("phone:13900000009", None)
    order = {"order_id": "third", "total": 100}
    two.take(Incoming("test", "third", "order.paid", two.clock.now(), order, third))
    assert tags(two)["常客"] == ["li"]


def test_who_is_erased_has_none(two: Shop) -> None:
    with two.db.begin() as work:
        erase(work, 1, two.clock.now())
    sweep(two)
    assert tags(two) == {"新客": ["wang"]}


def test_what_both_had_is_counted_once_and_runs_out_once(two: Shop) -> None:
    until = two.clock.now() + timedelta(days=1)
    with two.db.begin() as work:
        for customer in (1, 2):
            work.add(CustomerTag(customer_id=customer, tag="临时", until=until))
    with two.db.begin() as work:
        merge(work, 1, 2, two.clock.now(), "test", "one")
    with two.db() as session:
        library, now = read_library(session), two.clock.now()
        sizes = {each.name: each.size for each in standings(session, library, "tag", now)}
        assert sizes["临时"] == 1
        assert [each.id for each in holders(session, "tag", "临时", now)] == [1]
    sweep(two)
    assert sweep(two, timedelta(days=2)) == 1
    with two.db() as session:
        assert "临时" not in {each.name for each in standings(session, library, "tag", two.clock.now())}
