"""The world of a journey test: an empty shop with the case's customers and stock, in which its events happen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlmodel import col, select

from domain.catalogue.types import is_business
from domain.catalogue.validation import validate
from domain.customers.identifiers import identify
from domain.customers.resolution import lock_customers, resolve
from domain.customers.tables import Consent, CustomerRow, CustomerTag
from domain.intake.ingest import Incoming, ingest
from domain.intake.schedules import fires_on
from domain.intake.settling import HISTORY
from domain.journeys import lifecycle
from domain.journeys.lifecycle import Running
from domain.journeys.moving import settle_running
from domain.journeys.stuck import list_stuck
from domain.journeys.tables import Enrollment, TrailEntry
from domain.ledger.tables import Message
from domain.published.publishing import publish_documents, publish_journey, publish_texts
from domain.stock.tables import Stream
from domain.store.clock import VirtualClock
from domain.store.tables import Outbox
from domain.store.work import Database
from runtime.rehearsal.cases import VISIBLE, Case, CaseEvent, CaseLot, CaseVersion, Written
from workflows.language.calendar import Calendar
from workflows.language.policy import CouponTerms, Policy
from workflows.plan.model import Plan, ScheduleTrigger
from workflows.terms.quantities import number_of
from workflows.terms.values import at_local, local_day, parse_time
from workflows.verbs.split import Split

SEARCHED = timedelta(days=400)
"""How far ahead a schedule is looked through for the first day on which it finds anybody."""


@dataclass(frozen=True)
class CaseStock:
    """What is published for a case: one journey, and everything it refers to."""

    plan: Plan
    policy: Policy
    segments: dict[str, object]
    campaigns: dict[str, CouponTerms]
    texts: dict[tuple[str, str], str]
    tags: dict[str, object] = field(default_factory=dict)
    calendar: Calendar = field(default_factory=dict)
    versions: tuple[Plan, ...] = ()
    """What the case publishes later, in the order in which it says so."""


Happening = Any
"""An event or a version, or what else a kind of case lets happen."""


@dataclass(frozen=True)
class Line:
    """One line of a timeline, as it happened."""

    at: datetime
    what: str
    value: str
    via: str | None
    reason: str | None
    until: datetime | None
    customer: str
    enrollment: int | None
    text: str | None = None
    because: str | None = None


class World:
    """One case, set up on an empty database. Times without an offset are in the customer's timezone."""

    def __init__(self, db: Database, case: Case, shelf: CaseStock) -> None:
        self.db = db
        self.case = case
        self.shelf = shelf
        self.zone = ZoneInfo(shelf.policy.timezone)
        self.names: dict[int, str] = {}
        self.happenings = sorted(self._happenings(), key=self.arrival_of)
        self.clock = VirtualClock(self._beginning())
        self._set_up()

    def zone_of(self, customer: str | None) -> ZoneInfo:
        """The timezone that a customer's times are written in."""
        name = self.case.who(customer)
        person = self.case.people.get(name) if name else None
        return ZoneInfo(person.timezone) if person and person.timezone else self.zone

    def time_of(self, event: CaseEvent) -> datetime:
        """When an event happened."""
        return event.at.at(self.zone_of(event.customer))

    def arrival_of(self, happening: Happening) -> datetime:
        """When an event is told, or a version published."""
        if isinstance(happening, CaseVersion):
            return happening.at.at(self.zone)
        arrives: Written = happening.arrives or happening.at
        return arrives.at(self.zone_of(happening.customer))

    def post(self, numbers: Sequence[int]) -> None:
        """Let these of the case's events and versions come now. Raises ValueError for what the API wouldn't take."""
        for number in numbers:
            happening = self.happenings[number]
            if isinstance(happening, CaseVersion):
                self._publish(self.shelf.versions[self.case.publish.index(happening)], happening.running)
        incoming = [
            self._incoming(number, happening)
            for number in numbers
            if isinstance(happening := self.happenings[number], CaseEvent)
        ]
        with self.db.begin() as work:
            ingest(work, incoming, now=self.clock.now())

    def _publish(self, plan: Plan, running: Running) -> None:
        now = self.clock.now()
        with self.db.begin() as work:
            lifecycle.publish(work, pinned(plan, self.case.variants), "", now, "case", running=running)
        settle_running(self.db, plan.journey, running, now)

    def _incoming(self, number: int, event: CaseEvent) -> Incoming:
        data = dict(event.data)
        if wrong := validate(event.event, data):
            raise ValueError("\n".join(f"data of {event.event}: {item.field} {item.detail}" for item in wrong))
        if event.event.startswith(("message.", "todo.", "coupon.", "lot.near_expiry")):
            data.setdefault("journey", self.shelf.plan.journey)
        name = None if is_business(event.event) else self.case.who(event.customer)
        person = self.case.people[name] if name else None
        return Incoming(
            source="case",
            id=str(number),
            type=event.event,
            time=self.time_of(event),
            data=data,
            identifiers=identify(None, person.identifiers) if person else (),
        )

    def next_due(self) -> datetime | None:
        """When the next enrollment acts, if nothing else happens."""
        with self.db() as session:
            return session.exec(select(func.min(Enrollment.due_at)).where(col(Enrollment.ending).is_(None))).one()

    def at_rest(self) -> bool:
        """Whether nothing is left to be done at this instant."""
        due = self.next_due()
        with self.db() as session:
            waiting = session.exec(select(func.count()).select_from(Outbox)).one()
        return waiting == 0 and (due is None or due > self.clock.now())

    def next_act(self) -> datetime | None:
        """When the next enrollment acts, if nothing else happens. Raises ValueError if a defect put somebody off."""
        standing = select(func.min(Enrollment.due_at), func.count(col(Enrollment.stuck_on)))
        with self.db() as session:
            due, defects = session.exec(standing.where(col(Enrollment.ending).is_(None))).one()
            stuck = list_stuck(session, limit=1) if defects else ()
        if stuck:
            step = f"step {stuck[0].position}" if stuck[0].position else "the end"
            raise ValueError(f"{self.names[stuck[0].customer_id]} is stuck at {step}: {stuck[0].stuck_on}")
        return due

    def next_firing(self, after: datetime, *, at_once: bool = False) -> datetime | None:
        """The next instant at which the journey's schedule fires."""
        trigger = self.shelf.plan.trigger
        if not isinstance(trigger, ScheduleTrigger):
            return None
        day = local_day(after, self.zone)
        for _ in range(SEARCHED.days):
            firing = at_local(day, parse_time(trigger.at), self.zone, after)
            if fires_on(trigger, day, self.shelf.calendar) and (firing > after or (at_once and firing == after)):
                return firing
            day += timedelta(days=1)
        return None

    def horizon(self) -> datetime:
        """Until when a schedule fires: the case's `until`, else the last time that it speaks of."""
        if self.case.until:
            return self.case.until.at(self.zone_of(None))
        times = [self.clock.now(), *map(self.arrival_of, self.happenings)]
        times += [stream.starts_at.at(self.zone) for stream in self.case.streams]
        times += [lot.expires.at(self.zone) for lot in self.case.lots]
        times += [line + timedelta(minutes=1) for line in self._expected()]
        return max(times)

    def timeline(self) -> list[Line]:
        """What happened, in order."""
        with self.db() as session:
            bodies = {(row.enrollment_id, row.step): row.body for row in session.exec(select(Message))}
            plans = [self.shelf.plan, *self.shelf.versions]
            names = {step.path: step.name for plan in plans for step in plan.steps.values()}
            rows = session.exec(
                select(TrailEntry)
                .where(col(TrailEntry.what).in_(VISIBLE))
                .order_by(col(TrailEntry.at), col(TrailEntry.id))
            ).all()
        return [
            Line(
                row.at,
                row.what,
                row.value,
                row.via,
                row.reason,
                row.until,
                self.names[row.customer_id],
                row.enrollment_id,
                bodies.get((row.enrollment_id or 0, names.get(row.step or "", ""))) if row.what == "sent" else None,
                row.because if row.what == "failed" else None,
            )
            for row in rows
        ]

    def _happenings(self) -> list[Happening]:
        """What the case lets happen, in any order."""
        return [*self.case.publish, *self.case.events]

    def _expected(self) -> list[datetime]:
        """The times that the timeline speaks of."""
        return [line.at.at(self.zone_of(line.customer)) for line in self.case.expected if line.at]

    def _beginning(self) -> datetime:
        times = [self.time_of(event) for event in self.case.events]
        times += [stream.starts_at.at(self.zone) for stream in self.case.streams]
        times += self._expected()
        return min(times, default=datetime(2026, 1, 1, tzinfo=self.zone)) - timedelta(minutes=1)

    def _set_up(self) -> None:
        now = self.clock.now()
        with self.db.begin() as work:
            shelf = self.shelf
            coupons = {name: terms.model_dump(mode="json") for name, terms in shelf.campaigns.items()}
            policy = shelf.policy.model_dump(mode="json")
            documents = {"_policy": policy, "_segments": shelf.segments, "_tags": shelf.tags, "_coupons": coupons}
            documents["_calendar"] = {name: [str(each) for each in days] for name, days in shelf.calendar.items()}
            publish_documents(work, documents)
            publish_journey(work, pinned(shelf.plan, self.case.variants), "", now)
            publish_texts(work, shelf.texts)
            resolved = resolve(work, [identify(None, person.identifiers) for person in self.case.people.values()], now)
            lock_customers(work, [owner.customer_id for owner in resolved])
            for (who, person), owner in zip(self.case.people.items(), resolved, strict=True):
                customer = work.held(CustomerRow, owner.customer_id)
                self.names[customer.id] = who
                name, fields = person.fields.get("name"), dict(person.fields)
                work.change(customer._replace(name=name, timezone=person.timezone, fields=fields))
                for channel in person.consent:
                    work.add(Consent(customer_id=customer.id, channel=channel, purpose="marketing", given=True, at=now))
                for tag in person.tags:
                    work.add(CustomerTag(customer_id=customer.id, tag=tag))
            ingest(work, [self._received(lot, now - 2 * HISTORY) for lot in self.case.lots], now=now)
            for stream in self.case.streams:
                starts_at = stream.starts_at.at(self.zone)
                work.add(Stream(stream_id=stream.id, title=stream.title, city=stream.city, starts_at=starts_at))

    def _received(self, lot: CaseLot, at: datetime) -> Incoming:
        """A lot came in so long ago that nobody enters a journey on it."""
        data = lot.model_dump(include={"sku", "name", "category", "city"}, exclude_none=True)
        expires_on = local_day(lot.expires.at(self.zone), self.zone).isoformat()
        data |= {"lot_id": lot.id, "quantity": number_of(lot.available), "expires_on": expires_on}
        return Incoming("case", f"lot/{lot.id}", "lot.received", at, data)


def pinned(plan: Plan, variants: dict[str, str]) -> Plan:
    """The plan with some of its splits decided: all the weight on one variant. Raises ValueError for unknown names."""
    steps = dict(plan.steps)
    for step_id, variant in variants.items():
        splits = [step for step in plan.steps.values() if isinstance(step, Split) and step.written_id == step_id]
        if not splits or variant not in {arm.variant for arm in splits[0].arms}:
            raise ValueError(f"variants: the journey has no split {step_id} with a variant {variant}")
        for split in splits:
            arms = tuple(arm.model_copy(update={"weight": 100 if arm.variant == variant else 0}) for arm in split.arms)
            steps[split.path] = split.model_copy(update={"arms": arms})
    return plan.model_copy(update={"steps": steps})


def with_texts(plan: Plan, texts: dict[tuple[str, str], str]) -> dict[tuple[str, str], str]:
    """The texts that a plan sends; one that isn't written yet is its own name, since a timeline doesn't show it."""
    needed = {text for step in plan.steps.values() for text in step.texts}
    return {key: texts.get(key, key[0]) for key in sorted(needed)}


def agenda(world: World) -> Iterator[tuple[datetime, list[int], bool]]:
    """The instants of a case in order, each with the events that happen then and whether the schedule fires.

    Raises ValueError as soon as an enrollment is stuck on a defect: it would be tried again for ever.
    """
    queue = list(range(len(world.happenings)))
    until = world.case.until.at(world.zone_of(None)) if world.case.until else None
    firing = world.next_firing(world.clock.now())
    horizon = world.horizon()
    while True:
        due = world.next_act()
        event_at = world.arrival_of(world.happenings[queue[0]]) if queue else None
        fires_at = firing if firing and firing <= horizon else None
        times = [time for time in (event_at, fires_at, due) if time is not None]
        instant: datetime | None = min(times, default=None)
        if instant is None or (until is not None and instant > until):
            return
        numbers = []
        while queue and world.arrival_of(world.happenings[queue[0]]) <= instant:
            numbers.append(queue.pop(0))
        fires = fires_at is not None and fires_at <= instant
        if fires:
            firing = world.next_firing(instant)
        yield max(instant, world.clock.now()), numbers, fires
