"""Carries out `coupon`."""

from domain.coupons import issuing
from domain.coupons.reserving import Issue
from domain.journeys.steps import StepContext, is_held_out, suppress
from domain.journeys.trail import record
from workflows.plan.commands import Answer
from workflows.verbs.coupon import IssueCoupon


def carry_out(visit: StepContext, step: IssueCoupon, issue: Issue = issuing.issue) -> Answer:
    """Issue a coupon, within the campaign's limits."""
    if is_held_out(visit):
        return suppress(visit, step, step.campaign, "holdout")
    if visit.subjects.held(visit.enrollment.id, step.name):
        return visit.done(step, "issued")
    try:
        issue(visit.work, visit.facts, visit.enrollment, step.name, step.campaign)
    except issuing.IssueRefusedError as refusal:
        reason = str(refusal)
        record(visit.work, visit.enrollment, "refused", step.campaign, visit.at, step=step.path, reason=reason)
        return visit.done(step, "refused")
    record(visit.work, visit.enrollment, "coupon", step.campaign, visit.at, step=step.path)
    return visit.done(step, "issued")
