"""Carries out `stop`."""

from datetime import datetime

from domain.journeys.enrollments import end
from domain.journeys.steps import StepContext
from workflows.verbs.stop import Stop


def arrive(visit: StepContext, step: Stop, at: datetime) -> datetime:
    """End the enrollment."""
    end(visit.work, visit.enrollment, "stopped", at, step.reason, wake=False)
    return at
