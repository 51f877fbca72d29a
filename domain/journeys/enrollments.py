"""Enrollments: who enters, restarts and ends. Every change happens under the lock on the customer's row."""

import hashlib
import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from propcache.api import cached_property
from sqlmodel import Session

from domain.conditions.facts import CustomerFacts
from domain.intake.tables import Event
from domain.journeys.batch import EnrollmentBatch, LookbackQuery
from domain.journeys.tables import Enrollment
from domain.journeys.trail import entry, not_entered, record
from domain.published.library import Live, read_plan
from domain.store.outbox import enqueue
from workflows.plan.model import Plan
from workflows.terms.conditions import EventCondition, matches
from workflows.terms.values import local_day
from workflows.verbs.wait import Wait

LIFETIME_SLOT = "once"

EventEffect = Literal["goal", "converted", "exit", "wake"]
"""What an event can mean for an enrollment; `converted` is a goal that is reached after the end."""


@dataclass(frozen=True)
class EntryAttempt:
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


def enter(knocks: Sequence[EntryAttempt], passes: EnrollmentBatch) -> None:
    """Let the customers enter, restart the passes that are under way, or note why not.

    Nobody knocks twice at the same journey.
    """
    admitted, turned_away = [], []
    knocking = [(knock, *_shut_out(knock.live, knock.facts)) for knock in knocks]
    counted = [knock for knock, reason, _ in knocking if not reason and knock.live.plan.entry.again != "always"]
    previous = passes.newest({(knock.live.plan.journey, knock.key) for knock in counted})
    for knock, reason, because in knocking:
        plan, last = knock.live.plan, previous.get((knock.live.plan.journey, knock.key)) if not reason else None
        if last is not None and not _may_enter_again(plan, last, knock.anchor, knock.facts):
            if plan.entry.again == "restart" and not last.claimed and knock.event.time >= last.anchor:
                _restart(last, knock, passes)
                continue
            reason = "again"
        if reason:
            turned_away.append(not_entered(knock.facts.customer.id, plan.journey, reason, knock.now, because))
        else:
            admitted.append(knock)
    passes.add_trail(turned_away)
    if not admitted:
        return
    entered = list(zip(passes.enroll([_row(knock) for knock in admitted]), admitted, strict=True))
    passes.add_trail(
        {"at": knock.now, "customer_id": knock.facts.customer.id, "journey": knock.live.plan.journey,
         "enrollment_id": enrollment_id, "what": "entered", "value": knock.live.plan.journey}
        for enrollment_id, knock in entered
    )  # fmt: skip
    over = _already_over(entered, passes)
    for enrollment_id, knock in entered:
        if enrollment_id not in over:
            alone = knock.live.plan.entry.cohort == 1
            passes.enqueue("start", knock.live.plan.journey, enrollment_id, None if alone else knock.live.plan_id)


def end(
    session: Session, enrollment: Enrollment, ending: str, now: datetime, reason: str | None = None, *, wake: bool
) -> None:
    """End an enrollment. `wake` tells its workflow, where the caller isn't that workflow itself."""
    _close(enrollment, ending, now, reason)
    record(session, enrollment, "ended", ending, now, reason=reason)
    if wake:
        enqueue(session, "wake", enrollment.journey, enrollment_id=enrollment.id)


def apply_effect(enrollment: Enrollment, what: EventEffect, now: datetime, passes: EnrollmentBatch) -> None:
    """Do to the enrollment what an event means for it, and wake its workflow where it must look."""
    if what == "converted":
        enrollment.converted_at = now
        passes.add_trail([entry(enrollment, "converted", "goal", now)])
        return
    if what != "wake":
        _close(enrollment, what, now)
        passes.add_trail([entry(enrollment, "ended", what, now)])
    passes.enqueue("wake", enrollment.journey, enrollment.id)


def reached_goal(plan: Plan, enrollment: Enrollment, event: Event, facts: CustomerFacts) -> bool:
    """Whether the event is the journey's goal, after its trigger and within its time."""
    if plan.goal is None or enrollment.goal_until is None or event.time > enrollment.goal_until:
        return False
    return _counts(plan.goal.condition, enrollment, event, facts)


def must_exit(plan: Plan, enrollment: Enrollment, event: Event, facts: CustomerFacts) -> bool:
    """Whether the event is one of the journey's exits, after its trigger."""
    return any(_counts(condition, enrollment, event, facts) for condition in plan.exits)


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


def _row(knock: EntryAttempt) -> Mapping[str, Any]:
    plan = knock.live.plan
    return {
        "journey": plan.journey,
        "plan_id": knock.live.plan_id,
        "customer_id": knock.facts.customer.id,
        "key": knock.key,
        "slot": LIFETIME_SLOT if plan.entry.again == "never" else str(knock.event.id),
        "exclusive": plan.entry.again == "restart",
        "trigger_id": knock.event.id,
        "subject": knock.subject,
        "entered_at": knock.now,
        "anchor": knock.anchor,
        "due_at": knock.now,
        "goal_until": _goal_until(plan, knock),
        "position": plan.first,
    }


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


def _restart(enrollment: Enrollment, knock: EntryAttempt, passes: EnrollmentBatch) -> None:
    """Begin the pass anew, by the plan it is in.

    In its first wait it sleeps on: the new end can only be later. Anywhere else it must look at once.
    """
    plan = read_plan(knock.facts.session, enrollment.plan_id)
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
        passes.enqueue("wake", enrollment.journey, enrollment.id)
    passes.add_trail([entry(enrollment, "restarted", enrollment.journey, knock.now)])


def _goal_until(plan: Plan, knock: EntryAttempt) -> datetime | None:
    return plan.goal.within.after(knock.anchor, knock.facts.zone) if plan.goal else None


def _already_over(entered: Sequence[tuple[int, EntryAttempt]], passes: EnrollmentBatch) -> Set[int]:
    """Look through what is stored since the triggers: a goal or exit that arrived before ends the pass at once."""
    asks = {id: LookbackQuery(knock.event, knock.facts.customer.id, _endings(knock.live.plan)) for id, knock in entered}
    since = passes.since(asks)
    enrollments = passes.get(since)
    over = set()
    for id, knock in entered:
        if id not in since:
            continue
        enrollment, plan = enrollments[id], knock.live.plan
        facts = CustomerFacts(
            knock.facts.session, knock.facts.library, knock.facts.customer, knock.now,
            enrollment=enrollment, trigger=knock.event.data, upto=knock.event.id,
        )  # fmt: skip
        for event in sorted(since[id], key=lambda event: (event.time, event.id)):
            goal = reached_goal(plan, enrollment, event, facts)
            if goal or must_exit(plan, enrollment, event, facts):
                ending = "goal" if goal else "exit"
                _close(enrollment, ending, knock.now)
                passes.add_trail([entry(enrollment, "ended", ending, knock.now)])
                over.add(id)
                break
    return over


def _endings(plan: Plan) -> Set[str]:
    return {condition.event for condition in plan.exits} | ({plan.goal.condition.event} if plan.goal else set())
