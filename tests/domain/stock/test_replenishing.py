"""What a proposal is worked out from: sales as the stock book knows them, in shows and outside them."""

import math
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from shop import Shop
from sqlmodel import select

from domain.intake.ingest import Incoming
from domain.intake.tables import Event
from domain.published.publishing import publish_document
from domain.stock.replenishment import begin
from domain.stock.tables import LiveSale, Lot, Replenishment, ReplenishmentNotice

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 3, 2, tzinfo=SHANGHAI)


def received(shop: Shop, at: datetime, units: int, lot: str, **where: str) -> Incoming:
    data = {"lot_id": lot, "sku": "beans", "quantity": units, "expires_on": "2027-01-01", **where}
    return shop.incoming("lot.received", time=at, **data)


def sold(shop: Shop, at: datetime, units: int, **more: Any) -> Incoming:
    items = [{"sku": "beans", "quantity": units}]
    return shop.incoming("order.paid", "li", time=at, order_id=f"o{shop.posted}", total=1, items=items, **more)


def alarmed(shop: Shop, **alarm: Any) -> int:
    with shop.db.begin() as session:
        publish_document(session, "_stock", {"defaults": {"buyer": "甲"}})
    shop.post("stock.alarm", sku="beans", kind="selling_out", **alarm)
    with shop.db() as session:
        return session.exec(select(Event.id).where(Event.type == "stock.alarm")).one()


def proposed(shop: Shop, **alarm: Any) -> Replenishment:
    alarm_id = alarmed(shop, **alarm)
    with shop.db.begin() as session:
        begin(session, alarm_id, shop.clock.now())
    with shop.db() as session:
        return session.exec(select(Replenishment)).one()


def test_what_stores_sold_outside_of_shows_is_demand(shop: Shop) -> None:
    """Ten a day in the store for two weeks, and thirty in one show: 12 a day, where the show alone has about 2."""
    start = MONDAY - timedelta(days=14)
    shop.take(received(shop, start, 1000, "A", store="S1", city="杭州"))
    shop.take(*(sold(shop, start + timedelta(days=day, hours=9), 10, store="S1") for day in range(14)))
    shop.take(sold(shop, start + timedelta(days=7, hours=20), 30, store="S1", stream_id="s"))
    row = proposed(shop)
    assert row.basis["per_day"] == pytest.approx(170 / 14.5, rel=0.01)
    assert row.basis["sold_by_day"] == [0, *[10] * 6, 40, *[10] * 7]
    assert row.basis["reorder_point"] > 3 * row.basis["per_day"]


@pytest.mark.parametrize("comes_back", [False, True])
def test_what_went_to_wholesale_is_no_demand_and_the_proposal_says_so(shop: Shop, *, comes_back: bool) -> None:
    start = MONDAY - timedelta(days=14)
    shop.take(received(shop, start, 330, "A", store="S1", city="杭州"))
    shop.take(*(sold(shop, start + timedelta(days=day, hours=9), 2, store="S1") for day in range(14)))
    whole = sold(shop, start + timedelta(days=7, hours=20), 300, store="S1", stream_id="s", channel="wholesale")
    shop.take(whole)
    if comes_back:
        items = [{"sku": "beans", "quantity": 100}]
        shop.post("order.refunded", "li", order_id=whole.data["order_id"], items=items)
    row = proposed(shop)
    assert row.basis["per_day"] == pytest.approx(28 / 14.5, rel=0.01)
    assert row.basis["sold_by_day"] == [0, *[2] * 14]
    assert row.basis["wholesale"] == (200 if comes_back else 300)
    assert ["批发 300 件" in notice.body for notice in shop.rows(ReplenishmentNotice)] == [True] * (not comes_back)
    assert [lot.on_hand for lot in shop.rows(Lot)] == [330 - 28 - row.basis["wholesale"]]
    assert shop.rows(LiveSale) == []


@pytest.mark.parametrize(
    ("large", "on_days", "beside"),
    [
        pytest.param(300, [7], 298, id="one order counts as the largest of the others"),
        pytest.param(300, [3, 7], 2 * 298, id="and so does another"),
        pytest.param(300, [2, 5, 8, 11], 0, id="what comes again and again is ordinary"),
        pytest.param(16, [7], 0, id="eight times the usual is no wonder"),
        pytest.param(17, [7], 15, id="more is"),
    ],
)
def test_an_outlying_order_sets_no_rate_and_the_proposal_says_so(
    shop: Shop, large: int, on_days: list[int], beside: int
) -> None:
    start = MONDAY - timedelta(days=14)
    shop.take(received(shop, start, 2000, "A", store="S1", city="杭州"))
    shop.take(*(sold(shop, start + timedelta(days=day, hours=9), 2, store="S1") for day in range(14)))
    shop.take(*(sold(shop, start + timedelta(days=day, hours=20), large, store="S1", stream_id="s") for day in on_days))
    row = proposed(shop)
    counted = 28 + large * len(on_days) - beside
    assert row.basis["per_day"] == pytest.approx(counted / 14.5, rel=0.01)
    assert row.basis["beside"] == beside
    assert sum(row.basis["sold_by_day"]) == counted
    told = [f"大单，其中 {beside} 件未计入销量" in notice.body for notice in shop.rows(ReplenishmentNotice)]
    assert told == [beside > 0] * len(told)


@pytest.mark.parametrize(
    ("orders", "beside"),
    [
        pytest.param([1, 1, 60, 1, 1], 59, id="one order counts as the largest of the others"),
        pytest.param([8, 1, 1, 1], 0, id="eight times the usual is no wonder"),
        pytest.param([9, 1, 1, 1], 8, id="more is"),
        pytest.param([60], 0, id="with none beside it nothing is known of what is usual"),
        pytest.param([60, 60, 1], 0, id="two are a rush"),
    ],
)
def test_one_outlying_order_in_a_show_is_no_rush_and_the_proposal_says_so(
    shop: Shop, orders: list[int], beside: int
) -> None:
    now = shop.clock.now()
    shop.take(received(shop, now - timedelta(days=1), 2000, "A", store="S1", city="杭州"))
    shop.take(*(sold(shop, now - timedelta(minutes=2), units, store="S1", stream_id="s") for units in orders))
    shop.take(sold(shop, now - timedelta(minutes=2), 500, store="S1", stream_id="s", channel="wholesale"))
    shop.take(sold(shop, now - timedelta(minutes=2), 500, store="S1", stream_id="another"))
    shop.take(sold(shop, now - timedelta(minutes=5), 500, store="S1", stream_id="s"))
    row = proposed(shop, stream_id="s", sold=sum(orders), window=5, per_minute=sum(orders) / 5)
    assert row.basis["rush"] == math.ceil((sum(orders) - beside) / 5 * 30)
    assert row.basis["beside"] == beside


def test_days_sold_out_show_no_demand(shop: Shop) -> None:
    """Twenty came in on each of fourteen mornings, and were gone by noon: forty a day."""
    for day in range(15, 1, -1):
        morning = MONDAY - timedelta(days=day)
        shop.take(received(shop, morning, 20, f"L{day}", city="杭州"))
        shop.take(sold(shop, morning + timedelta(hours=12), 20, city="杭州"))
    row = proposed(shop)
    assert row.basis["per_day"] == pytest.approx(40)
    assert row.proposed == 400


def test_the_stores_of_the_shows_city_count_and_no_others(shop: Shop) -> None:
    start = MONDAY - timedelta(days=10)
    shop.post("stream.scheduled", stream_id="s", city="杭州", starts_at=MONDAY.isoformat())
    for store, city in (("S1", "杭州"), ("S2", "杭州"), ("N1", "北京")):
        shop.take(received(shop, start, 1000, store, store=store, city=city))
        shop.take(*(sold(shop, start + timedelta(days=day, hours=1), 6, store=store) for day in range(10)))
    assert proposed(shop, stream_id="s").basis["per_day"] == pytest.approx(2 * 60 / 10.5, rel=0.01)


def test_of_what_has_no_lot_there_the_sales_of_shows_count(shop: Shop) -> None:
    shop.take(*(sold(shop, MONDAY - timedelta(days=day), 14, stream_id="s") for day in (6, 3)))
    row = proposed(shop)
    assert (row.basis["per_day"], row.basis["sold_by_day"]) == (4, [0, 0, 0, 14, 0, 0, 14])


def test_asked_for_several_times_at_once_it_is_one_proposal(shop: Shop) -> None:
    shop.take(sold(shop, MONDAY - timedelta(days=3), 14, stream_id="s"))
    alarm_id = alarmed(shop)

    def ask() -> str:
        with shop.db.begin() as session:
            return begin(session, alarm_id, shop.clock.now()).status

    assert shop.at_once(*[ask] * 12) == ["proposed"] * 12


def test_a_new_product_whose_first_show_sells_out_is_asked_for(shop: Shop) -> None:
    now = shop.clock.now()
    shop.take(received(shop, now - timedelta(hours=2), 60, "A", city="杭州"))
    shop.take(shop.incoming("stream.started", time=now - timedelta(hours=1), stream_id="s", city="杭州"))
    with shop.db.begin() as session:
        publish_document(session, "_stock", {"defaults": {"buyer": "甲"}})
    shop.take(sold(shop, now - timedelta(minutes=20), 60, stream_id="s", city="杭州"))
    with shop.db.begin() as session:
        (alarm,) = session.exec(select(Event.id).where(Event.type == "stock.alarm"))
        begin(session, alarm, now)
    (row,) = shop.rows(Replenishment)
    assert (row.status, row.basis["left"]) == ("proposed", 0)
    assert row.proposed > 0


@pytest.mark.parametrize(
    ("left", "minutes", "proposed_units"),
    [
        pytest.param(0, 180, 2 * 120, id="what it sells until its planned end"),
        pytest.param(100, 180, 2 * 120 - 100, id="less what is left"),
        pytest.param(0, 61, 2 * 30, id="at least what the alarm looks ahead"),
        pytest.param(500, 180, 0, id="more is left than it will sell"),
    ],
)
def test_a_product_without_history_is_proposed_from_the_show_itself(
    shop: Shop, left: int, minutes: int, proposed_units: int
) -> None:
    now = shop.clock.now()
    starts = (now - timedelta(hours=1)).isoformat()
    shop.post("stream.scheduled", time=now - timedelta(days=1), stream_id="s", starts_at=starts, minutes=minutes)
    if left:
        shop.take(received(shop, now - timedelta(hours=2), left, "A"))
    row = proposed(shop, stream_id="s", per_minute=2)
    assert (row.proposed, row.basis["by"], row.ceiling) == (proposed_units, "show", None)
    assert (row.status == "enough") == (left == 500)


def test_where_nothing_is_left_it_is_never_enough(shop: Shop) -> None:
    start = MONDAY - timedelta(days=20)
    shop.take(received(shop, start, 3, "A"))
    shop.take(sold(shop, start + timedelta(hours=9), 3))
    row = proposed(shop)
    assert (row.status, row.basis["left"]) == ("proposed", 0)
    assert row.proposed >= 1


def test_no_more_is_proposed_than_there_is_room_for(shop: Shop) -> None:
    shop.take(received(shop, shop.clock.now() - timedelta(hours=2), 10, "A"))
    with shop.db.begin() as session:
        publish_document(session, "_stock", {"defaults": {"buyer": "甲", "capacity": 50, "pack": 6}})
    shop.post("stock.alarm", sku="beans", kind="selling_out", per_minute=9)
    with shop.db.begin() as session:
        (alarm,) = session.exec(select(Event.id).where(Event.type == "stock.alarm"))
        begin(session, alarm, shop.clock.now())
    (row,) = shop.rows(Replenishment)
    assert (row.proposed, row.basis["capacity"]) == (48, 50)
