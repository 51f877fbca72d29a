"""Carries out `wait_for`."""

from datetime import datetime

from domain.journeys.steps import SKEW, StepContext
from domain.journeys.trail import record
from domain.journeys.waits import register
from workflows.plan.commands import Answer
from workflows.verbs.wait_for import WaitFor


def arrive(context: StepContext, step: WaitFor, at: datetime) -> datetime:
    """Register the wait; it is over at once if what it waits for has happened."""
    wait = register(context.rows, step, context.enrollment, context.facts, at)
    due = at if wait.result else wait.deadline
    context.work.change(context.enrollment._replace(due_at=due))
    return due


def carry_out(context: StepContext, step: WaitFor) -> Answer:
    """Settle the wait, if what it waits for has happened or its time has come."""
    wait = register(context.rows, step, context.enrollment, context.facts, context.reached)
    if wait.result is None:
        if wait.deadline > context.now + SKEW:
            return context.later(wait.deadline)
        wait = context.work.change(wait._replace(result="timed_out", settled_at=wait.deadline))
    result = wait.result or "timed_out"
    context.at = wait.settled_at or context.at
    record(context.work, context.enrollment, "waited", result, context.at, step=step.path)
    return context.done(step, result)
