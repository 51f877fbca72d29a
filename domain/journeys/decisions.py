"""Decisions about one enrollment: functions of its row and of facts, to its new row and what is written with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from domain.journeys.counts import outcomes_of
from domain.journeys.tables import EnrollmentRow
from domain.journeys.trail import Holdout, entry, note
from domain.published.library import Live
from domain.store.outbox import WakeRun
from domain.store.work import Counted, UnitOfWork
from workflows.language.policy import Policy
from workflows.plan.interpreter import bucket
from workflows.plan.model import MOVED, Plan
from workflows.verbs.base import Path, Step
from workflows.verbs.wait import Wait


@dataclass(frozen=True)
class Decided:
    """An enrollment as it is to be, what its trail says of that, and whether its run must look.

    `undone` are outcomes that were counted and came to nothing.
    """

    row: EnrollmentRow
    trail: Mapping[str, Any]
    wakes: bool = False
    undone: Sequence[Counted] = ()

    def write(self, work: UnitOfWork) -> None:
        """Hand it over to be written."""
        work.change(self.row)
        note(work, self.row, self.trail)
        for outcome in self.undone:
            work.count(outcome, -1)
        if self.wakes:
            work.enqueue(WakeRun(self.row.id))


def ended(enrollment: EnrollmentRow, ending: str, now: datetime, reason: str | None = None, *, wakes: bool) -> Decided:
    """It is over. Its run needn't be woken by an activity of that run."""
    row = enrollment._replace(ending=ending, reason=reason, ended_at=now, due_at=None)
    undone = tuple(outcomes_of(enrollment, now))
    return Decided(row, entry(row, "ended", ending, now, reason=reason), wakes, undone)


def converted(enrollment: EnrollmentRow, now: datetime) -> Decided:
    """It has reached its goal after its end."""
    return Decided(enrollment._replace(converted_at=now), entry(enrollment, "converted", "goal", now))


def holdout_of(plan: Plan, policy: Policy, customer_id: int) -> Holdout | None:
    """The holdout that a customer of a journey is in, so that what the journey brings shows."""
    if bucket("holdout", customer_id) < policy.holdout:
        return "holdout"
    own = plan.policy.holdout if plan.policy else None
    return "journey_holdout" if bucket("holdout", plan.journey, customer_id) < (own or 0) else None


def held_out(plan: Plan | None, policy: Policy) -> float:
    """The percentage of customers in a holdout of a journey, the global one's and its own, if it has a live plan."""
    own = plan.policy.holdout if plan and plan.policy else None
    return 100 - (100 - policy.holdout) * (100 - (own or 0)) / 100


def at_the_door(
    plan: Plan, previous: EnrollmentRow | None, time: datetime, anchor: datetime, zone: ZoneInfo
) -> Literal["enters", "restarts", "again"]:
    """What becomes of a customer who knocks at `time`, by the newest enrollment under the same key; `again`: nothing.

    `anchor` is where the time of a new enrollment would begin, `zone` the customer's.
    """
    if previous is None or plan.entry.again == "always":
        return "enters"
    if plan.entry.again == "restart":
        if previous.ending is not None:
            return "enters"
        return "restarts" if not previous.claimed and time >= previous.anchor else "again"
    after = plan.entry.after if plan.entry.again == "after" else None
    return "enters" if after is not None and anchor >= after.after(previous.anchor, zone) else "again"


def restarted(
    enrollment: EnrollmentRow, plan: Plan, trigger_id: int, anchor: datetime, now: datetime, zone: ZoneInfo
) -> Decided:
    """It begins anew, by the plan it is in.

    In its first wait it sleeps on: the new end can only be later. Anywhere else it must look at once.
    """
    first = plan.steps.get(plan.first or "")
    keeps_sleeping = enrollment.position == plan.first and isinstance(first, Wait) and first.field is None
    row = enrollment._replace(
        anchor=anchor,
        trigger_id=trigger_id,
        generation=enrollment.generation + 1,
        outcomes=[],
        position=plan.first,
        goal_until=goal_until(plan, anchor, zone),
    )
    wakes = enrollment.held or not keeps_sleeping
    if wakes:
        row = row._replace(held=False, due_at=now)
    return Decided(row, entry(row, "restarted", row.journey, now), wakes, tuple(outcomes_of(enrollment)))


def moved(enrollment: EnrollmentRow, live: Live, path: Path, now: datetime, zone: ZoneInfo) -> Decided:
    """It goes on under the live version, at the step at `path`, reached when it came to where it stands.

    A plain wait has an outcome as soon as it begins, which is undone.
    """
    reached = [at for done, _, at in enrollment.outcomes if done != enrollment.position]
    pending = tuple(each for each in outcomes_of(enrollment) if each.step == enrollment.position)
    row = enrollment._replace(
        plan_id=live.plan_id,
        position=path,
        outcomes=[[MOVED, path, reached[-1] if reached else enrollment.anchor.isoformat()]],
        goal_until=goal_until(live.plan, enrollment.anchor, zone),
        due_at=None if enrollment.held else now,
    )
    return Decided(row, entry(row, "moved", str(live.version), now, step=path), True, pending)


def goal_until(plan: Plan, anchor: datetime, zone: ZoneInfo) -> datetime | None:
    """Until when the goal counts for an enrollment whose time begins at the anchor."""
    return plan.goal.within.after(anchor, zone) if plan.goal else None


def with_outcome(enrollment: EnrollmentRow, path: Path, result: str, at: datetime) -> EnrollmentRow:
    """It has an outcome added to its history, in place of an earlier one of the same step."""
    kept = [outcome for outcome in enrollment.outcomes if outcome[0] != path]
    return enrollment._replace(outcomes=[*kept, [path, result, at.isoformat()]])


def before_step(enrollment: EnrollmentRow, step: Step | None, at: datetime) -> EnrollmentRow:
    """It stands before a step, or at the end, and has come there at an instant."""
    return enrollment._replace(position=step.path if step else None, due_at=at)


def unstuck(enrollment: EnrollmentRow) -> EnrollmentRow:
    """A step was carried out: it is stuck no more."""
    if enrollment.stuck_on is None:
        return enrollment
    return enrollment._replace(stuck_on=None, stuck_since=None, attempts=0)
