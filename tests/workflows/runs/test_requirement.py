"""A requirement's run asks when it is woken or something is due, and tells where it stands in the shop's language."""

import asyncio
from collections.abc import Sequence
from typing import Literal

import pytest
from temporalio import activity
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from runtime.platform.embedded import time_skipping_server
from runtime.platform.temporal import DATA_CONVERTER
from runtime.platform.worker import sandbox
from workflows.plan.lessons import RequirementState
from workflows.runs.requirement import RequirementWorkflow

IN_REVIEW = RequirementState(requirement=1, status="review", title="口味偏淡", waits_for=("supply",), seconds=86_400)
APPROVED = RequirementState(requirement=1, status="approved", title="口味偏淡")
CLOSED = RequirementState(requirement=1, status="closed", title="口味偏淡", new_sku="fish-light", over=True)


def run(states: Sequence[RequirementState], language: Literal["zh", "en"]) -> tuple[str, str, int]:
    """What became of it, its page at the end, and how often it asked; a signal wakes it once."""
    asked: list[int] = []

    @activity.defn(name="look_after_requirement")
    async def look_after(requirement: int) -> RequirementState:
        asked.append(requirement)
        return states[len(asked) - 1]

    async def story() -> tuple[str, str, int]:
        async with (
            await WorkflowEnvironment.start_time_skipping(
                test_server_existing_path=str(time_skipping_server()), data_converter=DATA_CONVERTER
            ) as env,
            Worker(
                env.client, task_queue="q", workflows=[RequirementWorkflow], activities=[look_after],
                workflow_runner=sandbox(),
            ),
        ):  # fmt: skip
            handle = await env.client.start_workflow(
                RequirementWorkflow.run, args=[1, language], id="requirement/1", task_queue="q"
            )
            await env.sleep(90_000)
            await handle.signal(RequirementWorkflow.wake)
            ended = await handle.result()
            page = (await handle.query("__temporal_workflow_metadata")).current_details
            return ended, page, len(asked)

    return asyncio.run(story())


@pytest.mark.parametrize(
    ("language", "page"),
    [
        ("zh", "**已衡量，已关闭**\n\n口味偏淡\n\n商品 fish-light"),
        ("en", "**Measured and closed**\n\n口味偏淡\n\nproduct fish-light"),
    ],
)
def test_it_asks_when_something_is_due_and_when_it_is_woken(language: Literal["zh", "en"], page: str) -> None:
    assert run([IN_REVIEW, APPROVED, CLOSED], language) == ("closed", page, 3)
