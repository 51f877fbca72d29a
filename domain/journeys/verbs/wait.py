"""Carries out `wait`."""

from datetime import datetime

from domain.journeys.enrollments import end
from domain.journeys.steps import StepContext, add_outcome
from domain.journeys.waits import end_of_wait
from workflows.verbs.wait import Wait


def arrive(visit: StepContext, step: Wait, at: datetime) -> datetime | None:
    """Register the wait; one for an instant that doesn't exist ends the enrollment."""
    due = end_of_wait(step, visit.enrollment, visit.facts, at)
    if due is None:
        end(visit.work, visit.enrollment, "failed", at, "no_time", wake=False)
        return None
    visit.enrollment.due_at = max(due, at)
    add_outcome(visit.enrollment, step.path, "passed", visit.enrollment.due_at)
    return visit.enrollment.due_at
