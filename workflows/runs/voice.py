"""The workflows about what customers say: comments are read, and reported every week; shows are reviewed.

Their pages are written in the `language` that each is given.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from workflows.plan.lessons import ReviewState
    from workflows.terms.values import Language
    from workflows.terms.wording import Wording

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
    async def run(self, language: Language = "en") -> int:
        """Returns how many comments this run has read."""
        say, read = Wording(language), 0
        while self._news:
            self._news = False
            read += await workflow.execute_activity(
                "read_comments",
                result_type=int,
                start_to_close_timeout=TIMEOUT,
                heartbeat_timeout=HEARTBEAT,
                retry_policy=RETRY,
                summary=say.pick("读还没读的评论", "read what is unread"),
            )
            workflow.set_current_details(say.pick(f"读了 {read:,} 条评论", f"{read:,} comments read"))
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(language)
        return read

    @workflow.signal
    def look(self) -> None:
        """There is another comment."""
        self._news = True


@workflow.defn(name="ShowReview")
class ShowReviewWorkflow:
    """Works the figures of a show out when it is over, and again when they are complete: after 1, 3 and 7 days."""

    @workflow.run
    async def run(self, stream: str, language: Language = "en") -> str:
        """Returns the last stage."""
        say = Wording(language)
        while True:
            standing: ReviewState = await workflow.execute_activity(
                "review_show",
                stream,
                result_type=ReviewState,
                start_to_close_timeout=TIMEOUT,
                retry_policy=RETRY,
                summary=say.pick("到时候就算各项数字", "work out the figures, if it is time"),
            )
            if standing.seconds is None:
                return standing.stage
            en = "the figures are worked out again at their time"
            workflow.set_current_details(f"**{standing.stage}**: {say.pick('到时候再算一遍数字', en)}")
            until = say.pick("到再算数字的时候", "until the figures are worked out again")
            await workflow.sleep(max(standing.seconds, 1), summary=until)


@workflow.defn(name="WeeklyReport")
class WeeklyReportWorkflow:
    """Tells the managers of products what customers said in the week."""

    @workflow.run
    async def run(self, language: Language = "en") -> list[str]:
        """Returns what was reported, in words."""
        told: list[str] = await workflow.execute_activity(
            "report_week",
            result_type=list[str],
            start_to_close_timeout=TIMEOUT,
            retry_policy=RETRY,
            summary=Wording(language).pick("这一周客户说了什么", "what customers said in the week"),
        )
        workflow.set_current_details("\n".join(told))
        return told
