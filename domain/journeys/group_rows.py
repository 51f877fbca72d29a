"""What verbs ask about each member of a group, read for all of them at once."""

from collections.abc import Sequence
from datetime import datetime

from propcache.api import cached_property
from sqlmodel import Session, col, select

from domain.customers.tables import CustomerTag
from domain.intake.tables import Event
from domain.journeys.tables import Enrollment, Todo, Wait
from domain.store.bulk import is_among


class GroupRows:
    """Rows of a group's members, whose customers are locked. Each kind is read when the first member needs it.

    Whoever adds a row puts it here too, for a customer may be in a group twice.
    """

    def __init__(self, session: Session, enrollments: Sequence[Enrollment]) -> None:
        self._session = session
        self._enrollments = enrollments
        self.forget()

    def forget(self) -> None:
        """Read everything again: a savepoint was undone."""
        self.__dict__.pop("waits", None)
        self._events: dict[str, dict[int, list[Event]]] = {}
        self._tags: dict[str, dict[int, CustomerTag]] = {}
        self._todos: dict[str, dict[int, Todo]] = {}

    @cached_property
    def waits(self) -> dict[tuple[int, int, str], Wait]:
        """The registered waits, by enrollment, generation and path."""
        query = select(Wait).where(is_among(Wait.enrollment_id, self._ids))
        return {(wait.enrollment_id, wait.generation, wait.step): wait for wait in self._session.exec(query)}

    def events(self, type: str, customer_id: int, since: datetime) -> Sequence[Event]:
        """The customer's stored events of a type, from an instant on that isn't before its enrollment's anchor."""
        if type not in self._events:
            first = min(enrollment.anchor for enrollment in self._enrollments)
            query = select(Event).where(is_among(Event.customer_id, self._customers), Event.type == type)
            of_type = self._events[type] = {}
            for event in self._session.exec(query.where(Event.time >= first).order_by(col(Event.id))):
                of_type.setdefault(event.customer_id or 0, []).append(event)
        return [event for event in self._events[type].get(customer_id, ()) if event.time >= since]

    def tags(self, tag: str) -> dict[int, CustomerTag]:
        """The customers who carry a tag, or did until a time."""
        if tag not in self._tags:
            query = select(CustomerTag).where(is_among(CustomerTag.customer_id, self._customers))
            rows = self._session.exec(query.where(CustomerTag.tag == tag))
            self._tags[tag] = {row.customer_id: row for row in rows}
        return self._tags[tag]

    def todos(self, step: str) -> dict[int, Todo]:
        """The tasks given at a step, by enrollment."""
        if step not in self._todos:
            rows = self._session.exec(select(Todo).where(is_among(Todo.enrollment_id, self._ids), Todo.step == step))
            self._todos[step] = {row.enrollment_id: row for row in rows}
        return self._todos[step]

    @cached_property
    def _ids(self) -> Sequence[int]:
        return [enrollment.id for enrollment in self._enrollments]

    @cached_property
    def _customers(self) -> Sequence[int]:
        return list({enrollment.customer_id for enrollment in self._enrollments})
