"""Where more is due than workers can do at once, transactional messages come first and bulk comes last."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from temporalio import activity
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.worker import Worker

from runtime.platform.temporal import DATA_CONVERTER
from runtime.platform.worker import sandbox
from workflows.language.compile import compile_plan
from workflows.language.spec import Journey
from workflows.plan.commands import Answer, Cohort, EnrollmentState, Group, unpack
from workflows.runs.journey import JourneyWorkflow

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
BULK, ALONE, URGENT = "bulk", "alone", "urgent"
QUEUE = "priorities"
EACH = 20


def cohort(name: str, members: int) -> Cohort:
    kind = "transactional" if name == URGENT else "marketing"
    spec = {
        "journey": name, "trigger": {"event": "x"}, "entry": {"again": "never"},
        "steps": [{"id": "hello", "send": "hello", "via": ["sms"], "kind": kind}],
    }  # fmt: skip
    states = tuple(EnrollmentState(enrollment=number, customer=number, generation=0) for number in range(members))
    return Cohort(plan_id=name, version=1, plan=compile_plan(Journey.model_validate(spec)), enrollments=states)


async def waiting(client: Client) -> int:
    """How many activities wait for a worker."""
    asked = DescribeTaskQueueRequest(
        namespace="default",
        task_queue=TaskQueue(name=QUEUE),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        report_stats=True,
    )
    return (await client.workflow_service.describe_task_queue(asked)).stats.approximate_backlog_count


def test_what_was_asked_for_comes_before_what_was_not_and_bulk_last(temporal: str) -> None:
    sent: list[str] = []

    @activity.defn
    def send(group: Group) -> list[Answer]:
        sent.append(group.plan_id)
        return [
            Answer(enrollment=each.enrollment, kind="over", at=NOW, result="finished") for each in unpack(group.members)
        ]

    async def story(address: str) -> None:
        client = await Client.connect(address, data_converter=DATA_CONVERTER)
        decides = Worker(client, task_queue=QUEUE, workflows=[JourneyWorkflow], workflow_runner=sandbox())
        async with decides:
            runs = [
                await client.start_workflow(
                    JourneyWorkflow.run, cohort(name, members), id=f"{name}/{number}", task_queue=QUEUE
                )
                for name, members in ((BULK, 100), (ALONE, 1), (URGENT, 1))
                for number in range(EACH)
            ]
            while await waiting(client) < len(runs):
                await asyncio.sleep(0.05)
            with ThreadPoolExecutor(1) as thread:
                carries_out = Worker(
                    client, task_queue=QUEUE, activities=[send], activity_executor=thread, max_concurrent_activities=1
                )
                async with carries_out:
                    await asyncio.gather(*(run.result() for run in runs))

    asyncio.run(story(temporal))
    places = {name: sum(place for place, each in enumerate(sent) if each == name) for name in (URGENT, ALONE, BULK)}
    assert places[URGENT] < places[ALONE] < places[BULK]  # the first few go before all are compared
