"""The workflow of a requirement: from what customers say to a product that is measured.

The database decides; the workflow is woken, asks, and sleeps until the next thing is due.
"""

from contextlib import suppress
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from workflows.plan.lessons import RequirementState

RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5))
TIMEOUT = timedelta(minutes=2)


@workflow.defn(name="Requirement")
class RequirementWorkflow:
    """Sees one requirement through: reviews with reminders, the decision, the launch, the result."""

    def __init__(self) -> None:
        self._stirred = False

    @workflow.run
    async def run(self, requirement: int) -> str:
        """Returns what became of it."""
        while True:
            self._stirred = False
            standing: RequirementState = await workflow.execute_activity(
                "look_after_requirement",
                requirement,
                result_type=RequirementState,
                start_to_close_timeout=TIMEOUT,
                retry_policy=RETRY,
                summary="see what was decided, and what is due",
            )
            self._say_where_it_stands(standing)
            if standing.over:
                return standing.status
            with suppress(TimeoutError):
                timeout = None if standing.seconds is None else max(standing.seconds, 1.0)
                await workflow.wait_condition(
                    lambda: self._stirred, timeout=timeout, timeout_summary=_WAITS.get(standing.status)
                )
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(requirement)

    @workflow.signal
    def wake(self) -> None:
        """The database knows something new; look at it."""
        self._stirred = True

    def _say_where_it_stands(self, standing: RequirementState) -> None:
        missing = f": {', '.join(standing.waits_for)}" if standing.waits_for else ""
        product = f"\n\nproduct {standing.new_sku}" if standing.new_sku else ""
        workflow.set_current_details(f"**{_WORDS[standing.status]}**{missing}\n\n{standing.title}{product}")


_WAITS = {"review": "the next reminder"}

_WORDS = {
    "draft": "Changes were asked for; waiting for them",
    "review": "Waiting for the reviews",
    "approved": "Approved; waiting for product.launched",
    "refused": "Refused",
    "lapsed": "Nobody reviewed it",
    "launched": "Launched; waiting for the end of its first show",
    "closed": "Measured and closed",
}

REQUIREMENT = """\
A topic of what customers say became a requirement. Product, supply and marketing review it, each approving, asking for
changes or refusing, with reminders and an escalation; once it is approved, `product.launched` links it to a product,
whose first show is measured against the usual one. The database decides each of these: this run only wakes up and asks.
"""
"""What the run's page in Temporal says of every requirement."""
