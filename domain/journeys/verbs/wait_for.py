"""Carries out `wait_for`."""

from datetime import datetime

from domain.journeys.steps import SKEW, StepContext
from domain.journeys.trail import record
from domain.journeys.waits import register
from workflows.plan.commands import Answer
from workflows.verbs.wait_for import WaitFor


def arrive(visit: StepContext, step: WaitFor, at: datetime) -> datetime:
    """Register the wait; it is over at once if what it waits for has happened."""
    wait = register(visit.work, visit.rows, step, visit.enrollment, visit.facts, at)
    visit.enrollment.due_at = at if wait.result else wait.deadline
    return visit.enrollment.due_at


def carry_out(visit: StepContext, step: WaitFor) -> Answer:
    """Settle the wait, if what it waits for has happened or its time has come."""
    wait = register(visit.work, visit.rows, step, visit.enrollment, visit.facts, visit.reached)
    if wait.result is None:
        if wait.deadline > visit.now + SKEW:
            return visit.later(wait.deadline)
        wait.result, wait.settled_at = "timed_out", wait.deadline
    visit.at = wait.settled_at or visit.at
    record(visit.work, visit.enrollment, "waited", wait.result, visit.at, step=step.path)
    return visit.done(step, wait.result)
