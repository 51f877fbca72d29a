"""Carries out `stop`."""

from datetime import datetime

from domain.journeys.enrollments import end
from domain.journeys.steps import StepContext
from workflows.verbs.stop import Stop


def arrive(context: StepContext, step: Stop, at: datetime) -> datetime:
    """End the enrollment."""
    end(context.work, context.enrollment, "stopped", at, step.reason, wake=False)
    return at
