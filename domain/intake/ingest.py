"""Ingest: events are stored, and what they mean for journeys is settled in the same transaction."""

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from domain.catalogue.sources import LIVE, STOCK
from domain.catalogue.types import is_about_a_step
from domain.customers.identifiers import STRENGTH, Ident, sort_by_strength
from domain.customers.naming import Nobody, spellings
from domain.customers.resolution import Known, find_ids, lock_customers, locked_elsewhere
from domain.customers.tables import CustomerRow
from domain.identity.arriving import Arrival, Group, Remarks, name_and_lock, note_evidence
from domain.identity.joining import spelled
from domain.intake.effects import TYPES, Orders, apply_to_business
from domain.intake.settling import HISTORY, CustomerEvent, EventBatch
from domain.intake.tables import Event
from domain.intake.walks import take_to_journey
from domain.plays.by_events import enter_by_events, stir_plays_in
from domain.published.library import Library, library_of, read_plan
from domain.stock.book import Book
from domain.stock.live import follow_sales
from domain.stock.replenishment import follow_supply
from domain.store.bulk import as_json
from domain.store.tracing import traceparent
from domain.store.work import EventGiven, UnitOfWork
from domain.supply.arrivals import follow_deliveries
from domain.voice.inbox import put_down
from workflows.language.identity import IdentityRules
from workflows.plan.model import ScheduleTrigger
from workflows.terms.names.events import event_of


@dataclass(frozen=True)
class Incoming:
    """An event to be ingested, already validated against the catalogue. `identifiers` are strongest first.

    An event made by the product names the `customer` instead. `arrived` says when an event came in, where that
    isn't now: a rehearsal takes events of several instants at once. `traceparent` is the span that it came in.
    """

    source: str
    id: str
    type: str
    time: datetime
    data: dict[str, Any]
    identifiers: tuple[Ident, ...] = ()
    customer: int | None = None
    arrived: datetime | None = None
    traceparent: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What names it, for ever."""
        return self.source, self.id


@dataclass
class _Lookup:
    """What was stored of a batch when it came in: who owns its identifiers, which of its events are new."""

    version: str = ""
    known: Known = field(default_factory=Known)
    new_events: list[Incoming] = field(default_factory=list)
    nobody: Set[Ident] = frozenset()

    def leave_out(self, nobody: Nobody, remarks: Remarks) -> None:
        """Leave out the identifiers that name nobody, and the events that have no other; a refusal is heard always."""
        self.nobody = {ident for event in self.new_events for ident in event.identifiers if ident in nobody}
        for event in self.new_events if self.nobody else ():
            unnamed = [kind for kind, _ in self.nobody.intersection(event.identifiers)]
            reason = "never" if self.named_by(event) else "nobody"
            remarks.setdefault(event.key, []).extend((kind, reason) for kind in unnamed)
        if self.nobody:
            self.new_events = [each for each in self.new_events if self.named_by(each) or not each.identifiers]

    def named_by(self, event: Incoming) -> tuple[Ident, ...]:
        """The identifiers of an event that can name somebody."""
        known = tuple(ident for ident in event.identifiers if ident not in self.nobody)
        return event.identifiers if not known and event.type == "consent.withdrawn" else known


_Row = dict[str, Any]

_LOOK_UP = text("""
SELECT 'event', event.source, event.event_id, NULL::bigint, NULL::integer
FROM json_to_recordset(CAST(:keys AS json)) AS given (source text, id text),
    LATERAL (SELECT source, event_id FROM events WHERE source = given.source AND event_id = given.id OFFSET 0) AS event
UNION ALL
SELECT 'owner', owned.kind, owned.value, owned.customer_id, owned.identity
FROM json_to_recordset(CAST(:idents AS json)) AS given (kind text, value text),
    LATERAL (
        SELECT kind, value, customer_id, identity FROM identifiers JOIN customers ON customers.id = customer_id
        WHERE kind = given.kind AND value = given.value OFFSET 0
    ) AS owned
UNION ALL
SELECT 'version', version, NULL, NULL, NULL FROM publication
""")
"""OFFSET 0 keeps it to one look into the index for each, whatever is known of the tables' sizes."""

_STORE = text("""
INSERT INTO events (source, event_id, type, time, received_at, customer_id, data, identifiers)
SELECT source, event_id, type, time, received_at, customer_id, data, identifiers
FROM json_to_recordset(CAST(:rows AS json)) AS given (
    source text, event_id text, type text, time timestamptz, received_at timestamptz, customer_id bigint, data jsonb,
    identifiers jsonb
)
ON CONFLICT DO NOTHING RETURNING id, source, event_id, (SELECT version FROM publication)
""")


def ingest(
    work: UnitOfWork, events: Sequence[Incoming], *, now: datetime, remarks: Remarks | None = None
) -> list[bool]:
    """Take events in, in the order of their times, and settle what they mean. Returns for each whether it was new.

    What is to be said of their identifiers is added to the `remarks`. The caller's transaction is the unit: all of it
    is taken or none. Batches are kept small by the caller, because the rows of all their customers stay locked until
    the transaction ends.
    """
    work.write_rows()
    order = sorted(range(len(events)), key=lambda index: events[index].time)
    lookup = _look_up(work, [events[index] for index in order])
    library = library_of(work, lookup.version)
    remarks = {} if remarks is None else remarks
    lookup.leave_out(library.nobody, remarks)
    new_events = lookup.new_events
    naming = _name(work, library, lookup, now, in_full=any(_has_effects(library, event.type) for event in new_events))
    stored, version = _store(work, lookup, naming, now)
    if version != lookup.version:  # published just now; who holds the locks must go by it
        library = library_of(work, version)
        lock_customers(work, naming.arrival.ids)
    traced = ((each, each.traceparent) for each in new_events if each.traceparent and each.key in stored)
    work.traces.update((stored[each.key]["id"], parent) for each, parent in traced)
    put_down(work, stored.values())
    note_evidence(work, naming.arrival, naming.groups, naming.stored(stored))
    naming.tell(remarks)
    rows = [
        _as_event(row) for row in stored.values() if row["customer_id"] is None or _has_effects(library, row["type"])
    ]
    orders = Orders(work, library.policy.attribution.nominal)
    book = Book(work, rows, library.policy_zone, orders.write)
    customer_rows = [row for row in rows if row.customer_id is not None]
    batch = EventBatch(work, library, book, orders, customer_rows, naming.joined)
    pending: dict[int, CustomerEvent] = {}
    for row in rows:
        if pending and (row.customer_id is None or row.customer_id in pending):
            batch.apply(list(pending.values()))
            pending.clear()
        if row.customer_id is None:
            _apply_business(work, library, book, row)
        else:
            pending[row.customer_id] = (row, work.held(CustomerRow, row.customer_id))
    batch.apply(list(pending.values()))
    orders.write()
    work.write_rows()
    business = [row for row in rows if row.customer_id is None and row.time >= row.received_at - HISTORY]
    follow_supply(work, library, business)
    follow_deliveries(work, library, business)
    if stock_events := book.close():
        stock_incoming = [
            Incoming(
                STOCK, stock_event.id, stock_event.type, stock_event.time, stock_event.data, arrived=stock_event.arrived
            )
            for stock_event in stock_events
        ]
        ingest(work, stock_incoming, now=now)
    _follow_shows(work, library, [row for row in rows if row.id in orders.recorded], now)
    enter_by_events(work, library, customer_rows)
    first_index = {event.key: index for index, event in reversed(list(enumerate(events)))}
    return [event.key in stored and first_index[event.key] == index for index, event in enumerate(events)]


def in_trace(events: Sequence[Incoming]) -> Sequence[Incoming]:
    """The events as of the span that this is done in, if there is one."""
    parent = traceparent()
    return [replace(event, traceparent=parent) for event in events] if parent else events


def held_up(session: Session, events: Sequence[Incoming]) -> list[bool]:
    """Whether a customer of each event is locked by another transaction. Its own should be over soon: it locks too."""
    idents = {ident for event in events for ident in event.identifiers}
    owners = find_ids(session, idents)
    named = {event.customer for event in events if event.customer is not None}
    locked = locked_elsewhere(session, named.union(owners.values()))
    return [
        event.customer in locked or any(owners.get(ident) in locked for ident in event.identifiers) for event in events
    ]


def _follow_shows(work: UnitOfWork, library: Library, orders: Sequence[Event], now: datetime) -> None:
    alarms = follow_sales(work, library, orders, max((order.received_at for order in orders), default=now))
    if alarms:
        ingest(work, [Incoming(LIVE, alarm.id, "stock.alarm", now, alarm.data) for alarm in alarms], now=now)


def _look_up(session: Session, events: Sequence[Incoming]) -> _Lookup:
    keys = [{"source": event.source, "id": event.id} for event in events]
    named = {ident for event in events for ident in event.identifiers}
    idents = [{"kind": kind, "value": value} for kind, value in spellings(IdentityRules(), named)]
    seen: set[tuple[str, str]] = set()
    lookup = _Lookup()
    for what_found, key, second, number, identity in session.connection().execute(
        _LOOK_UP, {"keys": as_json(keys), "idents": as_json(idents)}
    ):
        if what_found == "event":
            seen.add((key, second))
        elif what_found == "owner":
            lookup.known.add((key, second), number, identity)
        else:
            lookup.version = key
    for event in events:
        if event.key not in seen:
            seen.add(event.key)
            lookup.new_events.append(event)
    return lookup


@dataclass
class _Naming:
    """Whom the new events name: of each group of identifiers its event."""

    events: Sequence[Incoming]
    groups: Sequence[Group]
    arrival: Arrival

    def __post_init__(self) -> None:
        named = zip(self.events, self.arrival.named, strict=True)
        self.owners = {event.key: owner.customer_id for event, owner in named}

    def customer_of(self, event: Incoming) -> int | None:
        """The customer an event is about, None for one about the business."""
        return self.owners.get(event.key) if event.customer is None else self.arrival.present(event.customer)

    @property
    def joined(self) -> Set[int]:
        """Who became one with another just now."""
        return {self.arrival.named[group].customer_id for group, _ in self.arrival.joins}

    def tell(self, remarks: Remarks) -> None:
        """Say which identifiers don't name the customer."""
        for event, owner in zip(self.events, self.arrival.named, strict=True):
            told = [(each.ident[0], each.reason) for each in owner.conflicts if each.other != owner.customer_id]
            if told:
                remarks.setdefault(event.key, []).extend(told)

    def stored(self, rows: Mapping[tuple[str, str], _Row]) -> Mapping[int, int]:
        """The ids of the stored events, by their groups' numbers."""
        keys = [event.key for event in self.events]
        return {number: rows[key]["id"] for number, key in enumerate(keys) if key in rows}


def _name(work: UnitOfWork, library: Library, lookup: _Lookup, now: datetime, *, in_full: bool) -> _Naming:
    """Find and lock the customers of the new events, and of what they refuse, and join those who are one."""
    events = [event for event in lookup.new_events if event.identifiers]
    named, strength = [lookup.named_by(event) for event in events], library.identity.strength
    if strength != list(STRENGTH):
        named = [sort_by_strength(idents, strength) for idents in named]
    groups = [Group(idents, event.time) for idents, event in zip(named, events, strict=True)]
    given = {event.customer for event in lookup.new_events if event.customer is not None}
    return _Naming(events, groups, name_and_lock(work, library, groups, lookup.known, given, now, in_full=in_full))


def _store(
    session: Session, lookup: _Lookup, naming: _Naming, now: datetime
) -> tuple[Mapping[tuple[str, str], _Row], str]:
    """Insert the events that aren't stored yet. Returns their rows, in order, and the version published by now."""
    rows: dict[tuple[str, str], _Row] = {
        event.key: {
            "source": event.source,
            "event_id": event.id,
            "type": event.type,
            "time": event.time.astimezone(UTC),
            "received_at": (event.arrived or now).astimezone(UTC),
            "customer_id": naming.customer_of(event),
            "data": event.data,
            "identifiers": spelled(event.identifiers) or None,
        }
        for event in lookup.new_events
    }
    inserted = session.connection().execute(_STORE, {"rows": as_json(list(rows.values()))}).all() if rows else ()
    stored = {(source, name): rows[source, name] | {"id": number} for number, source, name, _ in inserted}
    return stored, (inserted[0][3] or "") if inserted else lookup.version


def _as_event(row: _Row) -> Event:
    """The stored event as if it had been read, but for the way to the database and back, and outside the session.

    What the unit of work keeps for each row costs as much as all else that is done for an event that means little.
    """
    return Event(**row | {"data": json.loads(as_json(row["data"]))})


def _has_effects(library: Library, type: str) -> bool:
    """Whether an event of a customer does more than be stored."""
    heard = type in library.listening or type in library.begun_by or type in library.rules.listening
    return heard or type in TYPES or type in library.entering or is_about_a_step(type)


def _apply_business(work: UnitOfWork, library: Library, book: Book, event: Event) -> None:
    """Only stored here; a fan-out takes it to the journeys whose customers it can let in, end or move."""
    apply_to_business(work, event)
    if event.type in ("stream.ended", "stream.cancelled"):
        stir_plays_in(work, event.data["stream_id"])
    book.enter(event)
    if event.time < event.received_at - HISTORY:
        return
    touched = {read_plan(work, plan_id).journey for plan_id in library.listening.get(event.type, ())}
    for live in library.journeys.values():
        trigger = live.plan.trigger
        if isinstance(trigger, ScheduleTrigger):
            enters = event.type == event_of(trigger.for_each)
            enters = enters and event.data.get("journey") in (None, live.plan.journey)
        else:
            enters = trigger.event == event.type
        if enters:
            touched.add(live.plan.journey)
    for journey in sorted(touched):
        take_to_journey(work, journey, event.id)


def ingest_given(work: UnitOfWork, events: Sequence[EventGiven]) -> None:
    """Take in what a unit of work gave rise to; it holds the customers' locks."""
    incoming = [
        Incoming(
            source=event.source,
            id=event.id,
            type=event.type,
            time=event.at,
            data=dict(event.data),
            customer=event.customer_id,
            arrived=event.at,
        )
        for event in events
    ]
    ingest(work, incoming, now=max(event.at for event in events))
