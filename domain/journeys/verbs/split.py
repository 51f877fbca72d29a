"""Carries out `split`."""

from domain.journeys.steps import StepContext
from domain.journeys.trail import record
from workflows.plan.commands import Answer
from workflows.plan.interpreter import bucket
from workflows.verbs.split import Split


def carry_out(visit: StepContext, step: Split) -> Answer:
    """Give the member its variant: by hash, so that it is sticky across re-entry, versions and machines."""
    place = bucket(visit.plan.journey, step.written_id, visit.customer.id)
    variant = step.arms[-1].variant
    for arm in step.arms:
        if place < arm.weight:
            variant = arm.variant
            break
        place -= arm.weight
    record(visit.work, visit.enrollment, "variant", variant, visit.at, step=step.path)
    return visit.done(step, variant)
