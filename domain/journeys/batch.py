"""What is stored of the passes that a batch of events is about: read once, and kept up to date while it is settled."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal

from propcache.api import cached_property
from sqlalchemy import BigInteger, DateTime, Select, Text, and_, any_, bindparam, column, or_
from sqlalchemy import select as sa_select
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.orm import make_transient_to_detached
from sqlmodel import Session, col, select

from domain.catalogue.types import is_business
from domain.intake.tables import Event
from domain.journeys.tables import Enrollment, TrailEntry, Wait
from domain.published.library import Library
from domain.store.bulk import as_json, insert_all, is_among, recordset
from domain.store.outbox import OutboxRow, enqueue_all

_INSTANTS = DateTime(timezone=True)
_CONVERTIBLE = ("finished", "stopped")


@dataclass(frozen=True)
class LookbackQuery:
    """What was there of a customer or the business, of these types, between an event's time and its coming in?"""

    event: Event
    customer: int
    types: Set[str]


class EnrollmentBatch:
    """The passes of the customers of `events`, which are settled in their order, under the lock on the customers.

    What is decided about passes is noted and told by `write`, at the end.
    """

    def __init__(self, session: Session, library: Library, events: Sequence[Event] = ()) -> None:
        self._session = session
        self._library = library
        self._events = events
        times = Counter(event.customer_id for event in events)
        self._returning = {customer for customer, count in times.items() if count > 1}
        self._newest: dict[tuple[str, str], Enrollment | None] = {}
        self._stored: dict[tuple[int, int], list[Event]] = {}
        self._foreseen: set[tuple[str, str]] = set()
        self._trail: list[Mapping[str, Any]] = []
        self._told: list[OutboxRow] = []

    def add_trail(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """What was decided, for the trail."""
        self._trail.extend(entries)

    def enqueue(self, kind: Literal["start", "wake"], journey: str, enrollment: int, gather: str | None = None) -> None:
        """Start or wake an enrollment's workflow, as `outbox.tell` does."""
        self._told.append((kind, journey, enrollment, gather))

    def write(self) -> None:
        """Write down what was noted and told."""
        self._session.flush()
        if self._trail:
            insert_all(self._session, TrailEntry, self._trail)
        enqueue_all(self._session, self._told)
        self._trail, self._told = [], []

    def enrollments_listening(self, event: Event) -> Iterator[tuple[Enrollment, Mapping[str, Any]]]:
        """The enrollments that the event can still end, wake or convert, each with its trigger's data, oldest first."""
        plan_ids = self._library.listening.get(event.type, ())
        for enrollment in self._open.get(event.customer_id or 0, ()):
            if enrollment.plan_id in plan_ids and (enrollment.ending is None or _may_convert(enrollment, event.time)):
                yield enrollment, self._triggers[enrollment.trigger_id]

    def wait_of(self, enrollment: Enrollment) -> Wait | None:
        """The wait that the enrollment stands in, if it is registered and not settled."""
        wait = self._waits.get((enrollment.id, enrollment.generation, enrollment.position))
        return wait if wait is not None and wait.result is None else None

    def newest(self, keys: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], Enrollment | None]:
        """The newest pass in each journey by each key of its re-entry rule."""
        if unread := [key for key in keys if key not in self._newest]:
            asked = as_json([{"journey": journey, "key": key} for journey, key in unread])
            found = {(each.journey, each.key): each for each in self._session.scalars(_newest(), {"asked": asked})}
            self._newest.update((key, found.get(key)) for key in unread)
        return self._newest

    def enroll(self, rows: Sequence[Mapping[str, Any]]) -> Sequence[int]:
        """Make enrollments. Returns their ids."""
        ids = [id for (id,) in insert_all(self._session, Enrollment, rows, "id")]
        for id, row in zip(ids, rows, strict=True):
            self._newest.pop((row["journey"], row["key"]), None)
            if row["customer_id"] in self._returning:
                enrollment = Enrollment(**row, id=id)
                make_transient_to_detached(enrollment)
                self._session.add(enrollment)
                self._newest[enrollment.journey, enrollment.key] = enrollment
                if "_open" in self.__dict__:
                    self._open.setdefault(enrollment.customer_id, []).append(enrollment)
        return ids

    def get(self, ids: Collection[int], *, anew: bool = False) -> Mapping[int, Enrollment]:
        """Enrollments by their ids; `anew` reads also those that were read before."""
        if not ids:
            return {}
        query = select(Enrollment).where(is_among(Enrollment.id, ids)).order_by(col(Enrollment.id))
        rows = self._session.exec(query.execution_options(populate_existing=anew))
        return {each.id: each for each in rows}

    def since(self, asks: Mapping[int, LookbackQuery]) -> Mapping[int, Sequence[Event]]:
        """What is stored for each of these, if anything is. What later events of the batch may ask is read with it."""
        rows = {
            (event.id, customer, type): event.time
            for ask in asks.values()
            for type in ask.types
            for event, customer in self._asking(ask, type)
        }
        for business in (False, True):
            asked = [
                {"event": event, "customer": customer, "type": type, "since": time}
                for (event, customer, type), time in rows.items()
                if is_business(type) == business
            ]
            if asked:
                for event, customer, row in self._session.execute(_since(business), {"asked": as_json(asked)}):
                    self._stored.setdefault((event, customer), []).append(row)
        found = {
            id: [each for each in self._stored.get((ask.event.id, ask.customer), ()) if each.type in ask.types]
            for id, ask in asks.items()
        }
        return {id: events for id, events in found.items() if events}

    def _asking(self, ask: LookbackQuery, type: str) -> Iterator[tuple[Event, int]]:
        """Who asks, with later events that may begin what this one began; nobody, if an earlier one foresaw it."""
        event, customer = ask.event, ask.customer
        if (event.type, type) in self._foreseen and customer in self._returning:
            return
        yield event, customer
        if customer in self._returning:
            self._foreseen.add((event.type, type))
            for other in self._events:
                if other.id > event.id and other.type == event.type and other.customer_id in self._returning:
                    yield other, other.customer_id or 0

    @cached_property
    def _open(self) -> dict[int, list[Enrollment]]:
        """The enrollments that one of the batch's events can end, wake or convert, by customer."""
        listening = self._library.listening
        heard = [event for event in self._events if event.type in listening]
        times: dict[int | None, datetime] = {}
        for event in heard:
            times[event.customer_id] = min(event.time, times.get(event.customer_id, event.time))
        rows = as_json([{"id": id, "at": at} for id, at in times.items()])
        plan_ids = set[str]().union(*(listening[event.type] for event in heard))
        found: dict[int, list[Enrollment]] = {}
        self._triggers = {event.id: event.data for event in self._events}
        parameters = {"times": rows, "plan_ids": list(plan_ids)}
        for enrollment, data in self._session.execute(_open_or_convertible(), parameters):
            found.setdefault(enrollment.customer_id, []).append(enrollment)
            self._triggers.setdefault(enrollment.trigger_id, data)
        return found

    @cached_property
    def _waits(self) -> Mapping[tuple[int, int, str | None], Wait]:
        """Those of the open enrollments; a batch settles some, and registers none."""
        ids = [each.id for theirs in self._open.values() for each in theirs if each.ending is None]
        query = select(Wait).where(is_among(Wait.enrollment_id, ids), col(Wait.result).is_(None))
        return {(row.enrollment_id, row.generation, row.step): row for row in self._session.exec(query)}


def _may_convert(enrollment: Enrollment, at: datetime) -> bool:
    if enrollment.goal_until is None or enrollment.converted_at is not None:
        return False
    return enrollment.ending in _CONVERTIBLE and enrollment.goal_until >= at


@cache
def _open_or_convertible() -> Select[Any]:
    mine = recordset("times", column("id", BigInteger()), column("at", _INSTANTS))
    late = (
        col(Enrollment.ending).in_(_CONVERTIBLE),
        col(Enrollment.goal_until) >= mine.c.at,
        col(Enrollment.converted_at).is_(None),
    )
    listening = col(Enrollment.plan_id) == any_(bindparam("plan_ids", type_=ARRAY(Text)))
    return (
        sa_select(Enrollment, col(Event.data))
        .join(mine, col(Enrollment.customer_id) == mine.c.id)
        .join(Event, col(Event.id) == Enrollment.trigger_id)
        .where(or_(col(Enrollment.ending).is_(None), and_(*late)), listening)
        .order_by(col(Enrollment.id))
    )


@cache
def _newest() -> Select[Any]:
    mine = recordset("asked", column("journey", Text()), column("key", Text()))
    same = (col(Enrollment.journey) == mine.c.journey) & (col(Enrollment.key) == mine.c.key)
    return (
        sa_select(Enrollment)
        .join(mine, same)
        .ext(distinct_on(col(Enrollment.journey), col(Enrollment.key)))
        .order_by(col(Enrollment.journey), col(Enrollment.key), col(Enrollment.id).desc())
    )


@cache
def _since(business: bool) -> Select[Any]:
    mine = recordset(
        "asked", column("event", BigInteger()), column("customer", BigInteger()), column("type", Text()),
        column("since", _INSTANTS),
    )  # fmt: skip
    whose = col(Event.customer_id).is_(None) if business else col(Event.customer_id) == mine.c.customer
    since = (col(Event.type) == mine.c.type) & (col(Event.time) >= mine.c.since) & (col(Event.id) < mine.c.event)
    return sa_select(mine.c.event, mine.c.customer, Event).join(mine, whose & since)
