"""What is bought together is offered together, if it is there to be sold."""

import random
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import permutations
from math import log

import numpy as np
import pytest
from emptying import Kept
from shop import Shop
from sqlmodel import select

from domain.coupons.baskets import Line, holds_for
from domain.coupons.tables import Coupon
from domain.insight.companions import LATER, PRIOR, SPAN, Baskets, learn, refresh
from domain.journeys.tables import Enrollment
from domain.ledger.tables import Message
from domain.stock.companions import Companions
from workflows.language.policy import CouponTerms

DAY = timedelta(days=1)
THANKS = """
    journey: thanks
    trigger: {event: order.paid}
    entry: {again: always}
    steps: [{id: note, send: note, via: [sms]}]
"""


def test_what_is_learnt_is_what_is_counted_by_hand() -> None:
    chance = random.Random(4)
    shelves = [0, 1, 2, 0], [3, 4, 5, 0], [5, 6, 1]
    orders = sorted(
        (chance.randrange(12), chance.randrange(900 * 86400), frozenset(chance.sample(chance.choice(shelves), 3)))
        for _ in range(400)
    )
    starts = np.concatenate([[0], np.cumsum([len(basket) for *_, basket in orders])[:-1]])
    products = np.array([product for *_, basket in orders for product in sorted(basket)])
    customers, at = (np.array([order[place] for order in orders]) for place in (0, 1))
    found = {(p.product, p.companion): p for p in learn(Baskets(customers, at, starts, products), least_orders=1)}

    bought, after, at_once, later = (
        Counter[int](),
        Counter[int](),
        Counter[tuple[int, int]](),
        Counter[tuple[int, int]](),
    )
    for number, (who, time, basket) in enumerate(orders):
        rest = orders[number + 1 :]
        next_ones = {each for w, t, others in rest if w == who and t <= time + SPAN for each in others}
        bought.update(basket)
        after.update(next_ones)
        at_once.update(permutations(basket, 2))
        later.update((one, other) for one in basket for other in next_ones if one != other)
    expected = {}
    for pair in permutations(range(7), 2):
        lifts = [
            (seen[pair] + PRIOR) / (bought[pair[0]] * of_each[pair[1]] / len(orders) + PRIOR)
            for seen, of_each in ((at_once, bought), (later, after))
        ]
        weight = log(lifts[0]) + LATER * log(lifts[1])
        if weight > 0 and at_once[pair] + later[pair] >= 5:
            expected[pair] = weight, max(lifts), at_once[pair] + later[pair]
    assert len(expected) > 8
    assert {pair: (p.weight, p.lift, p.together) for pair, p in found.items()} == {
        pair: pytest.approx(numbers) for pair, numbers in expected.items()
    }
    ranked = [p.weight for p in sorted(found.values(), key=lambda p: (p.product, p.place)) if p.product == 0]
    assert ranked == sorted(ranked, reverse=True)


@pytest.fixture
def beans(shop: Shop, kept: Kept) -> Shop:
    """A shop in which filters are bought with beans, and tea with neither."""
    time = shop.clock.now() - 60 * DAY

    def fill() -> None:
        shop.publish(THANKS, texts={"note": "{{ companions(trigger.items, 3) }}"}, caps={}, quiet_hours="none")
        shop.customers("li")
        for number in range(60):
            skus = ["beans", "filter"] if number % 2 else ["tea"]
            buy(shop, f"c{number}", f"o{number}", skus, time)
        learn_all(shop)

    kept.once(fill)
    shop.posted = 60
    return shop


def buy(shop: Shop, who: str, order: str, skus: list[str], time: datetime | None = None, **data: object) -> None:
    items = [{"sku": sku, "name": f"the {sku}"} for sku in skus]
    shop.post("order.paid", who, time=time, order_id=order, total=100, items=items, **data)


def learn_all(shop: Shop) -> tuple[int, int]:
    with shop.db.begin() as work:
        return refresh(work, shop.clock.now())


def told(shop: Shop, *skus: str, city: str | None = None) -> list[str]:
    with shop.db() as session:
        return [each.sku for each in Companions(session, shop.clock.now().date()).of(skus, 3, city=city)]


def receive(shop: Shop, sku: str, days: int, **data: object) -> None:
    expires_on = (shop.clock.now().date() + days * DAY).isoformat()
    shop.post("lot.received", lot_id=f"{sku}-{days}-{shop.posted}", sku=sku, quantity=5, expires_on=expires_on, **data)


class TestTold:
    def test_what_is_bought_with_it_by_more_than_chance(self, beans: Shop) -> None:
        assert told(beans, "beans") == ["filter"]
        assert told(beans, "filter", "beans") == told(beans, "tea") == told(beans, "unheard of") == told(beans) == []

    def test_its_own_list_comes_first(self, beans: Shop) -> None:
        beans.post("product.updated", sku="beans", companions=["mug", "beans", "kettle"])
        beans.post("product.updated", sku="tea", companions=["pot", "kettle"])
        assert told(beans, "beans") == ["mug", "kettle", "filter"]
        assert told(beans, "beans", "tea") == ["mug", "pot", "kettle"]
        beans.post("product.updated", sku="beans", name="Beans")
        assert told(beans, "beans")[0] == "mug"
        beans.post("product.updated", sku="beans", companions=[])
        assert told(beans, "beans") == ["filter"]

    @pytest.mark.parametrize(("days", "expected"), [(2, []), (3, ["filter"])])
    def test_nothing_near_its_last_day(self, beans: Shop, days: int, expected: list[str]) -> None:
        receive(beans, "filter", days)
        assert told(beans, "beans") == expected
        beans.post("product.updated", sku="filter", min_days=1)
        assert told(beans, "beans") == []

    def test_nothing_that_is_sold_out(self, beans: Shop) -> None:
        receive(beans, "filter", 90)
        assert told(beans, "beans") == ["filter"]
        beans.post("stock.counted", lot_id=f"filter-90-{beans.posted - 1}", quantity=4, quarantined=4)
        assert told(beans, "beans") == []

    def test_where_the_city_of_the_customer_keeps_stock_what_it_has_counts(self, beans: Shop) -> None:
        receive(beans, "filter", 90, city="上海市")
        assert [told(beans, "beans", city=city) for city in (None, "上海", "拉萨")] == [["filter"]] * 3
        receive(beans, "other", 90, city="杭州")
        assert told(beans, "beans", city="杭州") == []

    def test_what_was_given_back_or_sold_to_the_trade_teaches_nothing(self, beans: Shop) -> None:
        for number in range(40):
            buy(beans, f"c{number}", f"w{number}", ["tea", "lids"], channel="wholesale")
            buy(beans, f"c{number}", f"r{number}", ["tea", "lids"])
            beans.post("order.refunded", f"c{number}", order_id=f"r{number}")
        learn_all(beans)
        assert told(beans, "tea") == []

    def test_a_night_that_learns_nothing_forgets_what_was_learnt(self, beans: Shop) -> None:
        beans.clock.set(beans.clock.now() + 330 * DAY)
        assert learn_all(beans) == (0, 0)
        assert told(beans, "beans") == []


class TestCoupons:
    @pytest.mark.parametrize("step", ["{coupon: pair}", "{id: note, send: note, via: [sms], coupon: pair}"])
    def test_one_holds_for_what_goes_with_what_was_bought(self, beans: Shop, step: str) -> None:
        terms = {"name": "a pair", "amount_off": 500, "valid": "3d", "products": "companions"}
        spec = THANKS.replace("{id: note, send: note, via: [sms]}", step)
        beans.publish(spec, coupons={"pair": terms}, caps={}, quiet_hours="none")
        beans.post("product.updated", sku="beans", companions=["mug"])
        before = {each.id for each in beans.rows(Enrollment)}
        buy(beans, "li", "n1", ["beans"])
        buy(beans, "li", "n2", ["tea"])
        fresh = [each.id for each in beans.rows(Enrollment) if each.id not in before]
        beans.give(
            "coupon" if "send" not in step else "send", beans.group("1" if "send" not in step else "note", fresh)
        )
        (coupon,) = beans.rows(Coupon)
        frozen = CouponTerms.model_validate(coupon.terms)
        assert frozen.skus == ("mug", "filter")
        held = {sku: holds_for(frozen, Line(sku, Decimal(1), 900)) for sku in ("mug", "filter", "beans", "tea")}
        assert held == {"mug": True, "filter": True, "beans": False, "tea": False}
        reason = "no_companions" if "send" not in step else "coupon_refused"
        assert reason in [why for _, why in beans.timeline()]


class TestTexts:
    def sent(self, shop: Shop, text: str, **data: object) -> str | None:
        """The message's text; None where it can't be made."""
        shop.publish(THANKS, texts={"note": text}, caps={}, quiet_hours="none")
        shop.post("order.paid", "li", order_id=f"n{shop.posted}", total=100, **data)
        newest = max(member.enrollment for member in shop.group("note").members)
        shop.give("send", shop.group("note", [newest]))
        with shop.db() as session:
            return session.exec(select(Message.body).where(Message.enrollment_id == newest)).first()

    @pytest.mark.parametrize(
        ("text", "body"),
        [
            ("{{ companions(trigger.items, 3) }}", "the filter、the mug"),
            ("{{ companions(trigger['items'], 1) }}", "the filter"),
            ("{{ companions(trigger.items) | length }}", "2"),
            ("{{ companions('beans', 1) | map(attribute='sku') | join }}", "filter"),
            ("{% for each in companions(trigger.items, 2) %}[{{ each.name }}]{% endfor %}", "[the filter][the mug]"),
            ("{{ companions(trigger.nothing, 3) }}{{ companions(trigger, 3) }}-", "-"),
            (
                "{% set more = companions(trigger.items, 3) %}{% if more %}+ {{ more }}{% endif %}",
                "+ the filter、the mug",
            ),
        ],
    )
    def test_they_are_written(self, beans: Shop, text: str, body: str) -> None:
        beans.post("product.updated", sku="beans", companions=["filter", "nameless", "mug"])
        beans.post("product.updated", sku="mug", name="the mug")
        assert self.sent(beans, text, items=[{"sku": "beans"}]) == body

    @pytest.mark.parametrize("call", ["companions(trigger.items, 0)", "companions(trigger.items, 21)",
                                      "companions(trigger.items, 'x')"])  # fmt: skip
    def test_a_number_that_is_none_is_refused(self, beans: Shop, call: str) -> None:
        text = "{% set n = " + call.split(", ")[1].rstrip(")") + " %}{{ companions(trigger.items, n) }}"
        assert self.sent(beans, text, items=[{"sku": "beans"}]) is None
        assert ("failed", "text") in beans.timeline()

    def test_a_text_asks_so_often_and_no_more(self, beans: Shop) -> None:
        each = "{% for item in trigger.items %}{{ companions(item, 1) }}{% endfor %}"
        few, many = ([{"sku": f"s{number}"} for number in range(size)] for size in (10, 11))
        assert self.sent(beans, each + "x", items=few) == "x"
        assert self.sent(beans, each + "x", items=many) is None
