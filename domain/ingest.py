"""The one door: events come in, and what they mean for journeys is settled in the same transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Text
from sqlalchemy import event as sqlalchemy_event
from sqlmodel import Session, col, select

from domain import coupons
from domain.bulk import inserting, listed
from domain.catalogue import is_about_a_step
from domain.customers import Resolved, lock_customers, resolve
from domain.effects import TYPES, apply_to_business, apply_to_customers
from domain.enrollments import Knock, Touch, enter, must_exit, open_or_convertible, reached_goal, touch
from domain.facts import Company, CustomerFacts, Moment
from domain.identifiers import Ident
from domain.library import SCHEDULED, Library, read_library, read_plan
from domain.live import SOURCE, follow
from domain.outbox import tell
from domain.replenishment import follow_supply
from domain.stock import SOURCE as STOCK
from domain.stock import Book
from domain.tables import Customer, Enrollment, Event, IdentifierConflict
from domain.waits import newest_enrollment, open_waits, wake_waits
from workflows.plan import EventTrigger, Plan, ScheduleTrigger

HISTORY = timedelta(days=7)
"""Events older than this are history: they are kept and counted, but start, end and wake nothing."""


@dataclass(frozen=True)
class Incoming:
    """An event at the door, already checked against the catalogue. `identifiers` are strongest first.

    What we tell ourselves of a customer names the `customer` instead. `arrived` says when an event came in, where that
    isn't now: a rehearsal takes events of several instants at once.
    """

    source: str
    id: str
    type: str
    time: datetime
    data: dict[str, Any]
    identifiers: tuple[Ident, ...] = ()
    customer: int | None = None
    arrived: datetime | None = None


_Theirs = tuple[Event, Customer]


def ingest(session: Session, events: Sequence[Incoming], *, now: datetime) -> list[bool]:
    """Take events in, in the order of their times, and settle what they mean. Returns for each whether it was new.

    The caller's transaction is the unit: all of it is taken or none. Batches are kept small by the caller, because the
    rows of all their customers stay locked until the transaction ends.
    """
    order = sorted(range(len(events)), key=lambda index: events[index].time)
    fresh = _not_stored(session, [events[index] for index in order])
    people = [event for event in fresh if event.identifiers]
    owners = dict(
        zip((id(event) for event in people), resolve(session, [e.identifiers for e in people], now), strict=True)
    )
    owners.update((id(event), Resolved(event.customer)) for event in fresh if event.customer is not None)
    customers = lock_customers(session, (owner.customer_id for owner in owners.values()))
    stored = _store(session, fresh, owners, now)
    library = read_library(session)
    book = Book(session, list(stored.values()), library.policy_zone)
    waiting: dict[int, _Theirs] = {}
    for event in fresh:
        row = stored.get((event.source, event.id))
        if row is None:
            continue
        owner = owners.get(id(event))
        if owner is None or (owner.customer_id in waiting and _matters(library, row.type)):
            _apply(session, library, book, list(waiting.values()))
            waiting.clear()
        if owner is None:
            _apply_business(session, library, book, row)
            continue
        _note_conflicts(session, row, owner)
        if _matters(library, row.type):
            waiting[owner.customer_id] = (row, customers[owner.customer_id])
    _apply(session, library, book, list(waiting.values()))
    if told := book.close():
        news = [Incoming(STOCK, each.id, each.type, each.time, each.data, arrived=each.arrived) for each in told]
        ingest(session, news, now=now)
    _follow_shows(session, library, [row for row in stored.values() if row.type == "order.paid"], now)
    first = {(event.source, event.id): index for index, event in reversed(list(enumerate(events)))}
    return [
        (event.source, event.id) in stored and first[event.source, event.id] == index
        for index, event in enumerate(events)
    ]


def _follow_shows(session: Session, library: Library, orders: Sequence[Event], now: datetime) -> None:
    alarms = follow(session, library, orders, max((order.received_at for order in orders), default=now))
    if alarms:
        ingest(session, [Incoming(SOURCE, each.id, "stock.alarm", now, each.data) for each in alarms], now=now)


def _not_stored(session: Session, events: Sequence[Incoming]) -> list[Incoming]:
    wanted = listed([{"source": event.source, "id": event.id} for event in events], source=Text(), id=Text())
    known = (col(Event.source) == wanted.c.source) & (col(Event.event_id) == wanted.c.id)
    seen = set(session.exec(select(Event.source, Event.event_id).join(wanted, known)))
    fresh = []
    for event in events:
        if (event.source, event.id) not in seen:
            seen.add((event.source, event.id))
            fresh.append(event)
    return fresh


def _store(
    session: Session, events: Sequence[Incoming], owners: dict[int, Resolved], now: datetime
) -> dict[tuple[str, str], Event]:
    if not events:
        return {}
    rows = [
        {
            "source": event.source,
            "event_id": event.id,
            "type": event.type,
            "time": event.time,
            "received_at": event.arrived or now,
            "customer_id": owners[id(event)].customer_id if id(event) in owners else None,
            "data": event.data,
        }
        for event in events
    ]
    statement = inserting(Event, rows).on_conflict_do_nothing().returning(Event)
    return {(row.source, row.event_id): row for row in session.scalars(statement)}


def _note_conflicts(session: Session, event: Event, owner: Resolved) -> None:
    for (kind, value), other in owner.conflicts:
        session.add(
            IdentifierConflict(
                customer_id=owner.customer_id, other_customer_id=other, kind=kind, value=value, event_id=event.id
            )
        )


def _matters(library: Library, type: str) -> bool:
    """Whether an event of a customer does more than be stored."""
    return type in TYPES or is_about_a_step(type) or type in library.listening or type in library.begun_by


def _apply(session: Session, library: Library, book: Book, events: Sequence[_Theirs]) -> None:
    """Settle what the events mean, which are of different customers, so that all can be read for at once."""
    for event, customer in events:
        if is_about_a_step(event.type) and event.data.get("enrollment") is None:
            about = newest_enrollment(session, customer.id, event.data.get("journey"), event.data.get("step"))
            event.data = {**event.data, "enrollment": about}
    apply_to_customers(session, events)
    for event, customer in events:
        book.enter(event, customer)
    session.flush()
    fresh = [(event, customer) for event, customer in events if event.time >= event.received_at - HISTORY]
    company = Company(session, {customer.id: Moment(event.time, event.id) for event, customer in fresh})
    _end_or_wake(session, library, fresh, company)
    _enter(session, library, fresh, company)


def _end_or_wake(session: Session, library: Library, events: Sequence[_Theirs], company: Company) -> None:
    """Goal, then exit, then wake, for each enrollment that an event can still touch."""
    theirs = {customer.id: (event, customer) for event, customer in events if event.type in library.listening}
    if not theirs:
        return
    plan_ids = set[str]().union(*(library.listening[event.type] for event, _ in theirs.values()))
    found = open_or_convertible(session, {id: event.time for id, (event, _) in theirs.items()}, plan_ids)
    waits = open_waits(session, [enrollment for enrollment, _ in found])
    touched: list[tuple[Enrollment, Touch, datetime]] = []
    for enrollment, trigger in found:
        event, customer = theirs[enrollment.customer_id]
        if enrollment.plan_id not in library.listening[event.type]:
            continue
        now, plan = event.received_at, read_plan(session, enrollment.plan_id)
        facts = CustomerFacts(
            session, library, customer, event.time, enrollment=enrollment, trigger=trigger, company=company
        )
        if reached_goal(plan, enrollment, event, facts):
            touched.append((enrollment, "goal" if enrollment.ending is None else "converted", now))
        elif enrollment.ending is None:
            if must_exit(plan, enrollment, event, facts):
                touched.append((enrollment, "exit", now))
            elif wake_waits(plan, enrollment, waits.get(enrollment.id), event, facts, now):
                touched.append((enrollment, "wake", now))
    touch(session, touched)


def can_begin(plan: Plan, event: Event) -> bool:
    """Whether an event of a customer is of the type that begins the journey, and not meant for another one."""
    trigger = plan.trigger
    if isinstance(trigger, EventTrigger):
        return trigger.event == event.type
    kind = trigger.for_each.partition(":")[0]
    return SCHEDULED.get(event.type) == kind and event.data.get("journey") in (None, plan.journey)


def _enter(session: Session, library: Library, events: Sequence[_Theirs], company: Company) -> None:
    knocks = []
    for event, customer in events:
        for live in library.begun_by.get(event.type, ()):
            facts = CustomerFacts(
                session, library, customer, event.time, event=event.data, trigger=event.data, company=company
            )
            where = live.plan.trigger.where
            if can_begin(live.plan, event) and (where is None or facts.holds(where)):
                knocks.append(Knock(live, event, facts, event.received_at))
    if knocks:
        enter(session, knocks)


def _apply_business(session: Session, library: Library, book: Book, event: Event) -> None:
    """Only stored here; a fan-out takes it to the journeys it can enter or end customers of."""
    apply_to_business(session, event)
    book.enter(event)
    session.flush()
    if event.time < event.received_at - HISTORY:
        return
    follow_supply(session, library, event)
    for live in library.journeys.values():
        trigger = live.plan.trigger
        if isinstance(trigger, ScheduleTrigger):
            enters = event.type == "lot.near_expiry" and event.data.get("journey") in (None, live.plan.journey)
            enters = enters and trigger.for_each == "near_expiry_lot"
        else:
            enters = trigger.event == event.type
        if enters or any(condition.event == event.type for condition in live.plan.exits):
            tell(session, "fan_out", live.plan.journey, event_id=event.id)


@sqlalchemy_event.listens_for(Session, "before_commit")
def _tell_of_coupons(session: Session) -> None:
    """No transaction changes a coupon's status without telling so; the customers are locked already."""
    while not session.in_nested_transaction() and (told := coupons.untold(session)):
        events = [
            Incoming(
                source=coupons.SOURCE,
                id=f"{each.coupon.code}/{each.number}",
                type=each.type,
                time=each.at,
                data=each.data,
                customer=each.coupon.customer_id,
                arrived=each.at,
            )
            for each in told
        ]
        ingest(session, events, now=max(each.at for each in told))
