"""The stored enrollments that a batch of events is about: read once, and kept up to date while it is settled."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from propcache.api import cached_property
from sqlalchemy import BigInteger, DateTime, Select, Text, and_, any_, bindparam, column, or_
from sqlalchemy import select as sa_select
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlmodel import col

from domain.catalogue.types import is_business
from domain.intake.tables import Event
from domain.journeys.tables import Enrollment, EnrollmentRow, Wait, WaitRow
from domain.published.library import Library
from domain.store.bulk import as_json, insert_all, is_among, recordset
from domain.store.work import UnitOfWork

_INSTANTS = DateTime(timezone=True)
_CONVERTIBLE = ("finished", "stopped")
_NEVER = 2**63 - 1


@dataclass(frozen=True)
class LookbackQuery:
    """What was there of a customer or the business, of these types, from an event's time on?

    Up to its coming in; of one about the business, which customers meet later, up to now.
    """

    event: Event
    customer: int
    types: Set[str]


class EnrollmentBatch:
    """The enrollments of the customers of `events`, settled in their order, under the locks on the customers' rows.

    It knows them by their ids: the unit of work holds the rows.
    """

    def __init__(self, work: UnitOfWork, library: Library, events: Sequence[Event] = ()) -> None:
        self._work = work
        self._library = library
        self._events = events
        times = Counter(event.customer_id for event in events)
        self._returning = {customer for customer, count in times.items() if count > 1}
        self._newest: dict[tuple[str, str], int | None] = {}
        self._events_since: dict[tuple[int, int], list[Event]] = {}
        self._read_ahead: set[tuple[str, str]] = set()

    def enrollments_listening(self, event: Event) -> Iterator[tuple[EnrollmentRow, Mapping[str, Any]]]:
        """The enrollments that the event can still end, wake or convert, each with its trigger's data, oldest first."""
        plan_ids = self._library.listening.get(event.type, ())
        for id in self._open.get(event.customer_id or 0, ()):
            enrollment = self._work.held(EnrollmentRow, id)
            if enrollment.plan_id in plan_ids and (enrollment.ending is None or _may_convert(enrollment, event.time)):
                yield enrollment, self._triggers[enrollment.trigger_id]

    def wait_of(self, enrollment: EnrollmentRow) -> WaitRow | None:
        """The wait that the enrollment stands in, if it is registered and not settled."""
        key = enrollment.id, enrollment.generation, enrollment.position
        wait = self._work.held(WaitRow, key) if key in self._waits else None
        return wait if wait is not None and wait.result is None else None

    def newest(self, keys: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], EnrollmentRow]:
        """The newest enrollment in each journey by each key of its re-entry rule, where there is one."""
        if unread := [key for key in keys if key not in self._newest]:
            parameter = as_json([{"journey": journey, "key": key} for journey, key in unread])
            found = self._read(_newest(), {"asked": parameter})
            newest = {(enrollment.journey, enrollment.key): enrollment.id for enrollment, _ in found}
            self._newest.update((key, newest.get(key)) for key in unread)
        ids = {key: id for key in keys if (id := self._newest[key]) is not None}
        return {key: self._work.held(EnrollmentRow, id) for key, id in ids.items()}

    def enroll(self, rows: Sequence[Mapping[str, Any]]) -> Sequence[int]:
        """Make enrollments. Returns their ids."""
        if any(row.get("exclusive") for row in rows):
            self._work.write_changes(EnrollmentRow)  # one that the same event ended must not be in their way
        ids = [id for (id,) in insert_all(self._work, Enrollment, rows, "id")]
        for id, row in zip(ids, rows, strict=True):
            self._newest.pop((row["journey"], row["key"]), None)
            enrollment = self._work.hold(EnrollmentRow(**{**_NEW, **row, "id": id}))
            if enrollment.customer_id in self._returning:
                self._newest[enrollment.journey, enrollment.key] = id
                if "_open" in self.__dict__:
                    self._open.setdefault(enrollment.customer_id, []).append(id)
        return ids

    def _read(self, query: Select[Any], parameters: Mapping[str, Any]) -> list[tuple[EnrollmentRow, Sequence[Any]]]:
        """Enrollments, with the columns that the query adds to theirs."""
        rows = self._work.connection().execute(query, parameters)
        return [(self._work.hold(EnrollmentRow._make(row[:_WIDTH])), row[_WIDTH:]) for row in rows]

    def since(self, queries: Mapping[int, LookbackQuery]) -> Mapping[int, Sequence[Event]]:
        """What is stored for each of these, if anything is. What later events of the batch may ask is read with it."""
        rows = {
            (event.id, customer, type): (event.time, event.id if event.customer_id else _NEVER)
            for query in queries.values()
            for type in query.types
            for event, customer in self._events_asking(query, type)
        }
        for business in (False, True):
            parameters = [
                {"event": event, "customer": customer, "type": type, "since": time, "before": before}
                for (event, customer, type), (time, before) in rows.items()
                if is_business(type) == business
            ]
            if parameters:
                for event, customer, row in self._work.execute(_since(business), {"asked": as_json(parameters)}):
                    self._events_since.setdefault((event, customer), []).append(row)
        stored = {
            id: [
                event
                for event in self._events_since.get((query.event.id, query.customer), ())
                if event.type in query.types
            ]
            for id, query in queries.items()
        }
        return {id: events for id, events in stored.items() if events}

    def _events_asking(self, query: LookbackQuery, type: str) -> Iterator[tuple[Event, int]]:
        """The events and customers to read for: this one, and later ones of the batch; none if read already."""
        event, customer = query.event, query.customer
        if (event.type, type) in self._read_ahead and customer in self._returning:
            return
        yield event, customer
        if customer in self._returning:
            self._read_ahead.add((event.type, type))
            for later_event in self._events:
                if (
                    later_event.id > event.id
                    and later_event.type == event.type
                    and later_event.customer_id in self._returning
                ):
                    yield later_event, later_event.customer_id or 0

    @cached_property
    def _open(self) -> dict[int, list[int]]:
        """The enrollments that one of the batch's events can end, wake or convert, by customer."""
        listening = self._library.listening
        events = [event for event in self._events if event.type in listening]
        times: dict[int | None, datetime] = {}
        for event in events:
            times[event.customer_id] = min(event.time, times.get(event.customer_id, event.time))
        rows = as_json([{"id": id, "at": at} for id, at in times.items()])
        plan_ids = set[str]().union(*(listening[event.type] for event in events))
        enrollments: dict[int, list[int]] = {}
        self._triggers = {event.id: event.data for event in self._events}
        parameters = {"times": rows, "plan_ids": list(plan_ids)}
        for enrollment, (data,) in self._read(_open_or_convertible(), parameters):
            enrollments.setdefault(enrollment.customer_id, []).append(enrollment.id)
            self._triggers.setdefault(enrollment.trigger_id, data)
        return enrollments

    @cached_property
    def _waits(self) -> Set[tuple[int, int, str | None]]:
        """Those of the open enrollments; a batch settles some, and registers none."""
        ids = [id for ids in self._open.values() for id in ids if self._work.held(EnrollmentRow, id).ending is None]
        rows = self._work.connection().execute(_WAITS, {"ids": ids})
        waits = [self._work.hold(WaitRow._make(row)) for row in rows]
        return {(wait.enrollment_id, wait.generation, wait.step) for wait in waits}


_NEW = {name: field.get_default() for name, field in Enrollment.model_fields.items() if not field.is_required()} | {
    "outcomes": []
}
"""What an enrollment that has just begun has in the columns that it leaves out."""

_COLUMNS = Enrollment.__table__.columns  # type: ignore[attr-defined]
_WIDTH = len(_COLUMNS)
_WAITS = sa_select(*Wait.__table__.columns).where(  # type: ignore[attr-defined]
    is_among(Wait.enrollment_id), col(Wait.result).is_(None)
)


def _may_convert(enrollment: EnrollmentRow, at: datetime) -> bool:
    if enrollment.goal_until is None or enrollment.converted_at is not None:
        return False
    return enrollment.ending in _CONVERTIBLE and enrollment.goal_until >= at


@cache
def _open_or_convertible() -> Select[Any]:
    customers = recordset("times", column("id", BigInteger()), column("at", _INSTANTS))
    convertible = (
        col(Enrollment.ending).in_(_CONVERTIBLE),
        col(Enrollment.goal_until) >= customers.c.at,
        col(Enrollment.converted_at).is_(None),
    )
    listening = col(Enrollment.plan_id) == any_(bindparam("plan_ids", type_=ARRAY(Text)))
    return (
        sa_select(*_COLUMNS, col(Event.data))
        .join(customers, col(Enrollment.customer_id) == customers.c.id)
        .join(Event, col(Event.id) == Enrollment.trigger_id)
        .where(or_(col(Enrollment.ending).is_(None), and_(*convertible)), listening)
        .order_by(col(Enrollment.id))
    )


@cache
def _newest() -> Select[Any]:
    keys = recordset("asked", column("journey", Text()), column("key", Text()))
    same_key = (col(Enrollment.journey) == keys.c.journey) & (col(Enrollment.key) == keys.c.key)
    return (
        sa_select(*_COLUMNS)
        .join(keys, same_key)
        .ext(distinct_on(col(Enrollment.journey), col(Enrollment.key)))
        .order_by(col(Enrollment.journey), col(Enrollment.key), col(Enrollment.id).desc())
    )


@cache
def _since(business: bool) -> Select[Any]:
    queries = recordset(
        "asked", column("event", BigInteger()), column("customer", BigInteger()), column("type", Text()),
        column("since", _INSTANTS), column("before", BigInteger()),
    )  # fmt: skip
    of_subject = col(Event.customer_id).is_(None) if business else col(Event.customer_id) == queries.c.customer
    in_window = (
        (col(Event.type) == queries.c.type) & (col(Event.time) >= queries.c.since) & (col(Event.id) < queries.c.before)
    )
    return sa_select(queries.c.event, queries.c.customer, Event).join(queries, of_subject & in_window)
