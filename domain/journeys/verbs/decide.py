"""Carries out `if` and `choose`."""

from domain.journeys.steps import StepContext
from domain.journeys.trail import record
from workflows.plan.commands import Answer
from workflows.verbs.decide import Decide


def carry_out(context: StepContext, step: Decide) -> Answer:
    """Choose the branch: the first whose condition holds."""
    facts = context.facts
    label, because = "else", ""
    for branch in step.branches:
        verdict = facts.holds(branch.when)
        because = verdict.because
        if verdict:
            label = branch.label
            break
    record(context.work, context.enrollment, "branch", label, context.at, step=step.path, because=because)
    return context.done(step, label)
