"""What is foretold of each customer stands in their fields, where conditions ask for it."""

import random
from collections import Counter
from datetime import timedelta

import pytest
from shop import Shop

from domain.customers.tables import Customer, Order
from domain.insight.forecasts import HELD_BACK, fit, look_back, newest_fit, write_page
from domain.insight.lifetime import TooFewOrdersError
from domain.published.library import read_library

DAY = timedelta(days=1)


def test_who_ordered_often_and_lately_is_likelier_to_order_again(shop: Shop) -> None:
    chance = random.Random(1)
    names = [f"c{number}" for number in range(160)]
    now = shop.clock.now()
    events = []
    for number, name in enumerate(names):
        often = number % 2 == 0
        for place in range(6 if often else chance.randrange(1, 4)):
            time = now - (5 * place + 1 + chance.random()) * DAY if often else now - (150 + 9 * place) * DAY
            order = {"order_id": f"{name}-{place}", "total": 5000 + chance.randrange(1000)}
            events.append(shop.incoming("order.paid", name, time=time, **order))
    shop.take(*events)
    shop.post("order.paid", "refunded", order_id="back", total=100, time=now - 2 * DAY)
    shop.post("order.refunded", "refunded", order_id="back")
    with shop.db.begin() as work:
        kept, forecasts = fit(work, now)
        pages = list(forecasts.pages())
        for page in pages:
            write_page(work, read_library(work), page, now)
    assert kept.customers == sum(len(page) for page in pages) == 160
    fields = [each.fields for each in shop.rows(Customer) if each.fields]
    assert len(fields) == 160
    assert sum(each["customers"] for each in kept.foretold) in (0, 80)
    likely = [each["likely_to_buy"] for each in fields]
    assert all(0 <= value <= 1 for value in likely)
    often, seldom = sorted(likely)[80:], sorted(likely)[:80]
    assert min(often) > max(seldom)
    assert all(isinstance(each["expected_value"], int) and each["expected_value"] >= 0 for each in fields)
    with shop.db() as session:
        newest = newest_fit(session)
    assert newest
    assert newest[1].r > 0


def test_of_too_few_orders_nothing_is_written(shop: Shop) -> None:
    shop.post("order.paid", "li", order_id="o1", total=100)
    with pytest.raises(TooFewOrdersError), shop.db.begin() as work:
        fit(work, shop.clock.now())
    assert [each.fields for each in shop.rows(Customer)] == [{}]


def test_what_would_have_been_foretold_is_beside_what_came(shop: Shop) -> None:
    """A shop that is as the model says: of each class about as many orders come as were expected."""
    chance = random.Random(11)
    now = shop.clock.now()
    with shop.db.begin() as work:
        work.add_all(Customer(id=id, created_at=now) for id in range(1, 1501))
        work.flush()
        for id in range(1, 1501):
            rate, leaves = chance.gammavariate(1.2, 1 / 30), chance.betavariate(1, 4)
            time, place, here = now - chance.uniform(100, 360) * DAY, 0, True
            while here and time <= now:
                work.add(Order(order_id=f"{id}-{place}", customer_id=id, paid_at=time, total=100))
                time, place = time + chance.expovariate(rate) * DAY, place + 1
                here = place == 1 or chance.random() >= leaves
    with shop.db() as session:
        found = look_back(session, now)
        assert look_back(session, now - 400 * DAY) == []
        orders = [(each.customer_id, each.paid_at) for each in shop.rows(Order)]
    before = Counter(customer for customer, at in orders if at <= now - HELD_BACK)
    later = Counter(customer for customer, at in orders if at > now - HELD_BACK)
    classes = {id: min(times - 1, 7) for id, times in before.items()}
    assert {each.repeats: each.customers for each in found} == Counter(classes.values())
    came = {
        each.repeats: sum(later[id] for id, repeats in classes.items() if repeats == each.repeats) for each in found
    }
    assert {each.repeats: each.came for each in found} == came
    assert sum(each.expected for each in found) == pytest.approx(sum(came.values()), rel=0.12)
    assert all(each.expected == pytest.approx(each.came, rel=0.3, abs=15) for each in found)
