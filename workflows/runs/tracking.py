"""The workflow that asks a channel's provider about messages whose fate is open."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from workflows.terms.values import Language
    from workflows.terms.wording import Wording

RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=15))
TIMEOUT = timedelta(minutes=5)
HEARTBEAT = timedelta(seconds=45)
"""A page of questions takes less; a worker that says nothing for so long is gone, and another asks."""


@workflow.defn(name="FollowUp")
class FollowUpWorkflow:
    """One run per channel, for as long as messages of it are open; the ledger says when it looks again.

    Its page is written in `language`.
    """

    def __init__(self) -> None:
        self._news = True

    @workflow.run
    async def run(self, channel: str, language: Language = "en") -> None:
        say = Wording(language)
        called = say.channel(channel)
        while self._news:
            self._news = False
            seconds: float | None = await workflow.execute_activity(
                "follow_up",
                channel,
                result_type=float,
                start_to_close_timeout=TIMEOUT,
                heartbeat_timeout=HEARTBEAT,
                retry_policy=RETRY,
                summary=say.pick(f"查询{called}未决消息的去向", f"ask about open messages of {channel}"),
            )
            if seconds is None:
                continue
            en = f"messages of {channel} are open; the provider is asked again at their time"
            workflow.set_current_details(say.pick(f"有{called}消息去向未明，到时再问服务商", en))
            try:
                await workflow.wait_condition(
                    lambda: self._news,
                    timeout=max(seconds, 1),
                    timeout_summary=say.pick("到再问服务商的时候", "until the provider is asked again"),
                )
            except TimeoutError:
                self._news = True
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(args=[channel, language])

    @workflow.signal
    def look(self) -> None:
        """There is another open message."""
        self._news = True
