"""Enrollments: who enters, restarts and ends. Every change happens under the lock on the customer's row."""

import hashlib
import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from propcache.api import cached_property

from domain.conditions.facts import CustomerFacts
from domain.intake.tables import Event
from domain.journeys import decisions, traces
from domain.journeys.batch import EnrollmentBatch, LookbackQuery
from domain.journeys.decisions import holdout_of
from domain.journeys.tables import EnrollmentRow
from domain.journeys.trail import record_entered, record_not_entered
from domain.published.library import Live, read_plan
from domain.store.outbox import StartRun, WakeRun
from domain.store.work import UnitOfWork
from workflows.plan.model import Plan
from workflows.terms.conditions import EventCondition, matches
from workflows.terms.values import local_day

LIFETIME_SLOT = "once"

EventEffect = Literal["goal", "converted", "exit", "wake"]
"""What an event can mean for an enrollment; `converted` is a goal that is reached after the end."""


@dataclass(frozen=True)
class EntryAttempt:
    """A customer whose event matches a journey's trigger.

    `subject` names the lot and stream that the journey would be about.
    """

    live: Live
    event: Event
    facts: CustomerFacts
    now: datetime
    subject: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What the re-entry rule counts by."""
        return self.keys[0]

    @cached_property
    def keys(self) -> Sequence[str]:
        """The key, and those by which the customer entered before it became one with others."""
        customer, names = self.facts.customer, self.live.plan.entry.per
        values = {name: self.facts.field(name) for name in names if name != "customer"}
        ids = [customer.id, *customer.former] if "customer" in names else [customer.id]
        counted = ([values.get(name, id) for name in names] for id in ids)
        return [hashlib.sha256(json.dumps(each, default=str).encode()).hexdigest() for each in counted]

    @property
    def may_return(self) -> bool:
        """Whether it matters if the customer was in the journey before."""
        return self.live.plan.entry.again != "always" or bool(self.facts.customer.former)

    def newest_of(self, previous: Mapping[tuple[str, str], EnrollmentRow]) -> EnrollmentRow | None:
        """The newest enrollment by one of the keys."""
        entries = (previous.get((self.live.plan.journey, key)) for key in self.keys)
        return max((each for each in entries if each is not None), key=lambda each: each.id, default=None)

    @property
    def anchor(self) -> datetime:
        return min(self.event.time, self.now)


def enter(work: UnitOfWork, attempts: Sequence[EntryAttempt], batch: EnrollmentBatch) -> None:
    """Enroll the customers, restart their running enrollments, or record in the trail why not.

    There is at most one attempt per customer and journey.
    """
    admitted = []
    checked = [(attempt, *_entry_refusal(attempt.live, attempt.facts)) for attempt in attempts]
    returning = [attempt for attempt, reason, _ in checked if not reason and attempt.may_return]
    previous = batch.newest({(attempt.live.plan.journey, key) for attempt in returning for key in attempt.keys})
    for attempt, reason, because in checked:
        plan = attempt.live.plan
        newest = attempt.newest_of(previous)
        if not reason:
            zone = attempt.facts.zone
            what = decisions.at_the_door(plan, newest, attempt.event.time, attempt.anchor, zone)
            if what == "restarts" and newest is not None:
                own_plan = read_plan(work, newest.plan_id)
                decisions.restarted(newest, own_plan, attempt.event.id, attempt.anchor, attempt.now, zone).write(work)
                continue
            reason = "again" if what == "again" else None
        if reason:
            record_not_entered(work, attempt.facts.customer.id, plan.journey, reason, attempt.now, because)
        else:
            admitted.append(attempt)
    if not admitted:
        return
    rows = [_row(attempt, attempt.newest_of(previous)) for attempt in admitted]
    entered = list(zip(batch.enroll(rows), admitted, strict=True))
    for (enrollment_id, attempt), row in zip(entered, rows, strict=True):
        customer, live = attempt.facts.customer.id, attempt.live
        held_out = holdout_of(live.plan, attempt.facts.library.policy, row["entered_as"] or customer)
        record_entered(work, customer, live.plan.journey, live.plan_id, enrollment_id, attempt.now, held_out)
    if work.traces:
        traces.keep(work, {enrollment_id: attempt.event.id for enrollment_id, attempt in entered})
    over = _end_by_stored_events(work, entered, batch)
    for enrollment_id, attempt in entered:
        if enrollment_id not in over:
            alone = attempt.live.plan.entry.cohort == 1
            gather = None if alone else attempt.live.plan_id
            work.enqueue(StartRun(enrollment_id), gather=gather, event=attempt.event.id)


def end(
    work: UnitOfWork, enrollment: EnrollmentRow, ending: str, now: datetime, reason: str | None = None, *, wake: bool
) -> None:
    """End an enrollment. `wake` signals its workflow; False where the caller is an activity of that workflow."""
    decisions.ended(enrollment, ending, now, reason, wakes=wake).write(work)


def apply_effect(
    work: UnitOfWork, enrollment: EnrollmentRow, effect: EventEffect, now: datetime, event: int | None = None
) -> None:
    """Do to the enrollment what an event means for it, and wake its workflow where it must look."""
    if effect == "converted":
        decisions.converted(enrollment, now).write(work)
    elif effect == "wake":
        work.enqueue(WakeRun(enrollment.id), event=event)
    else:
        end(work, enrollment, effect, now, wake=True)


def reached_goal(plan: Plan, enrollment: EnrollmentRow, event: Event, facts: CustomerFacts) -> bool:
    """Whether the event is the journey's goal, after its trigger and within its time."""
    if plan.goal is None or enrollment.goal_until is None or event.time > enrollment.goal_until:
        return False
    return _is_met_by(plan.goal.condition, enrollment, event, facts)


def must_exit(plan: Plan, enrollment: EnrollmentRow, event: Event, facts: CustomerFacts) -> bool:
    """Whether the event is one of the journey's exits, after its trigger."""
    return any(_is_met_by(condition, enrollment, event, facts) for condition in plan.exits)


def _is_met_by(condition: EventCondition, enrollment: EnrollmentRow, event: Event, facts: CustomerFacts) -> bool:
    if event.id == enrollment.trigger_id or event.time < enrollment.anchor:
        return False
    return matches(condition, event.type, facts.looking_at(event.data))


def _entry_refusal(live: Live, facts: CustomerFacts) -> tuple[str | None, str | None]:
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


def _row(attempt: EntryAttempt, previous: EnrollmentRow | None) -> Mapping[str, Any]:
    plan = attempt.live.plan
    return {
        "journey": plan.journey,
        "plan_id": attempt.live.plan_id,
        "customer_id": attempt.facts.customer.id,
        "key": attempt.key,
        "slot": LIFETIME_SLOT if plan.entry.again == "never" else str(attempt.event.id),
        "exclusive": plan.entry.again == "restart",
        "trigger_id": attempt.event.id,
        "subject": attempt.subject,
        "entered_at": attempt.now,
        "anchor": attempt.anchor,
        "due_at": attempt.now,
        "goal_until": decisions.goal_until(plan, attempt.anchor, attempt.facts.zone),
        "position": plan.first,
        "entered_as": previous.entered_as if previous else None,
    }


def _end_by_stored_events(
    work: UnitOfWork, entered: Sequence[tuple[int, EntryAttempt]], batch: EnrollmentBatch
) -> Set[int]:
    """Look through what is stored since the triggers: a goal or exit among it ends the enrollment at once."""
    queries = {
        id: LookbackQuery(attempt.event, attempt.facts.customer.id, _endings(attempt.live.plan))
        for id, attempt in entered
    }
    events_since = batch.since(queries)
    over = set()
    for id, attempt in entered:
        if id not in events_since:
            continue
        enrollment, plan = work.held(EnrollmentRow, id), attempt.live.plan
        facts = CustomerFacts(
            work, attempt.facts.library, attempt.facts.customer, attempt.now,
            enrollment=enrollment, trigger=attempt.event.data,
            upto=attempt.event.id if attempt.event.customer_id else None,
        )  # fmt: skip
        for event in sorted(events_since[id], key=lambda event: (event.time, event.id)):
            goal = reached_goal(plan, enrollment, event, facts)
            if goal or must_exit(plan, enrollment, event, facts):
                end(work, enrollment, "goal" if goal else "exit", attempt.now, wake=False)
                over.add(id)
                break
    return over


def _endings(plan: Plan) -> Set[str]:
    return {condition.event for condition in plan.exits} | ({plan.goal.condition.event} if plan.goal else set())
