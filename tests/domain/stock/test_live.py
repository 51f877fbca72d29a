"""What shows sell, and the alarms that this raises, on the real database."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from shop import Shop
from sqlalchemy import event as sqlalchemy_event
from sqlmodel import Session, select

from domain.intake.ingest import Incoming
from domain.intake.tables import Event
from domain.published.library import read_library
from domain.published.publishing import publish_document
from domain.stock.live import follow_sales
from domain.stock.tables import LiveProduct, LiveSale, Stream
from workflows.language.stock_rules import StockRules

EVENING = datetime(2026, 3, 2, 20, tzinfo=ZoneInfo("Asia/Shanghai"))
MINUTE = timedelta(minutes=1)


class Show(Shop):
    """A shop whose shows sell beans, one unit a minute on two evenings of the past."""

    def past(self, *days: int, per_minute: int = 1, sku: str = "beans") -> None:
        with self.db.begin() as session:
            for day in days:
                began = EVENING - timedelta(days=day)
                session.add(Stream(stream_id=f"past-{day}", starts_at=began, ended_at=began + 120 * MINUTE))
                for n in range(120):
                    at = began + n * MINUTE
                    session.add(LiveSale(stream_id=f"past-{day}", sku=sku, minute=at, units=per_minute))

    def begin(self, id: str = "tonight") -> None:
        self.clock.set(EVENING)
        self.post("stream.started", stream_id=id)

    def order(
        self, time: datetime, stream: str = "tonight", sku: str = "beans", quantity: int = 1, who: str = "li"
    ) -> Incoming:
        self.posted += 1
        items = [{"sku": sku, "quantity": quantity}]
        data = {"order_id": f"o{self.posted}", "total": 100, "stream_id": stream, "items": items}
        return Incoming("test", str(self.posted), "order.paid", time, data, (("member_no", who),))

    def sell(self, minutes: float, per_minute: float, *, stream: str = "tonight", sku: str = "beans") -> None:
        """Sell evenly from now on, each order taken as it happens."""
        step = MINUTE / per_minute
        for _ in range(round(minutes * per_minute)):
            self.clock.set(self.clock.now() + step)
            self.take(self.order(self.clock.now(), stream, sku))

    def stock(self, quantity: int, sku: str = "beans", **lot: Any) -> None:
        lot = {"lot_id": f"lot-{sku}", "quantity": quantity, "expires_on": "2026-05-01", **lot}
        self.post("lot.received", sku=sku, **lot)

    def alarms(self) -> list[dict[str, Any]]:
        with self.db() as session:
            return [each.data for each in session.exec(select(Event).where(Event.type == "stock.alarm"))]

    def rules(self, **defaults: Any) -> None:
        with self.db.begin() as session:
            rules = StockRules.model_validate({"defaults": defaults})
            publish_document(session, "_stock", rules.body())


@pytest.fixture
def show(shop: Shop) -> Show:
    return Show(shop.db, shop.clock)


def test_a_product_that_sells_as_ever_raises_no_alarm(show: Show) -> None:
    show.past(1, 2, 3, 4)
    show.begin()
    show.sell(60, 1.0)
    assert show.alarms() == []


def test_a_product_that_sells_at_three_times_its_rate_raises_one_within_minutes(show: Show) -> None:
    show.past(1, 2, 3, 4, per_minute=5)
    show.begin()
    show.sell(5, 5.0)
    show.sell(6, 15.0)
    (alarm,) = show.alarms()
    assert (alarm["sku"], alarm["stream_id"], alarm["kind"]) == ("beans", "tonight", "selling_fast")
    assert alarm["sold"] >= 2.5 * alarm["expected"]
    assert "left" not in alarm


def test_a_product_that_is_nearly_gone_raises_an_alarm_though_it_was_never_sold_before(show: Show) -> None:
    show.stock(80)
    show.begin()
    show.sell(20, 3.0)
    (alarm,) = show.alarms()
    assert (alarm["kind"], alarm["per_minute"]) == ("selling_out", pytest.approx(3, abs=0.7))
    gone = datetime.fromisoformat(alarm["sells_out_at"]) - EVENING
    assert timedelta(minutes=20) < gone < timedelta(minutes=40)


def test_a_product_without_stock_is_told_at_its_first_order(show: Show) -> None:
    show.stock(0)
    show.begin()
    show.sell(1, 1.0)
    (alarm,) = show.alarms()
    assert (alarm["kind"], alarm["left"]) == ("selling_out", 0)


def test_stock_of_another_city_or_past_its_day_does_not_count(show: Show) -> None:
    show.stock(1000, lot_id="far", city="上海")
    show.stock(1000, lot_id="old", expires_on="2026-03-01", city="杭州")
    show.stock(5, lot_id="near", city="杭州")
    show.clock.set(EVENING)
    show.post("stream.started", stream_id="tonight", city="杭州")
    show.sell(10, 1.0)
    (alarm,) = show.alarms()
    assert alarm["left"] <= 5


def test_there_is_no_second_alarm_until_the_cool_down_is_over(show: Show) -> None:
    show.rules(quiet_for="20m")
    show.stock(0)
    show.begin()
    show.sell(19, 1.0)
    assert len(show.alarms()) == 1
    show.sell(3, 1.0)
    assert len(show.alarms()) == 2


def test_a_burst_that_comes_late_and_out_of_order_counts_when_it_was_sold(show: Show) -> None:
    show.past(1, 2, 3, 4)
    show.begin()
    show.clock.set(EVENING + 60 * MINUTE)
    orders = [show.order(EVENING + n * MINUTE, who=f"c{n}") for n in range(60)]
    random.Random(1).shuffle(orders)
    show.take(*orders)
    assert show.alarms() == []
    assert sum(sale.units for sale in show.rows(LiveSale) if sale.stream_id == "tonight") == 60


def test_the_same_order_twice_is_sold_once(show: Show) -> None:
    show.begin()
    order = show.order(EVENING)
    show.take(order, order)
    show.take(order)
    assert [sale.units for sale in show.rows(LiveSale)] == [1]


def test_an_order_told_by_two_events_is_sold_once(show: Show) -> None:
    show.begin()
    order = show.order(EVENING)
    show.take(order, replace(order, source="erp"))
    show.take(replace(order, id="again"))
    assert [sale.units for sale in show.rows(LiveSale)] == [1]


def test_orders_after_the_end_of_the_show_are_counted_and_raise_nothing(show: Show) -> None:
    show.stock(0)
    show.begin()
    show.post("stream.ended", stream_id="tonight")
    show.sell(5, 5.0)
    show.take(show.order(EVENING, "never-heard-of", quantity=500))
    assert show.alarms() == []
    assert sum(sale.units for sale in show.rows(LiveSale)) == 525


def test_orders_before_the_show_begins_raise_nothing(show: Show) -> None:
    show.stock(0)
    show.post("stream.scheduled", stream_id="tonight", starts_at=EVENING.isoformat())
    show.sell(5, 5.0)
    assert show.alarms() == []


def test_orders_of_last_year_teach_and_raise_nothing(show: Show) -> None:
    show.stock(0)
    began = EVENING - timedelta(days=300)
    show.post("stream.started", time=began, stream_id="once")
    show.take(*(show.order(began + n * MINUTE, "once", who=f"c{n}") for n in range(60)))
    show.post("stream.ended", time=began + 60 * MINUTE, stream_id="once")
    assert show.alarms() == []
    show.begin()
    show.sell(1, 1.0)
    product = next(each for each in show.rows(LiveProduct) if each.sku == "beans")
    assert product.baseline["mean"] == pytest.approx(61 / 60)


def test_many_at_once_raise_one_alarm_and_lose_no_unit(show: Show) -> None:
    show.stock(0)
    show.begin()
    orders = [show.order(EVENING, who=f"c{n}", sku=f"sku{n % 3}") for n in range(30)]
    show.stock(0, sku="sku0")
    show.at_once(*(lambda order=order: show.take(order) for order in orders))
    assert sorted((sale.sku, sale.units) for sale in show.rows(LiveSale)) == [("sku0", 10), ("sku1", 10), ("sku2", 10)]
    assert [alarm["sku"] for alarm in show.alarms()] == ["sku0"]


def test_the_greatest_quantities_do_no_harm(show: Show) -> None:
    show.past(1, 2)
    show.begin()
    show.take(*(show.order(EVENING + n * MINUTE / 60, quantity=10**9, who=f"c{n}") for n in range(20)))
    assert [alarm["kind"] for alarm in show.alarms()] == ["selling_fast"]


def test_a_batch_costs_as_many_queries_as_an_order(show: Show) -> None:
    show.past(1, 2)
    show.begin()
    counts = []
    for size in (1, 200):
        orders = [show.order(EVENING, sku=f"sku{size}-{n}") for n in range(size)]
        rows = [Event(data=order.data, time=order.time, type=order.type) for order in orders]
        with show.db.begin() as session:
            counts.append(
                statements(session, partial(follow_sales, session, read_library(session), rows, show.clock.now()))
            )
    assert counts[0] == counts[1]


def statements(session: Session, call: Callable[[], object]) -> int:
    count = 0

    def one_more(*_: object) -> None:
        nonlocal count
        count += 1

    engine = session.get_bind()
    sqlalchemy_event.listen(engine, "before_cursor_execute", one_more)
    call()
    sqlalchemy_event.remove(engine, "before_cursor_execute", one_more)
    return count
