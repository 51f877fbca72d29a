"""Simulations: what would happen to one customer, played in virtual time on a scratch copy of what is known of them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from domain.catalogue.types import is_business
from domain.catalogue.validation import validate
from domain.conditions.facts import CustomerFacts
from domain.customers.tables import Customer
from domain.intake.ingest import Incoming, ingest
from domain.intake.schedules import whom, why_not_due
from domain.intake.tables import Event
from domain.intake.timeline import decision_of, not_begun
from domain.journeys.tables import Enrollment, TrailEntry
from domain.ledger.tables import Message
from domain.membership.sweeping import look_again
from domain.membership.tables import NextLook
from domain.published.library import Library, read_library
from domain.store.clock import VirtualClock
from domain.store.outbox import StartRun
from domain.store.work import Database
from runtime import StartError
from runtime.rehearsal.engine import Rehearsal, Silence
from runtime.rehearsal.kept import around, person_of, stock_of, written_down
from runtime.rehearsal.recorded import PERSON, spoken_of
from runtime.rehearsal.scratch import SHELF, Copier, copying, empty_tables, scratch
from runtime.rehearsal.shelf import Draft, put_up
from workflows.plan.model import EventTrigger, Plan
from workflows.terms.names.events import event_of
from workflows.verbs.base import Decision

HORIZON = timedelta(days=800)
LOOKS = 500
"""How often, at most, time is let change tags and segments; a rule that goes by the hour asks for more."""
SOURCE = "simulation"
_INSTANT = timedelta(microseconds=1)

_THEIRS = (
    "identifiers",
    "consents",
    "orders",
    "customer_tags",
    "segment_members",
    "messages",
    "coupons",
    "todos",
    "enrollments",
    "events",
)
_ALL = ("campaign_uses", "products", "stores", "lots", "streams", "companions", "shop_hours")


@dataclass(frozen=True)
class GivenEvent:
    """The event that a simulation begins with."""

    type: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Simulation:
    """What would happen, in order, each with the text of its message. `zone` is the customer's."""

    begun_by: GivenEvent
    at: datetime
    zone: ZoneInfo
    decisions: list[tuple[Decision, str | None]]


def simulate(
    live: Engine, wanted: str | Draft, customer: int, *, given_event: GivenEvent | None, at: datetime
) -> Simulation:
    """Let the event happen to the customer at `at`, and nothing after it; without one, the newest stored that fits.

    A schedule must reach the customer on that day, unless an event is given.
    Enrollments that the customer is in go on beside it. Raises LookupError or StartError for what can't be.
    """
    with _on_a_copy(live, wanted, customer, at) as (_, played):
        return played.play(given_event)


def record(
    live: Engine, wanted: Draft, customer: int, *, given_event: GivenEvent | None, at: datetime
) -> tuple[dict[str, Any], bool]:
    """A simulation as a case of a journey test, and whether the case alone comes to the same. Raises as `simulate`."""
    with _on_a_copy(live, wanted, customer, at) as (engine, played):
        with played.db() as session:
            person = person_of(session, played.library, played.plan, customer)
            stock = stock_of(session, played.library, played.plan, {"holdout": 0})
        found = played.play(given_event)
        with played.db() as session:
            beside = around(session, found.begun_by.data, person.zone)
        empty_tables(engine)
        begun_by = found.begun_by.type, found.begun_by.data, found.at
        return written_down(engine, stock, person, beside, begun_by, [decision for decision, _ in found.decisions])


@contextmanager
def _on_a_copy(
    live: Engine, wanted: str | Draft, customer: int, at: datetime
) -> Iterator[tuple[Engine, "_Simulation"]]:
    with scratch() as (engine, db):
        with copying(live, engine) as copier:
            copier.copy_all(SHELF)
        (name,) = put_up(db, [wanted], at, only=False, going=False)
        with db() as session:
            library = read_library(session)
        with copying(live, engine) as copier:
            _copy(copier, customer, sorted(spoken_of(library)))
        yield engine, _Simulation(db, library, customer, name, at)


def _copy(copier: Copier, customer: int, types: list[str]) -> None:
    who = {"who": customer, "types": types}
    copier.copy("customers", "id = %(who)s", who)
    for table in _THEIRS:
        copier.copy(table, "customer_id = %(who)s", who)
    copier.copy("next_looks", "customer = %(who)s", who)
    copier.copy("waits", "enrollment_id IN (SELECT id FROM enrollments WHERE customer_id = %(who)s)", who)
    began = "id IN (SELECT trigger_id FROM enrollments WHERE customer_id = %(who)s)"
    copier.copy("events", f"customer_id IS NULL AND (type = ANY(%(types)s) OR {began})", who)
    copier.copy_all(_ALL)
    copier.run(f"INSERT INTO identifiers VALUES ('{PERSON}', %(who)s::text, %(who)s)", who)


class _Simulation:
    def __init__(self, db: Database, library: Library, customer: int, journey: str, at: datetime) -> None:
        self.db = db
        self.library = library
        self.plan: Plan = library.journeys[journey].plan
        self._customer = customer
        self._at = at

    def play(self, given_event: GivenEvent | None) -> Simulation:
        with self.db.begin() as work:
            customer = work.get_one(Customer, self._customer)
            begun_by = given_event or self._newest(work, customer)
            if wrong := validate(begun_by.type, dict(begun_by.data)):
                raise StartError("\n".join(f"data of {begun_by.type}: {item.field} {item.detail}" for item in wrong))
            not_due = None
            if given_event is None:
                not_due = why_not_due(work, self.library, self.plan, customer, self._at)
            if not_due is not None:
                return Simulation(begun_by, self._at, self.library.zone(customer), [(not_due, None)])
            running = select(Enrollment).where(col(Enrollment.ending).is_(None)).order_by(col(Enrollment.id))
            for enrollment in work.exec(running).all():
                work.enqueue(StartRun(enrollment.id))
            before = work.exec(select(func.max(TrailEntry.id))).one() or 0
        clock = VirtualClock(self._at)
        rehearsal = Rehearsal(self.db, clock, Silence())
        for_all = is_business(begun_by.type)
        who = () if for_all else ((PERSON, str(self._customer)),)
        event = Incoming(SOURCE, "1", begun_by.type, self._at, dict(begun_by.data), who, arrived=self._at)
        if for_all:
            with self.db.begin() as work:
                ingest(work, [event], now=self._at)
        rehearsal.play(self._at, {} if for_all else {self._customer: [event]})
        self._let_time_pass(rehearsal, clock)
        with self.db() as session:
            zone = self.library.zone(customer)
            return Simulation(begun_by, self._at, zone, self._decisions(session, before))

    def _let_time_pass(self, rehearsal: Rehearsal, clock: VirtualClock) -> None:
        """Play on; where time alone changes a tag or a segment of the customer, that is an event, before timers."""
        until = self._at + HORIZON
        for _ in range(LOOKS):
            with self.db() as session:
                ahead = session.exec(select(func.min(NextLook.at)).where(NextLook.customer == self._customer)).one()
            if ahead is None or ahead >= until or not rehearsal.is_walking:
                break
            rehearsal.play(ahead - _INSTANT)
            clock.set(max(ahead, clock.now()))
            with self.db.begin() as work:
                look_again(work, read_library(work), clock.now())
        rehearsal.play(until)

    def _newest(self, session: Session, customer: Customer) -> GivenEvent:
        """The newest stored event that fits the trigger, else the newest of its type."""
        trigger, journey = self.plan.trigger, self.plan.journey
        if not isinstance(trigger, EventTrigger):
            kind, _, segment = trigger.for_each.partition(":")
            if kind != "near_expiry_lot":
                return GivenEvent(event_of(kind), {"journey": journey, **({"segment": segment} if segment else {})})
        wanted = trigger.event if isinstance(trigger, EventTrigger) else event_of(trigger.for_each)
        query = (
            select(Event)
            .where(Event.type == wanted, ~col(Event.forgotten))
            .order_by(col(Event.time).desc(), col(Event.id).desc())
        )
        newest = session.exec(query.limit(100)).all()
        if not newest:
            raise StartError(
                f"no {wanted} is stored for this customer; give one with --event {wanted} --event-data '{{…}}'"
            )
        fitting = (event for event in newest if not not_begun(session, self.library, customer, event, self.plan))
        chosen = next(fitting, newest[0])
        data = {**chosen.data, "journey": journey} if is_business(wanted) and "journey" in chosen.data else chosen.data
        return GivenEvent(wanted, data)

    def _decisions(self, session: Session, before: int) -> list[tuple[Decision, str | None]]:
        rows = session.exec(
            select(TrailEntry).where(TrailEntry.id > before).order_by(col(TrailEntry.at), col(TrailEntry.id))
        ).all()
        sent = session.exec(select(Message))
        texts = {(item.enrollment_id, item.template, item.claimed_at): item.body for item in sent}
        decisions = [(decision_of(row), texts.get((row.enrollment_id or 0, row.value, row.at))) for row in rows]
        if missed := self._missed(session):
            decisions.insert(0, (missed, None))
        return decisions

    def _missed(self, session: Session) -> Decision | None:
        event = session.exec(select(Event).where(Event.source == SOURCE)).one()
        customer = session.get_one(Customer, self._customer)
        if event.customer_id is not None:
            return not_begun(session, self.library, customer, event, self.plan)
        trigger, audience = self.plan.trigger, self.plan.audience
        conditions = [item for item in (whom(trigger), trigger.where, audience) if item is not None]
        entered = session.exec(select(Enrollment).where(Enrollment.trigger_id == event.id)).first()
        if entered is not None or not conditions:
            return None
        lot = {name: event.data[name] for name in ("lot_id", "stream_id") if event.data.get(name)}
        facts = CustomerFacts(session, self.library, customer, self._at, event=event.data, subject=lot)
        failed = next((verdict for verdict in map(facts.holds, conditions) if not verdict), None)
        if failed is None:
            return None
        return Decision(self._at, self.plan.journey, "not_entered", "where", because=failed.because, event=event.type)
