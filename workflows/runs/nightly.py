"""The workflow of each night: what is worked out of everything that happened."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

RETRY = RetryPolicy(initial_interval=timedelta(seconds=10), maximum_interval=timedelta(minutes=10), maximum_attempts=5)
TIMEOUT = timedelta(hours=1)
HEARTBEAT = timedelta(minutes=15)
"""A fit says nothing while it runs."""

DUTIES = {
    "fit_forecasts": "what customers will order",
    "rank_customers": "where customers stand among all",
    "decide_winners": "variants that take over",
    "learn_companions": "products that are bought together",
    "learn_hours": "hours in which customers are about",
    "keep_results": "what journeys brought",
}
"""The activities of a night, in their order, and what each is about."""


@workflow.defn(name="Nightly")
class NightlyWorkflow:
    """Fits what customers will order, ranks them, decides experiments, and learns companions and usual hours."""

    @workflow.run
    async def run(self) -> list[str]:
        told: list[str] = []
        for name, summary in DUTIES.items():
            told += await workflow.execute_activity(
                name,
                result_type=list[str],
                start_to_close_timeout=TIMEOUT,
                heartbeat_timeout=HEARTBEAT,
                retry_policy=RETRY,
                summary=summary,
            )
        return told
