"""Carries out `coupon`."""

from domain.coupons import issuing
from domain.coupons.reserving import Issue
from domain.journeys.steps import StepContext, is_held_out, suppress
from domain.journeys.trail import record
from workflows.plan.commands import Answer
from workflows.verbs.coupon import IssueCoupon


def carry_out(context: StepContext, step: IssueCoupon, issue: Issue = issuing.issue) -> Answer:
    """Issue a coupon, within the campaign's limits."""
    if is_held_out(context):
        return suppress(context, step, step.campaign, "holdout")
    if context.subjects.held(context.enrollment.id, step.name):
        return context.done(step, "issued")
    try:
        issue(context.work, context.facts, context.enrollment, step.name, step.campaign)
    except issuing.IssueRefusedError as refusal:
        reason = str(refusal)
        record(context.work, context.enrollment, "refused", step.campaign, context.at, step=step.path, reason=reason)
        return context.done(step, "refused")
    record(context.work, context.enrollment, "coupon", step.campaign, context.at, step=step.path)
    return context.done(step, "issued")
