"""Schedules: on which days they fire, whom they find, and that firing twice is firing once."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from shop import Shop

from domain import schedules
from domain.clock import VirtualClock
from domain.schedules import FIRST, fires_on
from domain.tables import Enrollment, Event, Lot, Outbox, Stream, TrailEntry
from workflows.commands import FanOut
from workflows.plan import ScheduleTrigger

BIRTHDAYS = """
    journey: birthdays
    trigger: {schedule: every day at 09:00, for_each: birthday}
    entry: {again: after 300d}
    steps: [{wait: 1d}]
"""
LOTS = """
    journey: lots
    trigger:
      schedule: every day at 09:00
      for_each: near_expiry_lot
      where: {all: [{field: lot.days_left, at_most: 3}, {field: stream.starts_at, exists: true}]}
    audience: {field: customer.city, is: {field: lot.city}}
    entry: {again: after 7d, per: [customer, lot.sku]}
    exit: [{event: lot.sold_out, where: {field: event.lot_id, is: {field: lot.id}}}]
    steps: [{wait: {until: {field: stream.starts_at}}}]
"""


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedules, "PAGE", 2)


def fire(shop: Shop) -> int:
    """Fire the schedule; returns how many pages it took."""
    cursor: str | None = ""
    pages = 0
    while cursor is not None:
        cursor = shop.activities.emit(FanOut(journey=shop.plan.journey, cursor=cursor))
        pages += 1
    return pages


def fan_out(shop: Shop) -> None:
    for told in shop.rows(Outbox):
        cursor: str | None = FIRST if told.kind == "fan_out" else None
        while cursor is not None:
            cursor = shop.activities.fan_out(FanOut(journey=told.journey, event=told.event_id, cursor=cursor))


@pytest.mark.parametrize(
    ("trigger", "days"),
    [
        ({}, ["03-01", "03-02", "03-03", "03-04"]),
        ({"weekday": 0}, ["03-02"]),
        ({"festival": "中秋节", "offset_days": -3}, ["09-22"]),
        ({"festival": "春节"}, ["02-17"]),
        ({"festival": "元旦", "offset_days": -1}, ["12-31"]),
    ],
)
def test_the_days_on_which_it_fires(trigger: dict[str, object], days: list[str]) -> None:
    schedule = ScheduleTrigger.model_validate({"at": "09:00", "for_each": "birthday", **trigger})
    year = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
    looked_at = year if schedule.festival else [day for day in year if "03-01" <= f"{day:%m-%d}" <= "03-04"]
    assert [f"{day:%m-%d}" for day in looked_at if fires_on(schedule, day)] == days


def test_firing_twice_is_firing_once(shop: Shop) -> None:
    shop.publish(BIRTHDAYS)
    for number in range(5):
        shop.post("customer.updated", f"c{number}", birthday="1990-03-02")
    shop.post("customer.updated", "other", birthday="1990-03-03")
    assert fire(shop) == 3
    assert fire(shop) == 3
    assert sum(event.type == "customer.birthday" for event in shop.rows(Event)) == 5
    assert len(shop.rows(Enrollment)) == 5


@pytest.mark.parametrize(("today", "found"), [("2026-02-28", True), ("2028-02-28", False), ("2028-02-29", True)])
def test_a_leap_day_s_child_is_remembered_every_year(shop: Shop, today: str, found: bool) -> None:
    shop.publish(BIRTHDAYS)
    shop.clock = VirtualClock(datetime.fromisoformat(today).replace(hour=9, tzinfo=ZoneInfo("Asia/Shanghai")))
    shop.activities._clock = shop.clock
    shop.post("customer.updated", "li", birthday="2000-02-29")
    fire(shop)
    assert len(shop.rows(Enrollment)) == found


@pytest.mark.parametrize(("journey", "entered"), [({}, 1), ({"journey": "birthdays"}, 1), ({"journey": "others"}, 0)])
def test_a_scheduled_event_is_for_the_journey_it_names_or_for_all(
    shop: Shop, journey: dict[str, str], entered: int
) -> None:
    shop.publish(BIRTHDAYS)
    shop.post("customer.birthday", "li", **journey)
    assert len(shop.rows(Enrollment)) == entered


class TestLots:
    @pytest.fixture(autouse=True)
    def _stock(self, shop: Shop) -> None:
        shop.publish(LOTS)
        today = shop.clock.now().date()
        with shop.db.begin() as session:
            for number, days in enumerate((-1, 0, 3, 4)):
                session.add(
                    Lot(
                        lot_id=f"L{number}",
                        sku=f"s{number}",
                        city="上海",
                        expires_on=today + timedelta(days),
                        on_hand=9,
                    )
                )
            session.add(Stream(stream_id="S1", city="上海", starts_at=shop.clock.now() + timedelta(hours=6)))
        for number in range(5):
            shop.post("customer.updated", f"c{number}", city="北京" if number == 3 else "上海")

    def test_each_lot_near_its_end_finds_the_customers_of_its_city(self, shop: Shop) -> None:
        fire(shop)
        fan_out(shop)
        found = [(row.subject["lot_id"], row.subject["stream_id"], row.customer_id) for row in shop.rows(Enrollment)]
        assert sorted(found) == [(lot, "S1", customer) for lot in ("L1", "L2") for customer in (1, 2, 3, 5)]

    def test_a_page_taken_twice_changes_nothing(self, shop: Shop) -> None:
        fire(shop)
        fan_out(shop)
        fan_out(shop)
        assert len(shop.rows(Enrollment)) == 8

    def test_what_is_sold_out_ends_its_own_in_pages(self, shop: Shop) -> None:
        fire(shop)
        fan_out(shop)
        shop.clock.set(shop.clock.now() + timedelta(hours=1))
        shop.post("lot.sold_out", lot_id="L2")
        fan_out(shop)
        assert {(row.subject["lot_id"], row.ending) for row in shop.rows(Enrollment)} == {("L1", None), ("L2", "exit")}

    def test_what_is_sold_out_already_lets_nobody_in_for_long(self, shop: Shop) -> None:
        fire(shop)
        shop.post("lot.sold_out", lot_id="L2", time=shop.clock.now() + timedelta(seconds=1))
        fan_out(shop)
        open_lots = {row.subject["lot_id"] for row in shop.rows(Enrollment) if row.ending is None}
        assert open_lots == {"L1"}
        assert not [row for row in shop.rows(TrailEntry) if row.what == "sent"]
