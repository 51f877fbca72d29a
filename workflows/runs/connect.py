"""What a Schedule starts for a connected system: it pulls, or takes out, until there is no more for now."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from workflows.terms.values import Language
    from workflows.terms.wording import Wording

RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))
TIMEOUT = timedelta(minutes=15)
HEARTBEAT = timedelta(minutes=5)
"""A page takes less; a worker that says nothing for so long is gone, and another goes on from the last page."""


@workflow.defn(name="Connect")
class ConnectWorkflow:
    """One run of a connector (`pull`) or of an output (`deliver`), by its name."""

    @workflow.run
    async def run(self, activity: str, name: str, language: Language = "en") -> None:
        say = Wording(language)
        words = say.pick(f"从 {name} 取新数据", f"pull what is new from {name}")
        if activity == "deliver":
            words = say.pick(f"送出到 {name}", f"take out to {name}")
        more = True
        while more:
            more = await workflow.execute_activity(
                activity,
                name,
                result_type=bool,
                start_to_close_timeout=TIMEOUT,
                heartbeat_timeout=HEARTBEAT,
                retry_policy=RETRY,
                summary=words,
            )
            if more and workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(args=[activity, name, language])
