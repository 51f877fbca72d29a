"""Waits: when they end, and what settles a wait for an event, which is decided once."""

from datetime import datetime, time, timedelta
from itertools import count
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from domain.conditions.facts import CustomerFacts
from domain.intake.tables import Event
from domain.journeys.batch import EnrollmentBatch
from domain.journeys.group_rows import GroupRows
from domain.journeys.tables import Enrollment, EnrollmentRow, WaitRow
from domain.ledger.tables import Message
from domain.store.work import UnitOfWork
from workflows.plan.model import Plan
from workflows.terms.calendar import falls_on, hour_within, lies_within
from workflows.terms.comparing import as_instant, as_number
from workflows.terms.conditions import matches, measured
from workflows.terms.operands import FieldRef
from workflows.terms.values import Duration, at_local, local_day, parse_time
from workflows.verbs.wait import Wait as WaitStep
from workflows.verbs.wait_for import WaitFor

WhoseHour = Literal["usual_hour", "shop_hour", "no_hour"]


def end_of_wait(step: WaitStep, enrollment: EnrollmentRow, facts: CustomerFacts, at: datetime) -> datetime | None:
    """When a wait that began at `at` is over, on the customer's clock; None if there is no such instant."""
    try:
        return _end_of_wait(step, enrollment, facts, at)
    except OverflowError:  # beyond the last year, or before the first
        return None


def _end_of_wait(step: WaitStep, enrollment: EnrollmentRow, facts: CustomerFacts, at: datetime) -> datetime | None:
    zone = facts.zone
    if step.each and step.of:
        of = facts.field(step.of.field) if isinstance(step.of, FieldRef) else measured(step.of, facts)
        return _after_each(step.each, _number(of), step.at_most, at, zone)
    if step.span and step.clock:
        last_day = local_day(step.span.after(at, zone), zone)
        return at_local(last_day, parse_time(step.clock), zone, at)
    if step.span:
        return step.span.after(at, zone)
    if step.field:
        instant = as_instant(facts.field(step.field), zone)
        if instant is None:
            return None
        if step.minus:
            return step.minus.before(instant, zone)
        return step.plus.after(instant, zone) if step.plus else instant
    if step.usual:
        return _at_usual_hour(step, facts, at)
    clock = parse_time(step.clock or "00:00")
    if step.day is not None:
        return at_local(local_day(enrollment.anchor, zone) + timedelta(days=step.day), clock, zone, at)
    today = local_day(at, zone)
    days = (today + timedelta(days=number) for number in count())
    fitting = (day for day in days if falls_on(day, weekday=step.weekday, month_day=step.month_day))
    return next(due for day in fitting if (due := at_local(day, clock, zone, at)) >= at)


def hour_gone_by(step: WaitStep, facts: CustomerFacts) -> tuple[int, WhoseHour]:
    """The hour that a wait for the usual one goes by: the customer's, else the shop's best, else the first there is."""
    begin, end = _times_of(step)
    usual = as_number(facts.field("customer.usual_hour"))
    if usual is not None and 0 <= usual < 24:
        return int(usual), "usual_hour"
    within = (hour for hour in facts.subjects.best_hours if hour_within(hour, begin, end).hour == hour)
    of_shop = next(within, None)
    return (begin.hour, "no_hour") if of_shop is None else (of_shop, "shop_hour")


def _at_usual_hour(step: WaitStep, facts: CustomerFacts, at: datetime) -> datetime:
    """When the hour that is gone by comes, or the nearest in which it may be; at once if it is that now."""
    zone = facts.zone
    begin, end = _times_of(step)
    clock = hour_within(hour_gone_by(step, facts)[0], begin, end)
    now = at.astimezone(zone).time()
    if now.hour == clock.hour and lies_within(now, begin, end):
        return at
    today = local_day(at, zone)
    days = (today + timedelta(days=number) for number in count())
    return next(due for day in days if (due := at_local(day, clock, zone, at)) >= at)


def _times_of(step: WaitStep) -> tuple[time, time]:
    return (parse_time(step.between.start), parse_time(step.between.end)) if step.between else _ANY_TIME


_ANY_TIME = (parse_time("00:00"), parse_time("00:00"))
_A_CENTURY = Duration.of("36500d")


def _number(value: Any) -> float | None:
    """A number, or what the items of a list add up to; None for anything else."""
    items = [as_number(item) for item in (value if isinstance(value, list) else [value])]
    numbers = [float(item) for item in items if item is not None]
    return sum(numbers) if numbers and len(numbers) == len(items) else None


def _after_each(
    each: Duration, number: float | None, at_most: Duration | None, at: datetime, zone: ZoneInfo
) -> datetime | None:
    """`each` span after `at` so many times; whole days keep the time of day. None if there is no number."""
    if number is None:
        return None
    longest, times = at_most or _A_CENTURY, max(number, 0)
    if times >= longest.nominal / each.nominal:
        return longest.after(at, zone)
    span = each.nominal * times
    if each.days is None or span.days == 0:
        return at + span
    return Duration(amount=span.days, unit="d").after(at, zone) + (span - timedelta(days=span.days))


def register(rows: GroupRows, step: WaitFor, enrollment: EnrollmentRow, facts: CustomerFacts, at: datetime) -> WaitRow:
    """The wait for an event, opened now if it isn't yet; settled at once if it happened since the last send."""
    wait = rows.wait_of(enrollment, step.path)
    if wait is None:
        wait = WaitRow(enrollment.id, enrollment.generation, step.path, step.within.after(at, facts.zone))
        if happened := _happened_already(rows, step, enrollment, facts, wait.deadline):
            wait = wait._replace(result=happened, settled_at=at)
        rows.register(wait)
    return wait


def wake_waits(
    work: UnitOfWork,
    plan: Plan,
    enrollment: EnrollmentRow,
    passes: EnrollmentBatch,
    event: Event,
    facts: CustomerFacts,
    now: datetime,
) -> bool:
    """Settle the wait that the enrollment stands in, if this event is what it waits for and came in time."""
    step = plan.steps.get(enrollment.position or "")
    if not isinstance(step, WaitFor) or (happened := _awaited(step, enrollment, event, facts)) is None:
        return False
    wait = passes.wait_of(enrollment)
    if wait is None or event.time > wait.deadline:
        return False
    work.change(wait._replace(result=happened, settled_at=now))
    work.change(enrollment._replace(due_at=now))
    return True


def move_wait(
    work: UnitOfWork, plan: Plan, enrollment: EnrollmentRow, event: Event, facts: CustomerFacts, now: datetime
) -> bool:
    """Move the end of the wait in which the enrollment stands, if the event moved the show or lot that it is for.

    It is over `now` if its time is past, and if there is no such time any more.
    """
    step = plan.steps.get(enrollment.position or "")
    if not isinstance(step, WaitStep) or event.type not in step.follows:
        return False
    name = f"{step.field}".partition(".")[0] + "_id"
    if event.data.get(name) != enrollment.subject.get(name):
        return False
    reached = datetime.fromisoformat(enrollment.outcomes[-1][2]) if enrollment.outcomes else enrollment.anchor
    due = end_of_wait(step, enrollment, facts, reached)
    if due == enrollment.due_at:
        return False
    work.change(enrollment._replace(due_at=max(due or now, now)))
    return True


def newest_enrollment(session: Session, customer_id: int, journey: str | None, step: str | None) -> int | None:
    """The newest enrollment that a receipt without one is about: in the journey it names, else by its step."""
    if not journey and not step:
        return None
    query = select(Enrollment.id).where(Enrollment.customer_id == customer_id)
    if journey:
        query = query.where(Enrollment.journey == journey)
    else:
        query = query.join(Message, col(Message.enrollment_id) == Enrollment.id).where(Message.step == step)
    return session.exec(query.order_by(col(Enrollment.id).desc())).first()


def _happened_already(
    rows: GroupRows, step: WaitFor, enrollment: EnrollmentRow, facts: CustomerFacts, deadline: datetime
) -> str | None:
    """What it waits for of that which is stored: the first that happened, by the name that it is told as."""
    types = {condition.event for condition in step.awaited}
    events = (event for type in types for event in rows.events(type, enrollment.customer_id, enrollment.anchor))
    happened = (
        _awaited(step, enrollment, event, facts)
        for event in sorted(events, key=lambda event: (event.time, event.id))
        if event.time <= deadline and event.id != enrollment.trigger_id
    )
    return next((name for name in happened if name is not None), None)


def _awaited(step: WaitFor, enrollment: EnrollmentRow, event: Event, facts: CustomerFacts) -> str | None:
    """The name of what the step waits for that the event is, None if it is nothing of it."""
    sent = enrollment.last_sent_at  # an event of the same instant came before it
    fresh = event.time > sent if sent else event.time >= enrollment.anchor
    for choice in step.choices:
        if choice.of is None:
            is_it = fresh and matches(choice.condition, event.type, facts.looking_at(event.data))
        else:
            about = (event.data.get("enrollment"), event.data.get("step"))
            is_it = choice.condition.event == event.type and about == (enrollment.id, choice.of)
        if is_it:
            return choice.name
    return None
