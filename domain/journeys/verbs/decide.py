"""Carries out `if` and `choose`."""

from domain.journeys.steps import StepContext
from domain.journeys.trail import record
from workflows.plan.commands import Answer
from workflows.verbs.decide import Decide


def carry_out(visit: StepContext, step: Decide) -> Answer:
    """Choose the branch: the first whose condition holds."""
    facts = visit.facts
    label, because = "else", ""
    for branch in step.branches:
        verdict = facts.holds(branch.when)
        because = verdict.because
        if verdict:
            label = branch.label
            break
    record(visit.work, visit.enrollment, "branch", label, visit.at, step=step.path, because=because)
    return visit.done(step, label)
