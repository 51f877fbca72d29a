"""Whom a schedule and an event about the business reach, page by page."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, text
from sqlalchemy import event as sql
from sqlmodel import col, func, select, update
from statements import counting

from domain.customers.tables import Customer, Identifier
from domain.intake import schedules
from domain.intake.ingest import Incoming, ingest
from domain.intake.tables import Event
from domain.journeys.tables import Enrollment, TrailEntry
from domain.published.publishing import publish_document, publish_journey
from domain.stock.tables import Lot
from domain.store.clock import VirtualClock
from domain.store.tables import Outbox
from domain.store.work import Database
from workflows.language.compile import read_journey

CITIES = ["上海", "北京", "上海", "上海", "北京", "上海", "北京", "北京", "上海"]
HERE = [number for number, city in enumerate(CITIES, 1) if city == "上海"]


@pytest.fixture
def shop(db: Database, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Nine customers in two cities, who are reached two at a time, and a lot in one of the cities."""
    monkeypatch.setattr(schedules, "PAGE", 2)
    with db.begin() as session:
        publish_document(session, "_segments", {"here": {"field": "customer.city", "is": "上海"}})
        for number, city in enumerate(CITIES, 1):
            session.add(Customer(id=number, fields={"city": city}, created_at=clock.now()))
            session.flush()
            session.add(Identifier(kind="member_no", value=f"m{number}", customer_id=number))
        session.add(Lot(lot_id="L1", sku="milk", city="上海", expires_on=date(2026, 3, 4), on_hand=5))
    return db


def publish(db: Database, clock: VirtualClock, text: str, steps: str = "[{stop: done}]") -> None:
    """Publish a journey `j`."""
    text = f"journey: j\n{text}\nentry: {{again: never}}\nsteps: {steps}\n"
    plan = read_journey(text, "j.yaml", None).plan
    assert plan is not None
    with db.begin() as session:
        publish_journey(session, plan, text, clock.now())


@pytest.mark.parametrize("whom", ["segment:now", "birthday"])
def test_a_time_zone_that_postgres_refuses_keeps_nobody_else_from_a_schedule(
    shop: Database, clock: VirtualClock, whom: str
) -> None:
    with shop.begin() as work:
        publish_document(work, "_segments", {"now": {"field": "now.hour", "at_least": 0}})
        work.exec(update(Customer).values(fields={"birthday": "1990-03-02"}))
        for number, zone in ((1, "localtime"), (2, "Mars/Phobos"), (3, "Asia/Shanghai")):
            work.exec(update(Customer).where(col(Customer.id) == number).values(timezone=zone))
    publish(shop, clock, f'trigger: {{schedule: every day at 12:00, for_each: "{whom}"}}')
    cursor: str | None = ""
    while cursor is not None:
        with shop.begin() as work:
            cursor = schedules.emit_page(work, "j", cursor, clock.now())
    with shop() as session:
        entered = set(session.exec(select(Enrollment.customer_id)))
    assert entered - {1} == {3, 4, 5, 6, 7, 8, 9}  # Python may know a `localtime`


def test_a_segment_is_swept_in_pages_of_members(shop: Database, clock: VirtualClock) -> None:
    publish(shop, clock, 'trigger: {schedule: every day at 12:00, for_each: "segment:here"}')
    cursor: str | None = ""
    cursors = []
    while cursor is not None:
        with shop.begin() as session:
            cursor = schedules.emit_page(session, "j", cursor, clock.now())
        cursors.append(cursor)
    with shop() as session:
        reached = session.exec(select(Event.customer_id).order_by(col(Event.customer_id))).all()
        entered = session.exec(select(Enrollment.customer_id).order_by(col(Enrollment.customer_id))).all()
    assert list(reached) == list(entered) == HERE
    assert cursors == ["2026-03-02/3", "2026-03-02/6", None]


def test_a_sweep_that_goes_on_after_midnight_reaches_everybody_once(shop: Database, clock: VirtualClock) -> None:
    publish(shop, clock, 'trigger: {schedule: every monday at 12:00, for_each: "segment:here"}')
    for _ in range(2):  # as if it had fired twice
        now = datetime(2026, 3, 2, 23, 59, tzinfo=ZoneInfo("Asia/Shanghai"))
        cursor: str | None = ""
        while cursor is not None:
            with shop.begin() as session:
                cursor = schedules.emit_page(session, "j", cursor, now)
            now += timedelta(minutes=1)
    with shop() as session:
        assert session.exec(select(Enrollment.customer_id).order_by(col(Enrollment.customer_id))).all() == HERE
        assert session.exec(select(TrailEntry.what)).all() == ["entered"] * len(HERE)


def test_however_large_an_audience_is_a_transaction_takes_a_page_of_it(
    db: Database, clock: VirtualClock, migrated: tuple[Engine, object]
) -> None:
    crowd = 4 * schedules.PAGE
    with db.begin() as session:
        publish_document(session, "_segments", {"all": {"not": {"tag": "banned"}}})
        given = {"now": clock.now(), "crowd": crowd}
        session.connection().execute(
            text(
                "INSERT INTO customers (fields, field_times, created_at)"
                " SELECT '{}', '{}', :now FROM generate_series(1, :crowd)"
            ),
            given,
        )
    publish(db, clock, 'trigger: {schedule: every day at 12:00, for_each: "segment:all"}')
    cursor: str | None = ""
    entered, costs = [], []
    while cursor is not None:
        with counting(migrated[0]) as statements, db.begin() as session:
            cursor = schedules.emit_page(session, "j", cursor, clock.now())
        costs.append(statements.total())
        with db() as session:
            entered.append(session.exec(select(func.count()).select_from(Enrollment)).one())
    assert entered[:4] == [schedules.PAGE * (page + 1) for page in range(4)]
    assert entered[-1] == crowd
    assert len(set(costs[1:4])) == 1


def test_a_fan_out_takes_those_who_match(shop: Database, clock: VirtualClock) -> None:
    where = "{field: lot.available, above: 0}"
    audience = "{field: customer.city, is: {field: lot.city}}"
    trigger = f"trigger: {{schedule: every day at 12:00, for_each: near_expiry_lot, where: {where}}}"
    publish(shop, clock, f"{trigger}\naudience: {audience}")
    with shop.begin() as session:
        near = Incoming("test", "1", "lot.near_expiry", clock.now(), {"lot_id": "L1", "journey": "j"})
        ingest(session, [near], now=clock.now())
    locked: list[int] = []
    cursor: str | None = schedules.FIRST
    while cursor is not None:
        with shop.begin() as session:

            @sql.listens_for(session.connection(), "before_cursor_execute")
            def spy(_c: object, _r: object, statement: str, parameters: dict[str, object], *_: object) -> None:
                if "FOR NO KEY UPDATE" in statement:
                    locked.extend(*(ids for ids in parameters.values() if isinstance(ids, list)))

            cursor = schedules.fan_out_page(session, 1, "j", cursor, clock.now())
    with shop() as session:
        assert list(session.exec(select(Enrollment.customer_id).order_by(col(Enrollment.id)))) == HERE
        assert session.exec(select(TrailEntry).where(TrailEntry.what == "not_entered")).all() == []
    assert locked == HERE


def test_a_late_schedule_stands_for_the_day_on_which_it_was_due(shop: Database, clock: VirtualClock) -> None:
    """It was due on Monday and ran on Tuesday: Temporal was away."""
    publish(shop, clock, 'trigger: {schedule: every monday at 12:00, for_each: "segment:here"}')
    due = datetime(2026, 3, 2, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
    cursor: str | None = ""
    while cursor is not None:
        with shop.begin() as session:
            cursor = schedules.emit_page(session, "j", cursor, due + timedelta(hours=20), due)
    with shop() as session:
        assert session.exec(select(Event.time).distinct()).all() == [due]
        assert session.exec(select(Enrollment.customer_id).order_by(col(Enrollment.customer_id))).all() == HERE
        assert session.exec(select(Enrollment.anchor).distinct()).all() == [due]


@pytest.mark.parametrize("ends", ["goal", "exit"])
def test_who_reached_the_goal_before_a_fan_out_came_to_them_is_at_its_end(
    shop: Database, clock: VirtualClock, ends: str
) -> None:
    ending = {"goal": "{event: order.paid, within: 3d}", "exit": "[{event: order.paid}]"}[ends]
    publish(shop, clock, f'trigger: {{event: stream.started, for_each: "segment:here"}}\n{ends}: {ending}')

    def take(type: str, after: int, **data: Any) -> None:
        clock.set(clock.now() + timedelta(seconds=after))
        who = (("member_no", "m3"),) if "order_id" in data else ()
        with shop.begin() as session:
            ingest(session, [Incoming("test", f"{type}{after}", type, clock.now(), data, who)], now=clock.now())

    take("order.paid", 1, order_id="before", total=1)
    take("stream.started", 2, stream_id="s1")
    take("order.paid", 3, order_id="after", total=1)
    with shop() as session:
        (event,) = session.exec(select(Event.id).where(Event.type == "stream.started"))
    cursor: str | None = schedules.FIRST
    while cursor is not None:
        with shop.begin() as session:
            cursor = schedules.fan_out_page(session, event, "j", cursor, clock.now())
    with shop() as session:
        endings = dict(session.exec(select(Enrollment.customer_id, Enrollment.ending)).all())
        started = session.exec(select(func.count()).where(Outbox.kind == "start")).one()
    assert endings == {1: None, 3: ends, 4: None, 6: None, 9: None}
    assert started == 4


def test_a_show_that_moves_every_second_is_followed_to_where_it_stands_now(shop: Database, clock: VirtualClock) -> None:
    """Whichever move comes to them first; those that are outdated by then cost a look and change nothing."""
    wait = "[{wait: {until: {field: stream.starts_at, minus: 30m}}}]"
    publish(shop, clock, 'trigger: {event: stream.scheduled, for_each: "segment:here"}', wait)
    start = clock.now() + timedelta(days=1)

    def plan(number: int) -> int:
        clock.set(clock.now() + timedelta(seconds=1))
        data = {"stream_id": "s", "starts_at": (start + timedelta(seconds=number)).isoformat()}
        with shop.begin() as session:
            ingest(session, [Incoming("test", str(number), "stream.scheduled", clock.now(), data)], now=clock.now())
            return session.exec(select(func.max(Event.id))).one()

    def take(event: int) -> Counter[str]:
        cursor: str | None = schedules.FIRST
        with counting(shop.bind.engine) as statements:
            while cursor is not None:
                with shop.begin() as session:
                    cursor = schedules.fan_out_page(session, event, "j", cursor, clock.now())
        return statements

    take(plan(0))
    *outdated, newest = [plan(number) for number in range(1, 21)]
    assert take(newest)["UPDATE enrollments SET"] == 3  # pages of two
    for event in outdated:
        assert take(event)["UPDATE enrollments SET"] == 0
    with shop() as session:
        assert session.exec(select(Enrollment.customer_id).order_by(col(Enrollment.id))).all() == HERE
        assert session.exec(select(Enrollment.due_at).distinct()).all() == [start + timedelta(seconds=20 - 30 * 60)]
