"""Enrollments: who enters, restarts and ends. Every change happens under the lock on the customer's row."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import or_
from sqlmodel import Session, col, select

from domain.facts import CustomerFacts
from domain.library import Live
from domain.outbox import tell
from domain.tables import Enrollment, Event
from domain.trail import record, record_not_entered
from workflows.conditions import EventCondition, matches
from workflows.plan import Plan
from workflows.values import local_day

LIFETIME_SLOT = "once"


def enter(
    session: Session, live: Live, event: Event, facts: CustomerFacts, now: datetime, *, subject: Mapping[str, Any]
) -> Enrollment | None:
    """Let the customer enter the journey on this event, restart the pass that is under way, or note why not.

    The caller has seen that the trigger matches. `subject` names the lot and stream that the journey is about.
    """
    plan = live.plan
    reason, because = _shut_out(live, facts)
    if reason:
        record_not_entered(session, facts.customer.id, plan.journey, reason, now, because)
        return None
    key = _entry_key(plan, facts)
    previous = session.exec(
        select(Enrollment)
        .where(Enrollment.journey == plan.journey, Enrollment.key == key)
        .order_by(col(Enrollment.id).desc())
    ).first()
    anchor = min(event.time, now)
    if previous is not None and not _may_enter_again(plan, previous, anchor, facts):
        if plan.entry.again == "restart" and not previous.claimed and event.time >= previous.anchor:
            _restart(session, plan, previous, event, anchor, facts, now)
        else:
            record_not_entered(session, facts.customer.id, plan.journey, "again", now)
        return None
    enrollment = Enrollment(
        journey=plan.journey, plan_id=live.plan_id, customer_id=facts.customer.id, key=key,
        slot=LIFETIME_SLOT if plan.entry.again == "never" else str(event.id),
        exclusive=plan.entry.again == "restart", trigger_id=event.id, subject=dict(subject),
        entered_at=now, anchor=anchor, due_at=now, goal_until=_goal_until(plan, anchor, facts), position=plan.first,
    )  # fmt: skip
    session.add(enrollment)
    session.flush()
    record(session, enrollment, "entered", live.plan.journey, now)
    own = CustomerFacts(
        session, facts.library, facts.customer, now, enrollment=enrollment, trigger=event.data, upto=event.id
    )
    if not _already_over(session, plan, enrollment, event, own, now):
        alone = plan.entry.cohort == 1
        tell(session, "start", plan.journey, enrollment_id=enrollment.id, gather=None if alone else live.plan_id)
    return enrollment


def end(
    session: Session, enrollment: Enrollment, ending: str, now: datetime, reason: str | None = None, *, wake: bool
) -> None:
    """End an enrollment. `wake` tells its workflow, where the caller isn't that workflow itself."""
    enrollment.ending = ending
    enrollment.reason = reason
    enrollment.ended_at = now
    enrollment.due_at = None
    record(session, enrollment, "ended", ending, now, reason=reason)
    if wake:
        tell(session, "wake", enrollment.journey, enrollment_id=enrollment.id)


def reached_goal(plan: Plan, enrollment: Enrollment, event: Event, facts: CustomerFacts) -> bool:
    """Whether the event is the journey's goal, after its trigger and within its time."""
    if plan.goal is None or enrollment.goal_until is None or event.time > enrollment.goal_until:
        return False
    return _counts(plan.goal.condition, enrollment, event, facts)


def must_exit(plan: Plan, enrollment: Enrollment, event: Event, facts: CustomerFacts) -> bool:
    """Whether the event is one of the journey's exits, after its trigger."""
    return any(_counts(condition, enrollment, event, facts) for condition in plan.exits)


def open_or_convertible(session: Session, times: Mapping[int, datetime]) -> Mapping[int, Sequence[Enrollment]]:
    """The enrollments that an event of each customer, at its time, can still end, wake or convert, oldest first."""
    late = (
        col(Enrollment.ending).in_(("finished", "stopped")),
        col(Enrollment.goal_until) >= min(times.values()),
        col(Enrollment.converted_at).is_(None),
    )
    query = select(Enrollment).where(
        col(Enrollment.customer_id).in_(times), or_(col(Enrollment.ending).is_(None), late[0] & late[1] & late[2])
    )
    found: dict[int, list[Enrollment]] = {}
    for enrollment in session.exec(query.order_by(col(Enrollment.id))):
        until, time = enrollment.goal_until, times[enrollment.customer_id]
        if enrollment.ending is None or (until is not None and until >= time):
            found.setdefault(enrollment.customer_id, []).append(enrollment)
    return found


def _counts(condition: EventCondition, enrollment: Enrollment, event: Event, facts: CustomerFacts) -> bool:
    if event.id == enrollment.trigger_id or event.time < enrollment.anchor:
        return False
    return matches(condition, event.type, facts.looking_at(event.data))


def _shut_out(live: Live, facts: CustomerFacts) -> tuple[str | None, str | None]:
    plan = live.plan
    if live.paused:
        return "paused", None
    if plan.active:
        today = local_day(facts.now, facts.library.policy_zone)
        if (plan.active.start and today < plan.active.start) or (plan.active.until and today > plan.active.until):
            return "inactive", None
    if plan.audience:
        verdict = facts.holds(plan.audience)
        if not verdict:
            return "audience", verdict.because
    return None, None


def _entry_key(plan: Plan, facts: CustomerFacts) -> str:
    values = [facts.customer.id if name == "customer" else facts.field(name) for name in plan.entry.per]
    return hashlib.sha256(json.dumps(values, default=str).encode()).hexdigest()


def _may_enter_again(plan: Plan, previous: Enrollment, anchor: datetime, facts: CustomerFacts) -> bool:
    match plan.entry.again:
        case "always":
            return True
        case "restart":
            return previous.ending is not None
        case "after" if plan.entry.after is not None:
            return anchor >= plan.entry.after.after(previous.anchor, facts.zone)
        case _:
            return False


def _restart(
    session: Session,
    plan: Plan,
    enrollment: Enrollment,
    event: Event,
    anchor: datetime,
    facts: CustomerFacts,
    now: datetime,
) -> None:
    enrollment.anchor = anchor
    enrollment.trigger_id = event.id
    enrollment.generation += 1
    enrollment.outcomes = []
    enrollment.position = plan.first
    enrollment.goal_until = _goal_until(plan, anchor, facts)
    if enrollment.held:
        enrollment.held, enrollment.due_at = False, now
        tell(session, "wake", enrollment.journey, enrollment_id=enrollment.id)
    record(session, enrollment, "restarted", enrollment.journey, now)


def _goal_until(plan: Plan, anchor: datetime, facts: CustomerFacts) -> datetime | None:
    return plan.goal.within.after(anchor, facts.zone) if plan.goal else None


def _already_over(
    session: Session, plan: Plan, enrollment: Enrollment, trigger: Event, facts: CustomerFacts, now: datetime
) -> bool:
    """Look through what is stored since the trigger: a goal or exit that arrived before it ends the pass at once."""
    types = {condition.event for condition in plan.exits} | ({plan.goal.condition.event} if plan.goal else set())
    query = select(Event).where(
        or_(col(Event.customer_id) == enrollment.customer_id, col(Event.customer_id).is_(None)),
        col(Event.type).in_(types),
        Event.time >= trigger.time,
        Event.id < trigger.id,
    )
    for event in session.exec(query.order_by(col(Event.time), col(Event.id))) if types else ():
        if reached_goal(plan, enrollment, event, facts):
            end(session, enrollment, "goal", now, wake=False)
            return True
        if must_exit(plan, enrollment, event, facts):
            end(session, enrollment, "exit", now, wake=False)
            return True
    return False
