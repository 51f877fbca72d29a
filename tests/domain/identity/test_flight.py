"""Journeys through a join: an older enrollment goes on, what happened under the other name ends and wakes, and splits
and holdouts stay as they were."""

from datetime import timedelta

import pytest
from identity.people import say, who
from shop import Shop

from domain.journeys.lifecycle import stop_customer
from domain.journeys.tables import Enrollment, TrailEntry, Wait

LI, WANG = {"phone": "13800000001"}, {"unionid": "u2"}
BOTH = LI | WANG
CART = """
    journey: cart
    trigger: {event: cart.updated}
    entry: {again: AGAIN, per: [PER]}
    exit: [{event: order.paid}]
    steps: [{id: pause, wait: 1d}, {id: remind, send: remind, via: [sms]}]
"""
ASK = """
    journey: ask
    trigger: {event: cart.updated}
    entry: {again: never}
    steps: [{id: ask, wait_for: {event: form.filled}, within: 1d}]
"""


def publish(shop: Shop, again: str = "restart", per: str = "customer") -> None:
    shop.publish(CART.replace("AGAIN", again).replace("PER", per))


def endings(shop: Shop) -> list[str | None]:
    return [row.ending for row in sorted(shop.rows(Enrollment), key=lambda row: row.id)]


def later(shop: Shop) -> None:
    shop.clock.set(shop.clock.now() + timedelta(minutes=1))


def cart(shop: Shop, who: dict[str, str], number: int = 1) -> None:
    say(shop, "cart.updated", {"cart_id": f"k{number}", "total": 1}, **who)
    later(shop)


@pytest.mark.parametrize("again", ["restart", "never"])
def test_of_two_for_the_same_thing_the_older_goes_on(shop: Shop, again: str) -> None:
    publish(shop, again)
    cart(shop, WANG)
    cart(shop, LI)
    say(shop, **BOTH)
    assert endings(shop) == [None, "merged"]
    assert {row.customer_id for row in shop.rows(Enrollment)} == {who(shop, **LI)}
    assert [row.value for row in shop.rows(TrailEntry) if row.what == "ended"] == ["merged"]


def test_those_for_different_things_and_those_that_may_be_many_go_on(shop: Shop) -> None:
    publish(shop, "restart", "customer, trigger.cart_id")
    for number, ident in ((1, LI), (2, WANG), (3, LI)):
        cart(shop, ident, number)
    cart(shop, WANG, 3)
    say(shop, **BOTH)
    assert endings(shop) == [None, None, None, "merged"]


def test_of_those_that_may_be_many_all_go_on(shop: Shop) -> None:
    publish(shop, "always")
    cart(shop, LI)
    cart(shop, WANG)
    say(shop, **BOTH)
    assert endings(shop) == [None, None]


@pytest.mark.parametrize(("entered", "bought"), [(LI, WANG), (WANG, LI)])
def test_what_was_bought_under_the_other_name_ends_it(
    shop: Shop, entered: dict[str, str], bought: dict[str, str]
) -> None:
    publish(shop)
    say(shop, **LI)
    cart(shop, entered)
    say(shop, "order.paid", {"order_id": "o1", "total": 1}, **bought)
    assert endings(shop) == [None]
    say(shop, **BOTH)
    assert endings(shop) == ["exit"]


def test_what_was_bought_before_it_began_does_not(shop: Shop) -> None:
    publish(shop)
    say(shop, "order.paid", {"order_id": "o1", "total": 1}, **WANG)
    later(shop)
    cart(shop, LI)
    say(shop, **BOTH)
    assert endings(shop) == [None]


def test_the_joining_event_itself_ends_it(shop: Shop) -> None:
    publish(shop)
    say(shop, **WANG)
    cart(shop, LI)
    say(shop, "order.paid", {"order_id": "o1", "total": 1}, **BOTH)
    assert endings(shop) == ["exit"]


def test_what_it_waits_for_under_the_other_name_wakes_it(shop: Shop) -> None:
    shop.publish(ASK)
    cart(shop, LI)
    shop.give("arrive", shop.group("ask"))
    later(shop)
    say(shop, "form.filled", **WANG)
    (wait,) = shop.rows(Wait)
    assert wait.result is None
    say(shop, **BOTH)
    (wait,) = shop.rows(Wait)
    assert wait.result == "happened"


def test_who_was_in_it_under_the_other_name_does_not_enter_again(shop: Shop) -> None:
    publish(shop, "never")
    say(shop, **LI)
    cart(shop, WANG)
    say(shop, "order.paid", {"order_id": "o1", "total": 1}, **WANG)
    say(shop, **BOTH)
    cart(shop, LI)
    assert endings(shop) == ["exit"]


def test_a_cart_under_the_other_name_restarts_the_one_that_goes_on(shop: Shop) -> None:
    publish(shop)
    say(shop, **LI)
    cart(shop, WANG)
    say(shop, **BOTH)
    cart(shop, LI)
    (enrollment,) = shop.rows(Enrollment)
    assert enrollment.generation == 1


def test_the_place_in_splits_and_holdouts_stays(shop: Shop) -> None:
    publish(shop, "after 1m")
    say(shop, **LI)
    cart(shop, WANG)
    loser = who(shop, **WANG)
    say(shop, **BOTH)
    later(shop)
    cart(shop, LI)
    assert [row.entered_as for row in shop.rows(Enrollment)] == [loser, loser]


def test_by_an_id_that_it_has_no_more_a_customer_is_still_found(shop: Shop) -> None:
    publish(shop)
    say(shop, **LI)
    cart(shop, WANG)
    loser = who(shop, **WANG)
    say(shop, **BOTH)
    with shop.db.begin() as work:
        assert stop_customer(work, "cart", loser, shop.clock.now(), "li") == 1
    assert endings(shop) == ["stopped"]
