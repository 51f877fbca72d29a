"""The workflow of a play: one run for each instance, from the opening to the last word told.

The database decides; the run asks it to go on, part by part, and sleeps until the next thing is due.
"""

from contextlib import suppress
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from workflows.plays.standing import PlayStanding
    from workflows.terms.values import Language
    from workflows.terms.wording import Wording

RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))
TIMEOUT = timedelta(seconds=30)
"""A page takes a second; one that a worker died at is done again after this."""
PACE = 1.0
"""Seconds at least between two looks that new entries ask for."""

STATES = {
    "open": ("收集中", "Taking entries"),
    "closed": ("已截止，开奖和公布中", "Closed; drawing and announcing"),
    "over": ("已结束", "Over"),
    "stopped": ("已中止", "Stopped"),
    "unknown": ("没有这个场次", "There is no such instance"),
}


@workflow.defn(name="Play")
class PlayWorkflow:
    """Sees one instance of a play through."""

    def __init__(self) -> None:
        self._stirred = False

    @workflow.run
    async def run(self, instance: int, language: Language = "en") -> str:
        """Returns how it ended; the run's page is written in the `language`."""
        say = Wording(language)
        summary = say.pick("看看到了哪一步", "see where it stands")
        while True:
            self._stirred = False
            standing: PlayStanding = await workflow.execute_activity(
                "carry_play_on",
                instance,
                result_type=PlayStanding,
                start_to_close_timeout=TIMEOUT,
                retry_policy=RETRY,
                summary=summary,
            )
            part = standing.part.words(say) if standing.part else ""
            state = say.pick(*STATES[standing.state])
            workflow.set_current_details(f"**{state}**" + (f"\n\n{part}" if part else ""))
            if standing.over:
                return standing.state
            summary = part or say.pick("把参与记为事件", "entries become events")
            if standing.seconds is not None:
                with suppress(TimeoutError):
                    await workflow.wait_condition(
                        lambda: self._stirred, timeout=max(standing.seconds, 0.05), timeout_summary=part
                    )
                if self._stirred:
                    await workflow.sleep(min(PACE, max(standing.seconds, 0.05)))
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(args=[instance, language])

    @workflow.signal
    def wake(self) -> None:
        """There are entries, or somebody closed or stopped it; look at it."""
        self._stirred = True
