"""Carries out `split`."""

from domain.journeys.steps import StepContext
from domain.journeys.trail import record
from workflows.plan.commands import Answer
from workflows.plan.interpreter import bucket
from workflows.verbs.split import Split


def carry_out(context: StepContext, step: Split) -> Answer:
    """Give the member its variant: by hash, so that it is sticky across re-entry, versions and machines."""
    place = bucket(context.plan.journey, step.written_id, context.entered_as)
    variant = step.arms[-1].variant
    for arm in step.arms:
        if place < arm.weight:
            variant = arm.variant
            break
        place -= arm.weight
    record(context.work, context.enrollment, "variant", variant, context.at, step=step.path)
    return context.done(step, variant)
