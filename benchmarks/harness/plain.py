"""What one would write by hand: a workflow per customer that sends three times, and a worker for it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from temporalio import workflow
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

with workflow.unsafe.imports_passed_through():
    from activities.adapters.sandbox import Sandbox
    from activities.journey import JourneyActivities
    from domain.store.clock import SystemClock
    from runtime.platform.database import connect
    from runtime.platform.heap import settle_heap
    from runtime.platform.settings import Settings
    from runtime.platform.temporal import temporal_client
    from runtime.platform.worker import THREADS
    from workflows.plan.commands import Group
    from workflows.terms.channels import CHANNELS

QUEUE = "plain"


@workflow.defn
class Plain:
    """Three sends, one after the other, by the activity that cohorts use, too."""

    @workflow.run
    async def run(self, sends: list[Group]) -> None:
        for group in sends:
            await workflow.execute_activity("send", group, start_to_close_timeout=timedelta(minutes=5))


async def work() -> None:
    """Work until the process is ended."""
    engine, db = connect(Settings().database_url, pool_size=THREADS + 4)
    clock = SystemClock()
    sandboxed = dict.fromkeys(CHANNELS, Sandbox(db, clock))
    settle_heap()
    with ThreadPoolExecutor(THREADS) as threads:
        worker = Worker(
            await temporal_client(),
            task_queue=QUEUE,
            workflows=[Plain],
            activities=[JourneyActivities(db, clock, sandboxed).send],
            activity_executor=threads,
            max_concurrent_activities=THREADS,
            workflow_runner=UnsandboxedWorkflowRunner(),
        )
        await worker.run()
    engine.dispose()


if __name__ == "__main__":
    asyncio.run(work())
