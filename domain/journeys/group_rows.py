"""What verbs ask about each member of a group, read for all of them at once."""

from collections.abc import Sequence
from datetime import datetime

from propcache.api import cached_property
from sqlalchemy import select as sa_select
from sqlmodel import col, select

from domain.customers.tables import CustomerTag
from domain.intake.tables import Event
from domain.journeys.tables import EnrollmentRow, Todo, Wait, WaitRow
from domain.store.bulk import is_among
from domain.store.work import UnitOfWork
from workflows.verbs.base import Path


class GroupRows:
    """Rows of a group's members, whose customers are locked. Each kind is read when the first member needs it.

    Whoever adds a row puts it here too, for a customer may be in a group twice.
    """

    def __init__(self, work: UnitOfWork, enrollments: Sequence[EnrollmentRow]) -> None:
        self._work = work
        self._enrollments = enrollments
        self.forget()

    def forget(self) -> None:
        """Read everything again: a savepoint was undone."""
        self.__dict__.pop("_waits", None)
        self._events: dict[str, dict[int, list[Event]]] = {}
        self._tags: dict[str, dict[int, CustomerTag]] = {}
        self._todos: dict[str, dict[int, Todo]] = {}

    def wait_of(self, enrollment: EnrollmentRow, step: Path) -> WaitRow | None:
        """The wait that an enrollment has registered at a step."""
        key = enrollment.id, enrollment.generation, step
        return self._work.held(WaitRow, key) if key in self._waits else None

    def register(self, wait: WaitRow) -> None:
        """Add a wait."""
        self._waits.add((wait.enrollment_id, wait.generation, wait.step))
        self._work.insert(wait)

    @cached_property
    def _waits(self) -> set[tuple[int, int, Path]]:
        rows = self._work.connection().execute(_WAITS, {"ids": self._ids})
        waits = [self._work.hold(WaitRow._make(row)) for row in rows]
        return {(wait.enrollment_id, wait.generation, wait.step) for wait in waits}

    def events(self, type: str, customer_id: int, since: datetime) -> Sequence[Event]:
        """The customer's stored events of a type, from an instant on that isn't before its enrollment's anchor."""
        if type not in self._events:
            first = min(enrollment.anchor for enrollment in self._enrollments)
            query = select(Event).where(is_among(Event.customer_id, self._customers), Event.type == type)
            of_type = self._events[type] = {}
            for event in self._work.exec(query.where(Event.time >= first).order_by(col(Event.id))):
                of_type.setdefault(event.customer_id or 0, []).append(event)
        return [event for event in self._events[type].get(customer_id, ()) if event.time >= since]

    def tags(self, tag: str) -> dict[int, CustomerTag]:
        """The customers who carry a tag, or did until a time."""
        if tag not in self._tags:
            query = select(CustomerTag).where(is_among(CustomerTag.customer_id, self._customers))
            rows = self._work.exec(query.where(CustomerTag.tag == tag))
            self._tags[tag] = {row.customer_id: row for row in rows}
        return self._tags[tag]

    def todos(self, step: str) -> dict[int, Todo]:
        """The tasks given at a step, by enrollment."""
        if step not in self._todos:
            rows = self._work.exec(select(Todo).where(is_among(Todo.enrollment_id, self._ids), Todo.step == step))
            self._todos[step] = {row.enrollment_id: row for row in rows}
        return self._todos[step]

    @cached_property
    def _ids(self) -> Sequence[int]:
        return [enrollment.id for enrollment in self._enrollments]

    @cached_property
    def _customers(self) -> Sequence[int]:
        return list({enrollment.customer_id for enrollment in self._enrollments})


_WAITS = sa_select(*Wait.__table__.columns).where(is_among(Wait.enrollment_id))  # type: ignore[attr-defined]
