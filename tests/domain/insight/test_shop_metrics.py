"""Metrics of shows, spend, coupons, journeys and stock, and cohorts, against the same counted by hand."""

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from shop import Shop
from sqlmodel import col, select

from domain.coupons.tables import Coupon
from domain.customers.tables import Customer, Order
from domain.insight.attribution import attribute_again
from domain.insight.cohorts import cohorts
from domain.insight.definitions import METRICS
from domain.insight.forecasts import write_page
from domain.insight.metrics import MetricError, Period, customers_behind, part_of, points, products_behind
from domain.intake.tables import Event
from domain.journeys.tables import Enrollment
from domain.published.library import read_library
from domain.stock.tables import Replenishment
from domain.supply.tables import SupplyPlan

ZONE = ZoneInfo("Asia/Shanghai")
SINCE, UNTIL = date(2026, 1, 1), date(2026, 4, 1)
Numbers = dict[str, tuple[float, float | None]]
DAY = timedelta(days=1)
MONTHS = [(2025, 10), (2025, 11), (2025, 12), (2026, 1), (2026, 2), (2026, 3)]


def numbers(shop: Shop, name: str, by: Period = "month", where: str | None = None) -> Numbers:
    with shop.db() as session:
        found = points(session, name, SINCE, UNTIL, shop.clock.now(), ZONE, by=by, where=part_of(where))
    whole = 7 if by == "month" else None
    return {point.show or str(point.day)[5:whole]: (point.numerator, point.denominator) for point in found}


def behind(shop: Shop, name: str) -> dict[str, tuple[float, float | None]]:
    """A metric by product, of the whole span."""
    with shop.db() as session:
        found = products_behind(session, name, SINCE, UNTIL, shop.clock.now(), ZONE)
    return {each.sku: (each.numerator, each.denominator) for each in found}


class TestShows:
    def test_who_bought_in_shows_and_came_back(self, shop: Shop) -> None:
        chance = random.Random(8)
        shows, events = {}, []
        for number in range(160):
            time = datetime(2026, 1, 1, tzinfo=ZONE) + timedelta(seconds=chance.randrange(58 * 86400))
            show = chance.choice([{"stream_id": "s1"}, {"stream_id": "s2"}, {}])
            shows[f"o{number}"] = show.get("stream_id")
            data = {"order_id": f"o{number}", "total": chance.randrange(100, 9000), **show}
            who = f"c{chance.randrange(40)}"
            events.append(shop.incoming("order.paid", who, time=time, **data))
            if chance.random() < 0.2:
                events.append(shop.incoming("order.refunded", who, time=time, order_id=f"o{number}", total=50))
        shop.take(*events)
        orders = sorted(shop.rows(Order), key=lambda order: order.paid_at)
        paid, buyers, first_in, again, over = (defaultdict[str, int](int) for _ in range(5))
        met: set[int] = set()
        bought: dict[tuple[int, str], datetime] = {}
        for order in orders:
            show = shows[order.order_id]
            if show:
                paid[show] += order.total - order.refunded
                buyers[show] += (order.customer_id, show) not in bought
                bought.setdefault((order.customer_id, show), order.paid_at)
                first_in[show] += order.customer_id not in met
            met.add(order.customer_id)
        for (customer, show), at in bought.items():
            if at + 7 * DAY <= shop.clock.now():
                over[show] += 1
                again[show] += any(o.customer_id == customer and at < o.paid_at <= at + 7 * DAY for o in orders)
        assert numbers(shop, "show_revenue", "show") == {show: (n, None) for show, n in paid.items()}
        assert numbers(shop, "show_buyers", "show") == {show: (n, None) for show, n in buyers.items()}
        assert numbers(shop, "show_new_customers", "show") == {show: (n, None) for show, n in first_in.items()}
        assert numbers(shop, "show_repurchase", "show") == {show: (again[show], n) for show, n in over.items()}
        by_show = numbers(shop, "show_revenue", "show")
        with shop.db.begin() as session:
            session.connection().exec_driver_sql("UPDATE orders SET stream_id = NULL")
        assert numbers(shop, "show_revenue", "show") == {}
        with shop.db.begin() as session:
            assert attribute_again(session, "", 3 * DAY) is None
        assert numbers(shop, "show_revenue", "show") == by_show
        january = numbers(shop, "show_revenue", where="show:s1")["01"][0]
        assert 0 < january < paid["s1"]
        shares = numbers(shop, "new_from_shows")
        assert sum(n for n, _ in shares.values()) == sum(first_in.values())
        assert sum(n or 0 for _, n in shares.values()) == len(met)

    def test_who_watched(self, shop: Shop) -> None:
        time = shop.clock.now() - 5 * DAY
        for who, show, minutes in (("li", "s1", 7), ("li", "s1", 3), ("wang", "s2", None)):
            shop.post("stream.joined", who, time=time, stream_id=show)
            shop.post("stream.left", who, time=time, stream_id=show, watched_minutes=minutes)
        assert numbers(shop, "viewers", "show") == {"s1": (1, None), "s2": (1, None)}
        assert numbers(shop, "watched_minutes", "show") == {"s1": (10, None)}


def test_a_new_customer_costs_what_was_spent_where_it_was_recorded(shop: Shop) -> None:
    at = datetime(2026, 1, 15, tzinfo=ZONE)
    for number, days in enumerate((0, 1, 20, 25)):
        shop.post("order.paid", f"c{number}", time=at + days * DAY, order_id=str(number), total=100)
    assert numbers(shop, "cac") == {}
    shop.post("spend.recorded", time=at, amount=3000, channel="douyin")
    shop.post("spend.recorded", time=at, amount=1000, stream_id="s1")
    assert numbers(shop, "cac") == {"01": (4000, 2)}
    assert numbers(shop, "spend") == {"01": (4000, None)}
    assert numbers(shop, "spend", "show") == {"s1": (1000, None)}
    shop.post("spend.recorded", time=at - 10 * DAY, amount=500)
    assert numbers(shop, "cac", "week")["01-05"] == (500, 0)


def test_days_begin_at_midnight_of_the_zone(shop: Shop) -> None:
    for number, time in enumerate(("2026-01-31T15:59:59.999+00:00", "2026-01-31T16:00:00+00:00")):
        shop.post("order.paid", "li", time=datetime.fromisoformat(time), order_id=str(number), total=number + 1)
    assert numbers(shop, "revenue") == {"01": (1, None), "02": (2, None)}


def test_journeys_are_told_apart(shop: Shop) -> None:
    spec = """
        journey: visits
        trigger: {event: form.filled}
        entry: {again: always}
        goal: {event: order.paid, within: 3d}
        steps: [{id: gift, send: gift, via: [sms]}]
    """
    shop.publish(spec, caps={}, quiet_hours="none")
    shop.publish(spec.replace("visits", "others"), caps={}, quiet_hours="none")
    shop.customers("li", "wang")
    for name in ("li", "wang", "li"):
        shop.post("form.filled", name)
    shop.post("order.paid", "wang", order_id="o1", total=100)
    shop.clock.set(shop.clock.now() + 5 * DAY)
    assert numbers(shop, "entered") == {"03": (6, None)}
    assert numbers(shop, "entered", where="journey:visits") == {"03": (3, None)}
    assert numbers(shop, "goal_rate", where="journey:others") == {"03": (1, 3)}
    assert numbers(shop, "goal_rate", where="journey:nothing") == {}


def test_coupons_bring_revenue_and_cost_margin(shop: Shop) -> None:
    shop.publish(
        """
        journey: visits
        trigger: {event: form.filled}
        entry: {again: always}
        steps: [{coupon: ten}]
        """
    )
    (li,) = shop.customers("li")
    at = datetime(2026, 2, 1, 12, tzinfo=UTC)
    shop.post("form.filled", "li")
    (enrollment,) = shop.rows(Enrollment)
    shop.post("order.paid", "li", time=at, order_id="o1", total=5000)
    shop.post("order.paid", "li", time=at, order_id="o2", total=900)
    with shop.db.begin() as session:
        for code, campaign, order, cost in (("a", "ten", "o1", 1000), ("b", "five", "o1", 500), ("c", "ten", None, 0)):
            session.add(
                Coupon(
                    code=code, campaign=campaign, customer_id=li, enrollment_id=enrollment.id, step=code, issued_at=at,
                    status="redeemed" if order else "issued", expires_at=at + DAY, cost=cost, order_id=order,
                )
            )  # fmt: skip
    assert numbers(shop, "coupon_revenue") == {"02": (5000, None)}
    assert numbers(shop, "coupon_revenue", where="campaign:ten") == {"02": (2500, None)}
    assert numbers(shop, "coupon_break_even") == {"02": (1500, 6500)}
    assert numbers(shop, "coupon_redemption", where="campaign:ten") == {"02": (1, 2)}
    assert numbers(shop, "coupon_cost", where="campaign:five") == {"02": (500, None)}


def test_stock_turns_over_and_expires(shop: Shop) -> None:
    at = datetime(2026, 2, 1, 9, tzinfo=ZONE)
    shop.post("product.updated", time=at, sku="milk", min_days=2)
    for lot, quantity, expires in (("l1", 10, "2026-02-05"), ("l2", 6, "2026-02-20"), ("l3", 9, "2026-12-01")):
        shop.post("lot.received", time=at, lot_id=lot, sku="milk", quantity=quantity, expires_on=expires)
    for number, (day, units) in enumerate(((0, 2), (3, 3), (8, 4), (10, 1))):
        items = [{"sku": "milk", "quantity": units}]
        time = at + day * DAY + timedelta(hours=1)
        shop.post("order.paid", "li", time=time, order_id=str(number), total=100, items=items)
    day_by_day = [25 - 2] * 3 + [20] * 5 + [16] * 2 + [15] * (28 - 10) + [15]
    assert numbers(shop, "turnover_days", "month")["02"] == (sum(day_by_day[:28]), 10)
    assert numbers(shop, "expiry_loss")["02"] == (8, 16)  # two days before it expires, none of l1 is sold any more
    assert numbers(shop, "sell_through")["02"] == (2 + 6, 16)
    shop.post("lot.received", time=at, lot_id="l4", sku="tea", quantity=4, expires_on="2026-02-10", price=900)
    assert numbers(shop, "expiry_loss_money")["02"] == (4 * 900, 4 * 900)
    of_each = {name: behind(shop, name) for name in ("expiry_loss", "sell_through", "turnover_days")}
    assert of_each == {
        "expiry_loss": {"milk": (8, 16), "tea": (4, 4)},
        "sell_through": {"milk": (2 + 6, 16), "tea": (0, 4)},
        "turnover_days": {"milk": (sum(day_by_day[:28]) + 15 * 2, 10), "tea": (4 * (28 + 2), 0)},
    }
    for name, products in of_each.items():
        of_all = numbers(shop, name).values()
        assert sum(n for n, _ in products.values()) == pytest.approx(sum(n for n, _ in of_all))
        assert sum(by or 0 for _, by in products.values()) == pytest.approx(sum(by or 0 for _, by in of_all))
    with pytest.raises(MetricError, match="orders is not made of products"):
        behind(shop, "orders")
    with shop.db.begin() as session:
        shop.post("stock.alarm", time=at, sku="milk", reason="level")
        alarm = session.exec(select(Event.id).where(col(Event.type) == "stock.alarm")).one()
        session.add(
            Replenishment(
                alarm_id=alarm, sku="milk", status="received", proposed=1, pack=1, created_at=at, received=5,
                closed_at=at + 2.5 * DAY,
            )
        )  # fmt: skip
    assert numbers(shop, "alarms") == {"02": (1, None)}
    assert behind(shop, "alarms") == {"milk": (1, None)}
    assert numbers(shop, "lead_days") == {"02": (2.5, 1)}


def test_deliveries_and_what_was_foretold_of_days_are_measured(shop: Shop) -> None:
    at = datetime(2026, 2, 2, 6, tzinfo=ZONE)
    lot = {"expires_on": "2026-12-01", "quantity": 100}
    shop.post("lot.received", time=at - DAY, lot_id="h", sku="milk", city="杭州市", **lot)
    shop.post("lot.received", time=at - DAY, lot_id="b", sku="milk", city="北京", **lot)
    for day, units, city in ((0, 9, "杭州"), (1, 8, "杭州"), (1, 50, "北京"), (2, 14, "杭州")):
        items = [{"sku": "milk", "quantity": units}]
        order = {"order_id": f"{day}{city}", "total": 1, "items": items, "city": city}
        shop.post("order.paid", "li", time=at + day * DAY + DAY / 4, **order)

    def plan(made: datetime, week: list[tuple[str, float, float]], **more: Any) -> SupplyPlan:
        line = {"sku": "milk", "city": "杭州", "of": "product", "week": week}
        nothing = {"sku": "tea", "city": None, "of": "nothing", "week": week}
        values = {"supplier": "a", "way": "vmi", "status": "received", "created_at": made, "lines": [line, nothing]}
        return SupplyPlan(**{**values, "on": made.date(), "promised_on": date(2026, 2, 4), "closed_at": made, **more})

    came = {
        "milk": {"quantity": 90, "on": "2026-02-04", "lot": "x"},
        "tea": {"quantity": 9, "on": "2026-02-05", "lot": "y"},
    }  # fmt: skip
    week = [("2026-02-02", 1.0, 1.0), ("2026-02-03", 10.0, 12.0), ("2026-02-04", 9.0, 12.0)]
    later = [("2026-02-03", 1.0, 1.0), ("2026-02-04", 10.0, 12.0), ("2030-01-01", 9.0, 12.0)]
    with shop.db.begin() as session:
        session.add(plan(at, week, ordered={"milk": 100, "tea": 5}, received=came))
        session.add(plan(at + DAY, later, ordered={"tea": 20}, status="lapsed"))
        session.add(plan(at + 2 * DAY, [], ordered={"tea": 20}, status="shipped", closed_at=None))
    assert numbers(shop, "supplied") == {"02": (90 + 5, 125)}
    assert behind(shop, "supplied") == {"milk": (90, 100), "tea": (5, 25)}
    assert numbers(shop, "delivered_in_time") == {"02": (1, 3)}
    assert numbers(shop, "forecast_error", "day") == {"02-03": (2, 8), "02-04": (4, 14)}
    assert numbers(shop, "forecast_coverage") == {"02": (1, 2)}


def test_cohorts_are_those_counted_by_hand(shop: Shop) -> None:
    chance = random.Random(6)
    events = []
    for number in range(200):
        time = datetime(2025, 10, 1, tzinfo=ZONE) + timedelta(seconds=chance.randrange(150 * 86400))
        data = {"order_id": f"o{number}", "total": chance.randrange(100, 9000)}
        events.append(shop.incoming("order.paid", f"c{chance.randrange(60)}", time=time, **data))
    shop.take(*events)
    with shop.db.begin() as session:
        forecasts = [(id, 0.5, id * 100) for id in session.exec(select(Customer.id))]
        write_page(session, read_library(session), forecasts, shop.clock.now())
    orders = sorted(shop.rows(Order), key=lambda order: order.paid_at)

    def month(at: datetime) -> tuple[int, int]:
        local = at.astimezone(ZONE)
        return local.year, local.month

    first: dict[int, tuple[int, int]] = {}
    for order in orders:
        first.setdefault(order.customer_id, month(order.paid_at))
    expected = []
    for start in sorted(set(first.values())):
        ours = {customer for customer, when in first.items() if when == start}
        months = [each for each in MONTHS if each >= start]
        theirs = [(order, month(order.paid_at)) for order in orders if order.customer_id in ours]
        active = [len({order.customer_id for order, at in theirs if at == each}) for each in months]
        paid = [sum(order.total for order, at in theirs if at <= each) for each in months]
        expected.append((start, len(ours), active, paid, sum(ours) * 100))
    with shop.db() as session:
        found = cohorts(session, shop.clock.now(), ZONE)
        recent = cohorts(session, shop.clock.now(), ZONE, months=3)
    told = [((c.month.year, c.month.month), c.customers, list(c.active), list(c.realised), c.expected) for c in found]
    assert told == expected
    assert [each.month for each in recent] == [each.month for each in found if each.month >= date(2026, 1, 1)]


@pytest.mark.parametrize(
    ("name", "by", "where", "words"),
    [
        ("orders", "show", None, "orders isn't counted by show; by day only"),
        ("sent", "day", "show:s1", "sent isn't counted by show; by journey"),
        ("sent", "day", "journey", "where is written like"),
        ("sent", "day", "city:x", "where is written like"),
    ],
)
def test_what_is_not_counted_so_is_told(shop: Shop, name: str, by: Period, where: str | None, words: str) -> None:
    with pytest.raises(MetricError, match=words):
        numbers(shop, name, by, where)


def test_the_customers_behind_a_metric_add_up_to_it(shop: Shop) -> None:
    """Of every metric of customers whose numerator adds up over them."""
    chance = random.Random(2)
    spec = """
        journey: visits
        trigger: {event: form.filled}
        entry: {again: always}
        goal: {event: order.paid, within: 3d}
        steps: [{id: gift, send: gift, via: [sms]}]
    """
    shop.publish(spec, caps={}, quiet_hours="none")
    names = [f"c{number}" for number in range(6)]
    shop.customers(*names)
    shop.take(*[shop.incoming("form.filled", name) for name in names])
    shop.give("send", shop.group("gift"))
    for number in range(30):
        shop.clock.set(shop.clock.now() + DAY / 4)
        who, show = chance.choice(names), chance.choice([{"stream_id": "s1"}, {}])
        shop.post("order.paid", who, order_id=f"o{number}", total=chance.randrange(1, 900), **show)
        shop.post("stream.joined", who, stream_id="s1")
        shop.post("stream.left", who, stream_id="s1", watched_minutes=chance.randrange(1, 9))
    shop.clock.set(datetime(2026, 3, 31, tzinfo=ZONE))
    told = set()
    with shop.db() as session:
        for name, metric in METRICS.items():
            if metric.of != "customers":
                with pytest.raises(MetricError, match="not made of customers"):
                    customers_behind(session, name, SINCE, UNTIL, shop.clock.now(), ZONE)
                continue
            behind = customers_behind(session, name, SINCE, UNTIL, shop.clock.now(), ZONE)
            found = points(session, name, SINCE, UNTIL, shop.clock.now(), ZONE, by="month")
            assert sum(each.number for each in behind) == pytest.approx(sum(point.numerator for point in found)), name
            assert [each.number for each in behind] == sorted((each.number for each in behind), reverse=True)
            told |= {name} if behind else set()
        part = customers_behind(session, "show_revenue", SINCE, UNTIL, shop.clock.now(), ZONE, where={"show": "s1"})
        assert part == customers_behind(session, "show_revenue", SINCE, UNTIL, shop.clock.now(), ZONE)
        assert not customers_behind(session, "show_revenue", SINCE, UNTIL, shop.clock.now(), ZONE, where={"show": "x"})
    assert len(told) > 15
