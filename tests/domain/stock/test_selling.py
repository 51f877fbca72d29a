"""The rate of sale, and what won't sell before its cut-off."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop import Shop

from domain.intake.ingest import Incoming
from domain.stock import inventory
from domain.stock.selling import Sales, Stock, at_risk, read_sales

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 3, 2, 12, tzinfo=SHANGHAI)
MILK = ("milk", "上海")


def steady(rate: float, weeks: int = 400) -> Sales:
    """So long a history that the prior doesn't show."""
    return Sales([rate * weeks] * 7, [float(weeks)] * 7)


def received(
    shop: Shop, at: datetime, units: int, lot: str = "A", expires: str = "2026-03-06", **more: str
) -> Incoming:
    data = {"lot_id": lot, "sku": "milk", "city": "上海", "expires_on": expires, "quantity": units, **more}
    return shop.incoming("lot.received", time=at, **data)


def sold(shop: Shop, at: datetime, units: int) -> Incoming:
    order = f"o{shop.posted}"
    items = [{"sku": "milk", "quantity": units}]
    return shop.incoming("order.paid", "li", time=at, order_id=order, total=1, items=items)


def near(shop: Shop) -> list[dict[str, object]]:
    with shop.db() as session:
        offered, _ = inventory.near_expiry_page(session, shop.clock.now(), SHANGHAI, after="", limit=100)
        return [dict(each) for each in offered]


class TestRate:
    def test_a_weekday_is_drawn_towards_the_mean_of_all(self) -> None:
        sales = Sales([8.0, 0, 0, 0, 0, 0, 20.0], [4.0] * 7)
        assert sales.rate(0) == pytest.approx((8 + 1) / 5)
        assert sales.rate(1) == pytest.approx(1 / 5)
        assert sales.rate(6) == pytest.approx((20 + 1) / 5)

    def test_without_sales_there_is_none(self) -> None:
        assert Sales(exposure=[4.0] * 7).rate(0) is None

    def test_a_day_sold_out_at_noon_is_half_a_day(self, shop: Shop) -> None:
        """Ten sold by noon, and nothing to sell after: twenty a day, not ten."""
        start = datetime(2026, 2, 23, tzinfo=SHANGHAI)
        for day in range(5):
            midnight = start + timedelta(days=day)
            shop.take(received(shop, midnight, 10, lot=f"L{day}"), sold(shop, midnight + timedelta(hours=12), 10))
        with shop.db() as session:
            sales = read_sales(session, ["milk"], MONDAY, SHANGHAI)[MILK]
        assert sales.sold == [10.0] * 5 + [0.0] * 2
        assert sales.exposure == pytest.approx([0.5] * 5 + [0.0] * 2)
        assert sum(sales.sold) / sum(sales.exposure) == pytest.approx(20)

    def test_what_could_no_longer_be_sold_was_not_there_to_be_sold(self, shop: Shop) -> None:
        start = datetime(2026, 2, 20, tzinfo=SHANGHAI)
        shop.take(received(shop, start, 10, expires="2026-02-23"), sold(shop, start + timedelta(hours=6), 4))
        shop.post("product.updated", sku="milk", min_days=1)
        with shop.db() as session:
            sales = read_sales(session, ["milk"], MONDAY, SHANGHAI)[MILK]
        assert sum(sales.exposure) == pytest.approx(3)

    def test_each_place_has_its_own(self, shop: Shop) -> None:
        start = MONDAY - timedelta(days=10)
        shop.take(received(shop, start, 90), received(shop, start, 90, lot="B", city="北京"))
        shop.take(sold(shop, MONDAY - timedelta(days=2), 7))
        with shop.db() as session:
            assert list(read_sales(session, ["milk"], MONDAY, SHANGHAI)) == [MILK]

    def test_what_came_back_was_not_sold(self, shop: Shop) -> None:
        shop.take(received(shop, MONDAY - timedelta(days=10), 90))
        shop.take(sold(shop, MONDAY - timedelta(days=2), 7), sold(shop, MONDAY - timedelta(days=2), 5))
        shop.post("order.refunded", "li", order_id="o1", time=MONDAY - timedelta(days=1))
        with shop.db() as session:
            assert sum(read_sales(session, ["milk"], MONDAY, SHANGHAI)[MILK].sold) == 5


class TestAtRisk:
    @pytest.mark.parametrize(
        ("lots", "expected"),
        [
            ([("A", 30, 1)], {"A": 15}),  # half of today, and tomorrow
            ([("A", 10, 1)], {"A": 0}),
            ([("A", 10, 1), ("B", 30, 2)], {"A": 0, "B": 15}),  # 25 sell in all, 10 of them from A
            ([("B", 30, 2), ("A", 40, 1)], {"A": 25, "B": 20}),  # only after A's cut-off does B sell
            ([("A", 5, -1)], {"A": 5}),
            ([("A", -3, 4)], {"A": 0}),
        ],
    )
    def test_lots_sell_one_after_the_other(self, lots: list[tuple[str, int, int]], expected: dict[str, int]) -> None:
        stock = [Stock(lot, units, date(2026, 3, 2) + timedelta(days=days)) for lot, units, days in lots]
        assert at_risk(steady(10), stock, MONDAY, SHANGHAI) == expected

    @given(
        st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), max_size=6),
        st.floats(0.1, 30),
    )
    def test_more_demand_never_leaves_more(self, lots: list[tuple[int, int]], rate: float) -> None:
        stock = [
            Stock(f"L{place}", units, date(2026, 3, 2) + timedelta(days=days))
            for place, (units, days) in enumerate(lots)
        ]
        slow, fast = (at_risk(steady(each), stock, MONDAY, SHANGHAI) for each in (rate, rate * 1.5))
        assert sum(fast.values()) <= sum(slow.values())
        assert all(0 <= slow[lot.lot_id] <= lot.units for lot in stock)


class TestNearExpiry:
    def test_what_sells_in_time_is_not_offered(self, shop: Shop) -> None:
        start = datetime(2026, 2, 23, tzinfo=SHANGHAI)
        shop.take(received(shop, start, 200), received(shop, start, 500, lot="B", expires="2026-03-08"))
        for day in range(7):
            shop.take(sold(shop, start + timedelta(days=day, hours=20), 24))
        (lot,) = near(shop)
        assert lot["lot_id"] == "B"
        assert lot["days"] == 7
        assert lot["rate"] == pytest.approx(168 / 7.5, rel=0.05)
        assert 350 <= int(str(lot["at_risk"])) <= 390  # about 22 a day for six and a half days, 32 of them from A

    def test_without_a_history_all_that_is_near_is_offered(self, shop: Shop) -> None:
        shop.take(received(shop, MONDAY, 5), received(shop, MONDAY, 5, lot="far", expires="2026-04-02"))
        assert near(shop) == [{"lot_id": "A", "at_risk": 5, "days": 5}]

    def test_days_are_counted_to_the_cut_off(self, shop: Shop) -> None:
        shop.post("product.updated", sku="milk", min_days=3)
        shop.take(received(shop, MONDAY, 5))
        assert near(shop) == [{"lot_id": "A", "at_risk": 5, "days": 2}]

    def test_pages_follow_each_other_whatever_is_offered(self, shop: Shop) -> None:
        shop.take(*(received(shop, MONDAY, 5, lot=f"L{number}") for number in range(5)))
        cursor: str | None = ""
        found = []
        while cursor is not None:
            with shop.db() as session:
                page, cursor = inventory.near_expiry_page(session, MONDAY, SHANGHAI, after=cursor, limit=2)
            found += [each["lot_id"] for each in page]
        assert found == [f"L{number}" for number in range(5)]
