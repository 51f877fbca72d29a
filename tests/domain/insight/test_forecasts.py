"""What is foretold of each customer stands in their fields, where conditions ask for it."""

import random
from datetime import timedelta

import pytest
from shop import Shop

from domain.customers.tables import Customer
from domain.insight.forecasts import fit, newest_fit, write_page
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
        write_page(work, read_library(work), forecasts, now)
    assert kept.customers == len(forecasts) == 160
    fields = [each.fields for each in shop.rows(Customer) if each.fields]
    assert len(fields) == 160
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
