"""Following a channel up goes on when the worker that asked is lost."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from workflows.runs import tracking


def test_a_question_whose_asker_is_silent_is_asked_again(temporal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "HEARTBEAT", timedelta(seconds=1))
    asked_again, gave_up = threading.Event(), threading.Event()
    attempts = []

    @activity.defn
    def follow_up(_: str) -> float | None:
        attempts.append(activity.info().attempt)
        if len(attempts) == 1:
            asked_again.wait(30)
            gave_up.set()
        else:  # the worker isn't ended while the silent one still comes back to it
            asked_again.set()
            gave_up.wait(30)
        return None

    async def ask(temporal: str) -> None:
        client = await Client.connect(temporal)
        with ThreadPoolExecutor(2) as threads:
            worker = Worker(
                client,
                task_queue="following",
                workflows=[tracking.FollowUpWorkflow],
                activities=[follow_up],
                activity_executor=threads,
                workflow_runner=UnsandboxedWorkflowRunner(),
            )
            async with worker:
                handle = await client.start_workflow(
                    tracking.FollowUpWorkflow.run, "sms", id="following", task_queue="following"
                )
                await asyncio.wait_for(handle.result(), 20)

    asyncio.run(ask(temporal))
    assert attempts == [1, 2]
