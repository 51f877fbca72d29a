"""Metrics against the same counted by hand over a random shop, and the page that tells them."""

import random
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from shop import Shop

from domain.customers.tables import Order
from domain.insight.definitions import METRICS
from domain.insight.metrics import MetricError, Period, points

ZONE = ZoneInfo("Asia/Shanghai")
SINCE, UNTIL = date(2026, 1, 1), date(2026, 3, 2)
PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"


@pytest.fixture
def sold(shop: Shop) -> Shop:
    """A shop of 40 customers who ordered at random for two months, some of it refunded."""
    chance = random.Random(3)
    events = []
    for number in range(150):
        time = datetime(2026, 1, 1, tzinfo=ZONE) + timedelta(seconds=chance.randrange(60 * 86400))
        who, total = f"c{chance.randrange(40)}", chance.randrange(100, 9000)
        events.append(shop.incoming("order.paid", who, time=time, order_id=f"o{number}", total=total))
        if chance.random() < 0.2:
            events.append(shop.incoming("order.refunded", who, time=time, order_id=f"o{number}", total=total // 3))
    shop.take(*events)
    return shop


def numbers(shop: Shop, name: str, by: Period, days: int | None = None) -> dict[date, tuple[float, float | None]]:
    with shop.db() as session:
        found = points(session, name, SINCE, UNTIL, shop.clock.now(), ZONE, by=by, days=days)
    return {point.day: (point.numerator, point.denominator) for point in found}


def start_of(order: Order, by: Period) -> date:
    day: date = order.paid_at.astimezone(ZONE).date()
    return {"day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}[by]


@pytest.mark.parametrize("by", ["day", "week", "month"])
class TestByHand:
    def test_orders_and_money(self, sold: Shop, by: Period) -> None:
        count: Counter[date] = Counter()
        money: Counter[date] = Counter()
        buyers: dict[date, Counter[int]] = defaultdict(Counter)
        for order in sold.rows(Order):
            count[start_of(order, by)] += 1
            money[start_of(order, by)] += order.total - order.refunded
            buyers[start_of(order, by)][order.customer_id] += 1
        assert numbers(sold, "orders", by) == {day: (n, None) for day, n in count.items()}
        assert numbers(sold, "revenue", by) == {day: (n, None) for day, n in money.items()}
        assert numbers(sold, "average_order", by) == {day: (money[day], n) for day, n in count.items()}
        assert numbers(sold, "buyers", by) == {day: (len(who), None) for day, who in buyers.items()}
        again = {day: (sum(n > 1 for n in who.values()), len(who)) for day, who in buyers.items()}
        assert numbers(sold, "monthly_repurchase", by) == again

    @pytest.mark.parametrize("days", [7, 30])
    def test_new_customers_and_who_came_again(self, sold: Shop, by: Period, days: int) -> None:
        by_customer: dict[int, list[Order]] = defaultdict(list)
        for order in sorted(sold.rows(Order), key=lambda each: each.paid_at):
            by_customer[order.customer_id].append(order)
        new: Counter[date] = Counter()
        over: Counter[date] = Counter()
        again: Counter[date] = Counter()
        for first, *rest in by_customer.values():
            new[start_of(first, by)] += 1
            end = first.paid_at + timedelta(days=days)
            if end <= sold.clock.now():
                over[start_of(first, by)] += 1
                again[start_of(first, by)] += any(first.paid_at < order.paid_at <= end for order in rest)
        assert numbers(sold, "new_customers", by) == {day: (n, None) for day, n in new.items()}
        assert numbers(sold, "repurchase", by, days) == {day: (again[day], n) for day, n in over.items()}


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_can_be_counted_of_nothing_and_is_on_the_page(shop: Shop, name: str) -> None:
    assert numbers(shop, name, "month") == {}
    metric = METRICS[name]
    with shop.db() as session:
        for part in metric.parts:
            by: Period = "show" if part == "show" else "day"
            assert points(session, name, SINCE, UNTIL, shop.clock.now(), ZONE, by=by, where={part: "x"}) == []
    page = PAGE.read_text(encoding="utf-8")
    unit = {"count": "个", "fen": "分", "share": "比例", "days": "天"}[metric.unit]
    parts = " ".join(f"`{part}`" for part in sorted(metric.parts))
    assert (
        f"| `{name}` | {metric.zh} · {metric.en} | {metric.means_zh} · {metric.means_en} | `{metric.table}` | {unit} |"
        f" {parts} |\n" in page
    )


@pytest.mark.parametrize(
    ("name", "until", "days", "words"),
    [
        ("sales", UNTIL, None, "there is no metric sales"),
        ("orders", UNTIL, 7, "looks no days ahead"),
        ("repurchase", UNTIL, 0, "from 1 to 366"),
        ("orders", SINCE, None, "from 1 day"),
        ("orders", date(2099, 1, 1), None, "from 1 day"),
    ],
)
def test_what_cannot_be_counted_is_told(shop: Shop, name: str, until: date, days: int | None, words: str) -> None:
    with shop.db() as session, pytest.raises(MetricError, match=words):
        points(session, name, SINCE, until, shop.clock.now(), ZONE, days=days)
