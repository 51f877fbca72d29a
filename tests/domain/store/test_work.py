"""The unit of work: what is noted in a transaction is written by it, in order, or undone with it."""

from contextlib import suppress

import pytest
from shop import Shop
from sqlmodel import col, select

from domain.intake.tables import Event
from domain.journeys.tables import Enrollment, TrailEntry
from domain.journeys.trail import record, record_not_entered
from domain.store.bulk import BulkRows
from domain.store.outbox import WakeRun
from domain.store.tables import Outbox
from domain.store.work import EventGiven, UnitOfWork

ENTRY = "journey: greet\nname: Greet\ntrigger: {event: form.filled}\nentry: {again: never}\nsteps: [wait: 1d]\n"


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """With one customer, who is in a journey of which Temporal has been told."""
    shop.publish(ENTRY)
    shop.customers("li")
    shop.post("form.filled", "li")
    with shop.db.begin() as work:
        for row in work.exec(select(Outbox)):
            work.delete(row)
    return shop


def whats(shop: Shop) -> list[str]:
    return [row.what for row in shop.rows(TrailEntry)]


def note(work: UnitOfWork, what: str) -> None:
    record(work, work.exec(select(Enrollment)).one(), what, "x", work.exec(select(Enrollment)).one().entered_at)


def test_leaving_the_block_writes_what_was_noted_and_an_error_nothing(shop: Shop) -> None:
    before = whats(shop)
    with shop.db.begin() as work:
        note(work, "one")
        work.enqueue(WakeRun(work.exec(select(Enrollment.id)).one()))
        assert work.exec(select(Outbox)).all() == []
    assert whats(shop) == [*before, "one"]
    assert [row.kind for row in shop.rows(Outbox)] == ["wake"]
    with suppress(RuntimeError), shop.db.begin() as work:
        note(work, "two")
        raise RuntimeError
    assert whats(shop) == [*before, "one"]


def test_an_undone_savepoint_takes_with_it_what_was_noted_inside_and_no_more(shop: Shop) -> None:
    before, now = whats(shop), shop.clock.now()
    with shop.db.begin() as work:
        owner = work.exec(select(Enrollment)).one()
        rows = work.track(BulkRows(Enrollment))
        columns = Enrollment.__table__.columns
        row = rows.add([getattr(owner, column.name) for column in columns])
        row.position = "outside"
        note(work, "outside")
        with suppress(RuntimeError), work.savepoint():
            row.position = "inside"
            note(work, "inside")
            with work.savepoint():
                note(work, "innermost")
                work.enqueue(WakeRun(owner.id))
            work.give_rise_to(EventGiven("x", "1", "form.filled", now, {}, owner.customer_id))
            raise RuntimeError
        with work.savepoint():
            note(work, "kept")
    assert whats(shop) == [*before, "outside", "kept"]
    assert shop.rows(Outbox) == []
    assert [event.source for event in shop.rows(Event)].count("x") == 0
    assert [enrollment.position for enrollment in shop.rows(Enrollment)] == ["outside"]


def test_an_event_that_it_gives_rise_to_is_taken_in_last_with_all_that_it_means(shop: Shop) -> None:
    before, now = whats(shop), shop.clock.now()
    with shop.db.begin() as work:
        customer = work.exec(select(Enrollment.customer_id)).one()
        work.give_rise_to(EventGiven("x", "1", "form.filled", now, {}, customer))
        record_not_entered(work, customer, "greet", "inactive", now)
    with shop.db() as session:
        trail = session.exec(select(TrailEntry.value).order_by(col(TrailEntry.id))).all()
    assert trail[len(before) :] == ["inactive", "again"]
