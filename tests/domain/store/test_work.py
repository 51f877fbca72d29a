"""The unit of work: what is noted in a transaction is written by it, in order, or undone with it."""

from contextlib import suppress

import pytest
from shop import Shop
from sqlmodel import col, select

from domain.intake.tables import Event
from domain.journeys.tables import Enrollment, EnrollmentRow, TrailEntry, Wait, WaitRow
from domain.journeys.trail import record, record_not_entered
from domain.store.columns import ReadRow
from domain.store.outbox import WakeRun
from domain.store.rows import StaleRowError
from domain.store.tables import Outbox
from domain.store.work import KINDS, EventGiven, UnitOfWork

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


def owner(work: UnitOfWork) -> EnrollmentRow:
    (row,) = work.read(EnrollmentRow)
    return row


def note(work: UnitOfWork, what: str) -> None:
    record(work, owner(work), what, "x", owner(work).entered_at)


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
        row = work.change(owner(work)._replace(position="outside"))
        note(work, "outside")
        with suppress(RuntimeError), work.savepoint():
            work.change(owner(work)._replace(position="inside"))
            work.insert(WaitRow(row.id, 0, "inside", now))
            note(work, "inside")
            with work.savepoint():
                note(work, "innermost")
                work.enqueue(WakeRun(row.id))
            work.give_rise_to(EventGiven("x", "1", "form.filled", now, {}, row.customer_id))
            raise RuntimeError
        assert work.held(EnrollmentRow, row.id).position == "outside"
        with work.savepoint():
            note(work, "kept")
    assert whats(shop) == [*before, "outside", "kept"]
    assert shop.rows(Outbox) == shop.rows(Wait) == []
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


def test_a_row_is_written_as_often_as_it_differs_and_each_time_it_has_another_revision(shop: Shop) -> None:
    with shop.db.begin() as work:
        first = owner(work)
        work.change(first._replace(position="there"))
        work.change(work.held(EnrollmentRow, first.id)._replace(position=first.position))
        work.write_rows()
        assert owner(work) == first
        work.change(first._replace(position="there", due_at=None))
        work.write_rows()
        assert work.held(EnrollmentRow, first.id).revision == first.revision + 1
        work.change(work.held(EnrollmentRow, first.id)._replace(held=True))
    with shop.db.begin() as work:
        assert owner(work) == first._replace(position="there", due_at=None, held=True, revision=first.revision + 2)


def test_a_row_that_somebody_else_changed_since_it_was_read_is_not_overwritten(shop: Shop) -> None:
    with shop.db.begin() as work:
        mine = owner(work)
        with shop.db.begin() as other:
            other.change(owner(other)._replace(position="theirs"))
        work.change(mine._replace(position="mine"))
        with pytest.raises(StaleRowError, match="enrollments"):
            work.write_rows()
    assert [enrollment.position for enrollment in shop.rows(Enrollment)] == ["theirs"]


def test_a_row_that_isnt_held_cant_be_changed(shop: Shop) -> None:
    with shop.db.begin() as work:
        row = owner(work)
    with shop.db.begin() as work, pytest.raises(KeyError):
        work.change(row)


def test_rows_that_are_values_cant_be_assigned_to(shop: Shop) -> None:
    """Nor does mypy let it pass, which reads `frozen`."""
    assert {kind.model for kind in KINDS.values()} == set(ReadRow.__subclasses__())
    for kind in KINDS.values():
        assert kind.model.model_config["frozen"]
        for name in kind.names:
            with pytest.raises(TypeError, match=name):
                setattr(kind.model(), name, None)
    with shop.db.begin() as work:
        row = work.exec(select(Enrollment)).one()
        with pytest.raises(TypeError, match="unit of work"):
            row.position = "elsewhere"
        assert not work.dirty
