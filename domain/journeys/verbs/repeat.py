"""Carries out `repeat`."""

from domain.journeys.steps import StepContext
from domain.journeys.trail import record
from workflows.plan.commands import Answer
from workflows.verbs.repeat import AGAIN, OVER, Repeat


def carry_out(context: StepContext, step: Repeat) -> Answer:
    """Begin a round, unless it isn't the first and what ends them all holds."""
    verdict = context.facts.holds(step.until) if step.until and "#" in step.path.rpartition(".")[2] else None
    result = OVER if verdict else AGAIN
    because = verdict.because if verdict is not None else None
    record(context.work, context.enrollment, "round", result, context.at, step=step.path, because=because)
    return context.done(step, result)
