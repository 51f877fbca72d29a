"""Scheduled triggers and events about the business: who they are about, in pages. Both go through ingest."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays
from sqlmodel import Session, col, select

from domain.catalogue.sources import SCHEDULE
from domain.conditions.facts import BatchFacts, CustomerFacts, Moment, is_readable
from domain.conditions.sql import matching
from domain.conditions.subjects import GroupRefs
from domain.customers.resolution import lock_customers
from domain.customers.tables import Customer, CustomerRow
from domain.intake import walks
from domain.intake.birthdays import born_on
from domain.intake.ingest import Incoming, ingest
from domain.intake.tables import Event
from domain.journeys.batch import EnrollmentBatch
from domain.journeys.enrollments import EntryAttempt, apply_effect, enter, must_exit
from domain.journeys.tables import Enrollment, EnrollmentRow
from domain.journeys.waits import move_wait
from domain.published.library import Library, read_library, read_plan
from domain.stock import inventory
from domain.store.bulk import is_among
from domain.store.work import UnitOfWork
from workflows.language.calendar import Calendar
from workflows.plan.model import EventTrigger, Plan, ScheduleTrigger
from workflows.terms.calendar import falls_on, is_anniversary
from workflows.terms.conditions import Condition, SegmentCondition
from workflows.terms.names.events import event_of
from workflows.terms.values import at_local, local_day, parse_time
from workflows.verbs.base import Decision

PAGE = 500
_EXITS, _ENTRIES = "exits", "entries"
FIRST = f"{_EXITS}:0"
"""Where a fan-out begins."""


def fires_on(trigger: ScheduleTrigger, day: date, calendar: Calendar) -> bool:
    """Whether the schedule fires on this local day (at its `at`); the calendar has the shop's own days."""
    if trigger.year_day is not None:
        return is_anniversary(day, trigger.year_day)
    if trigger.festival is not None:
        meant = day - timedelta(days=trigger.offset_days)
        own = calendar.get(trigger.festival)
        if own is not None:
            return any(each.is_on(meant) for each in own)
        return festival_day(trigger.festival, meant.year) == meant
    return falls_on(day, weekday=trigger.weekday, month_day=trigger.month_day)


@cache
def festival_day(name: str, year: int) -> date | None:
    """The first day of a festival of the Chinese calendar in a year, as the `holidays` package has it."""
    calendar = holidays.country_holidays("CN", years=year, language="zh_CN")
    return min((day for day, names in calendar.items() if name in names.split("; ")), default=None)


def why_not_due(work: UnitOfWork, library: Library, plan: Plan, customer: Customer, at: datetime) -> Decision | None:
    """Why a journey's schedule wouldn't reach the customer on the day of `at`: the day, the birthday or the segment.

    For the wrong day, `until` is when it next fires, if it does within two years.
    """
    trigger = plan.trigger
    if not isinstance(trigger, ScheduleTrigger):
        return None
    zone = library.policy_zone
    day = local_day(at, zone)
    decision = Decision(at, plan.journey, "not_entered", "day", event=event_of(trigger.for_each))
    if not fires_on(trigger, day, library.calendar):
        days = (day + timedelta(days=ahead) for ahead in range(1, 750))
        following = next((each for each in days if fires_on(trigger, each, library.calendar)), None)
        until = datetime.combine(following, time.fromisoformat(trigger.at), zone) if following else None
        return replace(decision, until=until)
    kind, _, segment = trigger.for_each.partition(":")
    birthday = _birthday(trigger, day, zone, at)
    if kind == "birthday" and customer.id not in born_on(work, library, birthday, after=customer.id - 1, limit=1):
        return replace(decision, value="birthday")
    if kind == "segment":
        verdict = CustomerFacts(work, library, customer, at).holds(SegmentCondition(segment=segment))
        if not verdict.holds:
            return replace(decision, value="segment", because=verdict.because)
    return None


def _birthday(trigger: ScheduleTrigger, day: date, zone: ZoneInfo, now: datetime) -> datetime:
    """The instant on whose day they have their birthday for whom the trigger fires on `day`."""
    return at_local(day - timedelta(days=trigger.birthday_offset or 0), parse_time(trigger.at), zone, now)


def emit_page(work: UnitOfWork, journey: str, cursor: str, now: datetime, due: datetime | None = None) -> str | None:
    """Emit a page of the events that a journey's schedule stands for. Returns the next cursor, None after the last.

    It stands for what was so when it was `due`, which is `now` if it isn't given.

    The events are named by journey, subject and the day on which the first page was, so that a schedule which fires
    twice is one, and one that goes on after midnight keeps its day.
    """
    library = read_library(work)
    live = library.journeys.get(journey)
    trigger = live.plan.trigger if live else None
    walk = walks.walk_of_schedule(work, journey, due) if due else None
    if walk and not cursor:
        cursor = walk.cursor
    due = due or now
    first_day, _, after = cursor.partition("/")
    day = date.fromisoformat(first_day) if first_day else local_day(due, library.policy_zone)
    if not isinstance(trigger, ScheduleTrigger) or not fires_on(trigger, day, library.calendar):
        return walks.go_on(work, walk, None)
    kind, _, segment = trigger.for_each.partition(":")
    subjects: list[tuple[str, dict[str, Any], int | None]]
    if kind == "near_expiry_lot":
        page, next_cursor = inventory.near_expiry_page(work, due, library.policy_zone, after=after, limit=PAGE)
        subjects = [(lot["lot_id"], dict(lot), None) for lot in page]
    else:
        born = kind == "birthday"
        if born:
            birthday = _birthday(trigger, day, library.policy_zone, now)
            ids = born_on(work, library, birthday, after=int(after or 0), limit=PAGE)
        else:
            ids = _members(work, library, segment, after, due)
        data = {} if born else {"segment": segment}
        subjects = [(str(id), data, id) for id in ids]
        next_cursor = str(ids[-1]) if len(ids) == PAGE else None
    events = [
        Incoming(
            source=SCHEDULE,
            id=f"{journey}/{subject}/{day}",
            type=event_of(trigger.for_each),
            time=due,
            data={"journey": journey, **data},
            customer=customer,
        )
        for subject, data, customer in subjects
    ]
    ingest(work, events, now=now)
    return walks.go_on(work, walk, f"{day}/{next_cursor}" if next_cursor else None)


def lots_of(session: Session, journey: str, now: datetime, *, after: str) -> Sequence[str]:
    """The next lots, by id, that a journey's schedule looks at."""
    library = read_library(session)
    live = library.journeys.get(journey)
    if live is None or not isinstance(live.plan.trigger, ScheduleTrigger):
        return []
    if live.plan.trigger.for_each != "near_expiry_lot":
        return []
    page = inventory.near_expiry_lots(session, now, library.policy_zone, after=after, limit=PAGE)
    return [lot.lot_id for lot in page]


def fan_out_page(work: UnitOfWork, event_id: int, journey: str, cursor: str, now: datetime) -> str | None:
    """Take an event about the business to a page of a journey's enrollments, then of the customers it may enter."""
    library = read_library(work)
    event = work.get_one(Event, event_id)
    walk = walks.walk_with_event(work, journey, event_id)
    if walk and walk.cursor and cursor == FIRST:
        return walk.cursor
    phase, _, last = cursor.partition(":")
    if phase == _EXITS:
        last_id = _exit_page(work, library, event, journey, int(last), now)
        return walks.go_on(work, walk, f"{_EXITS}:{last_id}" if last_id else f"{_ENTRIES}:0")
    last_id = _entry_page(work, library, event, journey, int(last), now)
    return walks.go_on(work, walk, f"{_ENTRIES}:{last_id}" if last_id else None)


def _exit_page(work: UnitOfWork, library: Library, event: Event, journey: str, after: int, now: datetime) -> int | None:
    running = select(Enrollment.id, Enrollment.customer_id).where(
        Enrollment.journey == journey, Enrollment.id > after, col(Enrollment.ending).is_(None)
    )
    page = work.exec(running.order_by(col(Enrollment.id)).limit(PAGE)).all()
    customers = lock_customers(work, {customer for _, customer in page})
    facts_batch = BatchFacts(work, {id: Moment(now) for id in customers})
    enrollments = work.read(EnrollmentRow, is_among(Enrollment.id, [id for id, _ in page]))
    subjects = GroupRefs(work, enrollments)
    for enrollment in enrollments:
        facts = CustomerFacts(
            work, library, customers[enrollment.customer_id], now,
            enrollment=enrollment, batch=facts_batch, subjects=subjects,
        )  # fmt: skip
        if enrollment.ending is not None or not is_readable(library, facts.customer):
            continue
        plan = read_plan(work, enrollment.plan_id)
        if must_exit(plan, enrollment, event, facts):
            apply_effect(work, enrollment, "exit", now)
        elif move_wait(work, plan, enrollment, event, facts, now):
            apply_effect(work, enrollment, "wake", now)
    return page[-1][0] if len(page) == PAGE else None


def _entry_page(
    work: UnitOfWork, library: Library, event: Event, journey: str, after: int, now: datetime
) -> int | None:
    live = library.journeys.get(journey)
    if live is None or not _may_enter(live.plan.trigger, event):
        return None
    plan = live.plan
    subject = _subject(work, event, now, library.policy_zone)
    nobody = CustomerRow(0, None, None, {}, {}, now)
    shared = CustomerFacts(work, library, nobody, now, event=event.data, subject=subject)
    lot, stream = shared.lot, shared.stream
    conditions = [condition for condition in (whom(plan.trigger), plan.trigger.where, plan.audience) if condition]
    ids = _page(work, library, conditions, after, now, event=event.data, trigger=event.data, lot=lot, stream=stream)
    attempts = []
    facts_batch = BatchFacts(work, {id: Moment(now) for id in ids})
    customers = lock_customers(work, ids)
    for customer in (customers[id] for id in ids if customers[id].id == id):
        facts = CustomerFacts(
            work, library, customer, now,
            event=event.data, trigger=event.data, subject=subject, batch=facts_batch,
        )  # fmt: skip
        facts.__dict__.update(lot=lot, stream=stream)
        if not is_readable(library, customer):
            continue
        if plan.trigger.where is None or facts.holds(plan.trigger.where):
            attempts.append(EntryAttempt(live, event, facts, now, subject))
    enter(work, attempts, EnrollmentBatch(work, library))
    return ids[-1] if len(ids) == PAGE else None


def whom(trigger: EventTrigger | ScheduleTrigger) -> SegmentCondition | None:
    """The segment that the trigger is for each member of."""
    kind, _, name = (trigger.for_each or "").partition(":")
    return SegmentCondition(segment=name) if kind == "segment" else None


def _may_enter(trigger: EventTrigger | ScheduleTrigger, event: Event) -> bool:
    if isinstance(trigger, EventTrigger):
        return trigger.event == event.type
    return event.type == event_of(trigger.for_each)


def _subject(session: Session, event: Event, now: datetime, zone: ZoneInfo) -> Mapping[str, Any]:
    """The lot and the stream that an event is about; for a lot without a stream, the next show in its city."""
    subject = {name: event.data[name] for name in ("lot_id", "stream_id") if event.data.get(name)}
    if "lot_id" in subject and "stream_id" not in subject:
        stream = inventory.next_stream(session, subject["lot_id"], now, zone)
        return {**subject, "stream_id": stream} if stream else subject
    return subject


def _members(session: Session, library: Library, segment: str, after: str, now: datetime) -> Sequence[int]:
    return _page(session, library, [SegmentCondition(segment=segment)], int(after or 0), now)


def _page(
    session: Session, library: Library, conditions: Sequence[Condition], after: int, now: datetime, **known: Any
) -> Sequence[int]:
    """The next customers for whom all the conditions hold."""
    query = select(Customer.id).where(Customer.id > after)
    query = query.where(*(matching(condition, library, now, **known) for condition in conditions))
    return session.exec(query.order_by(col(Customer.id)).limit(PAGE)).all()
