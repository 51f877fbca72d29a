"""The workflow of each night: what is worked out of everything that happened."""

from collections.abc import Mapping
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from workflows.terms.values import Language
    from workflows.terms.wording import Wording

RETRY = RetryPolicy(initial_interval=timedelta(seconds=10), maximum_interval=timedelta(minutes=10), maximum_attempts=5)
TIMEOUT = timedelta(hours=1)
HEARTBEAT = timedelta(minutes=15)
"""A fit says nothing while it runs."""

DUTIES: Mapping[str, tuple[str, str]] = {
    "fit_forecasts": ("客户会下多少单", "what customers will order"),
    "rank_customers": ("客户在全体中的位置", "where customers stand among all"),
    "decide_winners": ("胜出的分组", "variants that take over"),
    "learn_companions": ("常一起买的商品", "products that are bought together"),
    "learn_hours": ("客户最常在的钟点", "hours in which customers are about"),
    "keep_results": ("旅程带来的效果", "what journeys brought"),
    "keep_metrics": ("已经过去的时段的指标", "metrics of the periods that are over"),
}
"""The activities of a night, in their order, and what each is about, in Chinese and in English."""


@workflow.defn(name="Nightly")
class NightlyWorkflow:
    """Fits what customers will order, ranks them, decides experiments, and learns companions and usual hours."""

    @workflow.run
    async def run(self, language: Language = "en") -> list[str]:
        """Returns what was done, in words. Its summaries are written in `language`."""
        say, told = Wording(language), list[str]()
        for name, summaries in DUTIES.items():
            told += await workflow.execute_activity(
                name,
                result_type=list[str],
                start_to_close_timeout=TIMEOUT,
                heartbeat_timeout=HEARTBEAT,
                retry_policy=RETRY,
                summary=say.pick(*summaries),
            )
        return told
