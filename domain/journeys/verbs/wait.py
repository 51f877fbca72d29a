"""Carries out `wait`."""

from datetime import datetime

from domain.journeys.enrollments import end
from domain.journeys.steps import SKEW, StepContext, add_outcome
from domain.journeys.trail import record
from domain.journeys.waits import end_of_wait, hour_gone_by
from workflows.plan.commands import Answer
from workflows.verbs.wait import Wait


def arrive(context: StepContext, step: Wait, at: datetime) -> datetime | None:
    """Register the wait; one for an instant that doesn't exist ends the enrollment."""
    due = end_of_wait(step, context.enrollment, context.facts, at)
    if due is None:
        end(context.work, context.enrollment, "failed", context.at, "no_time", wake=False)
        return None
    due = max(due, at)
    if step.usual and [step.path, "passed", due.isoformat()] not in context.enrollment.outcomes:
        hour, whose = hour_gone_by(step, context.facts)
        record(context.work, context.enrollment, "hour", str(hour), context.at, step=step.path, reason=whose, until=due)
    waiting = context.work.change(context.enrollment._replace(due_at=due))
    if not step.moves:
        add_outcome(context.work, waiting, step.path, "passed", due)
    return due


def carry_out(context: StepContext, step: Wait) -> Answer:
    """Look again at a wait that was disturbed, or one that moves and whose time has come, as it was known so far.

    One whose time was moved into the past is over since it was moved, which its due time says.
    """
    known = context.enrollment.due_at or context.now
    due = arrive(context, step, context.reached)
    if due is None:
        return context.over()
    if not step.moves or due > context.now + SKEW:
        return context.later(due)
    context.at = max(due, min(known, context.now))
    return context.done(step, "passed")
