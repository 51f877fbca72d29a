"""Carries out `note`."""

from workflows.verbs.note import Note

from domain.journeys.steps import StepContext
from domain.journeys.trail import record
from workflows.plan.commands import Answer


def carry_out(visit: StepContext, step: Note) -> Answer:
    """Write it down."""
    for _ in range(step.times):
        record(visit.work, visit.enrollment, "note", step.note, visit.at, step=step.path, reason="by_hand")
    return visit.done(step, "noted")
