"""Enrollments: who enters, restarts and ends. Every change happens under the lock on the customer's row."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Literal

from propcache.api import cached_property
from sqlalchemy import BigInteger, DateTime, Select, Text, and_, any_, bindparam, column, or_
from sqlalchemy import select as sa_select
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlmodel import Session, col, select

from domain.bulk import as_json, given, insert_all
from domain.catalogue import is_business
from domain.facts import CustomerFacts
from domain.library import Live, read_plan
from domain.outbox import tell, tell_all
from domain.tables import Enrollment, Event
from domain.trail import entry, not_entered, record, record_all
from workflows.conditions import EventCondition, matches
from workflows.plan import Plan, Wait
from workflows.values import local_day

LIFETIME_SLOT = "once"
_INSTANTS = DateTime(timezone=True)

Touch = Literal["goal", "converted", "exit", "wake"]
"""What an event can mean for an enrollment; `converted` is a goal that is reached after the end."""


@dataclass(frozen=True)
class Knock:
    """A customer at the door of a journey: its trigger matches this event.

    `subject` names the lot and stream that the journey would be about.
    """

    live: Live
    event: Event
    facts: CustomerFacts
    now: datetime
    subject: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def key(self) -> str:
        """What the re-entry rule counts by."""
        names = self.live.plan.entry.per
        values = [self.facts.customer.id if name == "customer" else self.facts.field(name) for name in names]
        return hashlib.sha256(json.dumps(values, default=str).encode()).hexdigest()

    @property
    def anchor(self) -> datetime:
        return min(self.event.time, self.now)


def enter(session: Session, knocks: Sequence[Knock]) -> None:
    """Let the customers enter, restart the passes that are under way, or note why not.

    Nobody knocks twice at the same journey.
    """
    admitted, trail = [], []
    knocking = [(knock, *_shut_out(knock.live, knock.facts)) for knock in knocks]
    previous = _previous(session, [knock for knock, reason, _ in knocking if not reason])
    for knock, reason, because in knocking:
        plan, last = knock.live.plan, previous.get((knock.live.plan.journey, knock.key)) if not reason else None
        if last is not None and not _may_enter_again(plan, last, knock.anchor, knock.facts):
            if plan.entry.again == "restart" and not last.claimed and knock.event.time >= last.anchor:
                _restart(session, last, knock)
                continue
            reason = "again"
        if reason:
            trail.append(not_entered(knock.facts.customer.id, plan.journey, reason, knock.now, because))
        else:
            admitted.append(knock)
    entered = list(zip(_enroll(session, admitted), admitted, strict=True))
    trail += [
        {"at": knock.now, "customer_id": knock.facts.customer.id, "journey": knock.live.plan.journey,
         "enrollment_id": enrollment_id, "what": "entered", "value": knock.live.plan.journey}
        for enrollment_id, knock in entered
    ]  # fmt: skip
    record_all(session, trail)
    over = _already_over(session, entered)
    starts = [
        (knock.live.plan.journey, enrollment_id, None if knock.live.plan.entry.cohort == 1 else knock.live.plan_id)
        for enrollment_id, knock in entered
        if enrollment_id not in over
    ]
    tell_all(session, "start", starts)


def end(
    session: Session, enrollment: Enrollment, ending: str, now: datetime, reason: str | None = None, *, wake: bool
) -> None:
    """End an enrollment. `wake` tells its workflow, where the caller isn't that workflow itself."""
    _close(enrollment, ending, now, reason)
    record(session, enrollment, "ended", ending, now, reason=reason)
    if wake:
        tell(session, "wake", enrollment.journey, enrollment_id=enrollment.id)


def touch(session: Session, touched: Sequence[tuple[Enrollment, Touch, datetime]]) -> None:
    """Do to the enrollments what events mean for them, and wake their workflows where they must look."""
    trail, woken = [], []
    for enrollment, what, now in touched:
        if what == "converted":
            enrollment.converted_at = now
            trail.append(entry(enrollment, "converted", "goal", now))
            continue
        if what != "wake":
            _close(enrollment, what, now)
            trail.append(entry(enrollment, "ended", what, now))
        woken.append((enrollment.journey, enrollment.id, None))
    record_all(session, trail)
    tell_all(session, "wake", woken)


def reached_goal(plan: Plan, enrollment: Enrollment, event: Event, facts: CustomerFacts) -> bool:
    """Whether the event is the journey's goal, after its trigger and within its time."""
    if plan.goal is None or enrollment.goal_until is None or event.time > enrollment.goal_until:
        return False
    return _counts(plan.goal.condition, enrollment, event, facts)


def must_exit(plan: Plan, enrollment: Enrollment, event: Event, facts: CustomerFacts) -> bool:
    """Whether the event is one of the journey's exits, after its trigger."""
    return any(_counts(condition, enrollment, event, facts) for condition in plan.exits)


def open_or_convertible(
    session: Session, times: Mapping[int, datetime], plan_ids: Iterable[str]
) -> Sequence[tuple[Enrollment, Mapping[str, Any]]]:
    """The enrollments in the plans that an event of each customer, at its time, can still end, wake or convert.

    Each comes with the data of the event that began it, the oldest first.
    """
    rows = as_json([{"id": id, "at": at} for id, at in times.items()])
    return session.execute(_open_or_convertible(), {"times": rows, "plan_ids": list(plan_ids)}).all()


@cache
def _open_or_convertible() -> Select[Any]:
    mine = given("times", column("id", BigInteger()), column("at", _INSTANTS))
    late = (
        col(Enrollment.ending).in_(("finished", "stopped")),
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


def _close(enrollment: Enrollment, ending: str, now: datetime, reason: str | None = None) -> None:
    enrollment.ending = ending
    enrollment.reason = reason
    enrollment.ended_at = now
    enrollment.due_at = None


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


def _previous(session: Session, knocks: Sequence[Knock]) -> Mapping[tuple[str, str], Enrollment]:
    """The newest pass of each who may not always enter again, by journey and key."""
    asked = [
        {"journey": knock.live.plan.journey, "key": knock.key}
        for knock in knocks
        if knock.live.plan.entry.again != "always"
    ]
    found = session.scalars(_newest(), {"asked": as_json(asked)}) if asked else ()
    return {(enrollment.journey, enrollment.key): enrollment for enrollment in found}


@cache
def _newest() -> Select[Any]:
    mine = given("asked", column("journey", Text()), column("key", Text()))
    same = (col(Enrollment.journey) == mine.c.journey) & (col(Enrollment.key) == mine.c.key)
    return (
        sa_select(Enrollment)
        .join(mine, same)
        .ext(distinct_on(col(Enrollment.journey), col(Enrollment.key)))
        .order_by(col(Enrollment.journey), col(Enrollment.key), col(Enrollment.id).desc())
    )


def _enroll(session: Session, knocks: Sequence[Knock]) -> Sequence[int]:
    rows = [
        {
            "journey": knock.live.plan.journey,
            "plan_id": knock.live.plan_id,
            "customer_id": knock.facts.customer.id,
            "key": knock.key,
            "slot": LIFETIME_SLOT if knock.live.plan.entry.again == "never" else str(knock.event.id),
            "exclusive": knock.live.plan.entry.again == "restart",
            "trigger_id": knock.event.id,
            "subject": knock.subject,
            "entered_at": knock.now,
            "anchor": knock.anchor,
            "due_at": knock.now,
            "goal_until": _goal_until(knock.live.plan, knock),
            "position": knock.live.plan.first,
        }
        for knock in knocks
    ]
    return [id for (id,) in insert_all(session, Enrollment, rows, "id")] if rows else []


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


def _restart(session: Session, enrollment: Enrollment, knock: Knock) -> None:
    """Begin the pass anew, by the plan it is in.

    In its first wait it sleeps on: the new end can only be later. Anywhere else it must look at once.
    """
    plan = read_plan(session, enrollment.plan_id)
    first = plan.steps.get(plan.first or "")
    sleeps_on = enrollment.position == plan.first and isinstance(first, Wait) and first.field is None
    enrollment.anchor = knock.anchor
    enrollment.trigger_id = knock.event.id
    enrollment.generation += 1
    enrollment.outcomes = []
    enrollment.position = plan.first
    enrollment.goal_until = _goal_until(plan, knock)
    if enrollment.held or not sleeps_on:
        enrollment.held, enrollment.due_at = False, knock.now
        tell(session, "wake", enrollment.journey, enrollment_id=enrollment.id)
    record(session, enrollment, "restarted", enrollment.journey, knock.now)


def _goal_until(plan: Plan, knock: Knock) -> datetime | None:
    return plan.goal.within.after(knock.anchor, knock.facts.zone) if plan.goal else None


def _already_over(session: Session, entered: Sequence[tuple[int, Knock]]) -> Set[int]:
    """Look through what is stored since the triggers: a goal or exit that arrived before ends the pass at once."""
    since = _stored_since(session, entered)
    query = select(Enrollment).where(col(Enrollment.id).in_(since))
    enrollments = {each.id: each for each in session.exec(query)} if since else {}
    over = set()
    for id, knock in entered:
        if id not in since:
            continue
        enrollment, plan = enrollments[id], knock.live.plan
        facts = CustomerFacts(
            session, knock.facts.library, knock.facts.customer, knock.now,
            enrollment=enrollment, trigger=knock.event.data, upto=knock.event.id,
        )  # fmt: skip
        for event in sorted(since[id], key=lambda event: (event.time, event.id)):
            goal = reached_goal(plan, enrollment, event, facts)
            if goal or must_exit(plan, enrollment, event, facts):
                end(session, enrollment, "goal" if goal else "exit", knock.now, wake=False)
                over.add(id)
                break
    return over


def _stored_since(session: Session, entered: Sequence[tuple[int, Knock]]) -> Mapping[int, Sequence[Event]]:
    """What the plans' goals and exits ask for, of the customer or the business, between trigger and entry."""
    asked = [
        {"enrollment": id, "customer": knock.facts.customer.id, "type": type, "since": knock.event.time,
         "before": knock.event.id}
        for id, knock in entered
        for type in _endings(knock.live.plan)
    ]  # fmt: skip
    business = [row for row in asked if is_business(str(row["type"]))]
    others = [row for row in asked if not is_business(str(row["type"]))]
    found: dict[int, list[Event]] = {}
    for rows, customers in ((others, True), (business, False)):
        if rows:
            for id, event in session.execute(_since(customers), {"asked": as_json(rows)}):
                found.setdefault(id, []).append(event)
    return found


@cache
def _since(customers: bool) -> Select[Any]:
    mine = given(
        "asked", column("enrollment", BigInteger()), column("customer", BigInteger()), column("type", Text()),
        column("since", _INSTANTS), column("before", BigInteger()),
    )  # fmt: skip
    whose = col(Event.customer_id) == mine.c.customer if customers else col(Event.customer_id).is_(None)
    since = (col(Event.type) == mine.c.type) & (col(Event.time) >= mine.c.since) & (col(Event.id) < mine.c.before)
    return sa_select(mine.c.enrollment, Event).join(mine, whose & since)


def _endings(plan: Plan) -> Set[str]:
    return {condition.event for condition in plan.exits} | ({plan.goal.condition.event} if plan.goal else set())
