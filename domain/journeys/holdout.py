"""Who is held out: customers for whom nothing is sent, issued or assigned, so that what a journey brings shows."""

from typing import Literal

from workflows.language.policy import Policy
from workflows.plan.interpreter import bucket
from workflows.plan.model import Plan

Holdout = Literal["holdout", "journey_holdout"]
"""That of all journeys together, or that of one."""


def holdout_of(plan: Plan, policy: Policy, customer_id: int) -> Holdout | None:
    """The holdout that a customer of a journey is in."""
    if bucket("holdout", customer_id) < policy.holdout:
        return "holdout"
    own = plan.policy.holdout if plan.policy else None
    return "journey_holdout" if bucket("holdout", plan.journey, customer_id) < (own or 0) else None
