"""The workflows about what customers say: comments are read, and reported every week."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))
TIMEOUT = timedelta(minutes=10)
HEARTBEAT = timedelta(minutes=2)
"""A page is read in less, also where a model is asked."""


@workflow.defn(name="ReadComments")
class ReadCommentsWorkflow:
    """Reads what is unread, and ends; the next comment starts it again."""

    def __init__(self) -> None:
        self._news = True

    @workflow.run
    async def run(self) -> int:
        """Returns how many comments this run has read."""
        read = 0
        while self._news:
            self._news = False
            read += await workflow.execute_activity(
                "read_comments",
                result_type=int,
                start_to_close_timeout=TIMEOUT,
                heartbeat_timeout=HEARTBEAT,
                retry_policy=RETRY,
                summary="read what is unread",
            )
            workflow.set_current_details(f"{read:,} comments read")
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new()
        return read

    @workflow.signal
    def look(self) -> None:
        """There is another comment."""
        self._news = True


@workflow.defn(name="WeeklyReport")
class WeeklyReportWorkflow:
    """Tells the managers of products what customers said in the week."""

    @workflow.run
    async def run(self) -> list[str]:
        told: list[str] = await workflow.execute_activity(
            "report_week",
            result_type=list[str],
            start_to_close_timeout=TIMEOUT,
            retry_policy=RETRY,
            summary="what customers said in the week",
        )
        workflow.set_current_details("\n".join(told))
        return told
