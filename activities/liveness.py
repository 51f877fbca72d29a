"""A sign of life from an activity that calls the outside for long: without one for 45 seconds it is tried again."""

from temporalio import activity


def sign_of_life() -> None:
    """Tell Temporal that the activity goes on. Does nothing outside of one, or in a thread that it began."""
    if activity.in_activity():
        activity.heartbeat()
