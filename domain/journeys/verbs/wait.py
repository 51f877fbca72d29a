"""Carries out `wait`."""

from datetime import datetime

from domain.journeys.enrollments import end
from domain.journeys.steps import SKEW, StepContext, add_outcome
from domain.journeys.waits import end_of_wait
from workflows.plan.commands import Answer
from workflows.verbs.wait import Wait


def arrive(visit: StepContext, step: Wait, at: datetime) -> datetime | None:
    """Register the wait; one for an instant that doesn't exist ends the enrollment."""
    due = end_of_wait(step, visit.enrollment, visit.facts, at)
    if due is None:
        end(visit.work, visit.enrollment, "failed", visit.at, "no_time", wake=False)
        return None
    visit.enrollment.due_at = max(due, at)
    if not step.moves:
        add_outcome(visit.enrollment, step.path, "passed", visit.enrollment.due_at)
    return visit.enrollment.due_at


def carry_out(visit: StepContext, step: Wait) -> Answer:
    """Look again at a wait that was disturbed, or one that moves and whose time has come, as it was known so far.

    One whose time was moved into the past is over since it was moved, which its due time says.
    """
    known = visit.enrollment.due_at or visit.now
    due = arrive(visit, step, visit.reached)
    if due is None:
        return visit.over()
    if not step.moves or due > visit.now + SKEW:
        return visit.later(due)
    visit.at = max(due, min(known, visit.now))
    return visit.done(step, "passed")
