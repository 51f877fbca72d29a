"""From an accepted event to the message in the sandbox, at a steady pace, beside Temporal's own start to activity."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from statistics import quantiles
from uuid import uuid4

import httpx
from sqlmodel import col, select
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from benchmarks.stack import Stack, stack, worker
from domain.tables import SandboxMessage
from runtime.temporal import DATA_CONVERTER

EVENTS = 200
PER_SECOND = 10
THANKS = """
journey: thanks
trigger: {event: order.paid}
entry: {again: always}
steps: [{id: thank, send: hello, via: [sms], kind: transactional}]
"""


@activity.defn
async def stamp(started: float) -> float:
    """Seconds since the workflow was asked for."""
    return time.time() - started


@workflow.defn
class Bare:
    """A workflow of one activity: the least that Temporal can do."""

    @workflow.run
    async def run(self, started: float) -> float:
        return await workflow.execute_activity(stamp, started, start_to_close_timeout=timedelta(seconds=10))


def measure() -> Iterator[tuple[str, ...]]:
    """Rows of the table; seconds become milliseconds."""
    with stack(THANKS) as parts:
        ours, theirs = asyncio.run(_both(parts))
    for name, index in (("p50", 49), ("p99", 98)):
        mine, floor = quantiles(ours, n=100)[index], quantiles(theirs, n=100)[index]
        yield (
            f"accepted event → message in the sandbox, {name} at {PER_SECOND}/s",
            f"{mine * 1000:.0f} ms",
            f"Temporal start → activity: {floor * 1000:.0f} ms",
            f"{mine / floor:.1f}",
            "≤ 2",
        )


async def _both(parts: Stack) -> tuple[list[float], list[float]]:
    async with worker(parts) as client:
        await _post(parts, 20)
        accepted = await _post(parts, EVENTS)
    held = _held(parts)
    ours = [held[order] - at for order, at in accepted.items()]
    client = await Client.connect(parts.temporal, data_converter=DATA_CONVERTER)
    return ours, await _bare(client)


async def _post(parts: Stack, count: int) -> dict[str, float]:
    """Post orders at the pace; returns when each was accepted, by its phone."""
    accepted: dict[str, float] = {}
    headers = {"Authorization": f"Bearer {parts.key}"}
    begin = time.monotonic()
    async with httpx.AsyncClient(base_url=parts.url, headers=headers) as client:
        for number in range(count):
            await asyncio.sleep(max(0.0, begin + number / PER_SECOND - time.monotonic()))
            phone = f"+86138{uuid4().int % 10**8:08}"
            event = {
                "specversion": "1.0", "id": str(uuid4()), "source": "benchmark", "type": "order.paid",
                "subject": f"phone:{phone}", "data": {"order_id": str(uuid4()), "total": 100},
            }  # fmt: skip
            answer = await client.post("/v1/events", json=event)
            answer.raise_for_status()
            accepted[phone] = time.time()
    await asyncio.sleep(2)
    return accepted


def _held(parts: Stack) -> dict[str, float]:
    with parts.db() as session:
        rows = session.exec(select(SandboxMessage).order_by(col(SandboxMessage.at)))
        return {row.recipient: row.at.timestamp() for row in rows}


async def _bare(client: Client) -> list[float]:
    spans: list[float] = []
    runner = UnsandboxedWorkflowRunner()
    async with Worker(client, task_queue="bare", workflows=[Bare], activities=[stamp], workflow_runner=runner):
        for _ in range(20):
            await client.execute_workflow(Bare.run, time.time(), id=str(uuid4()), task_queue="bare")
        for number in range(EVENTS):
            begin = datetime.now(UTC)
            span = await client.execute_workflow(Bare.run, time.time(), id=f"bare-{number}", task_queue="bare")
            spans.append(span)
            await asyncio.sleep(max(0.0, 1 / PER_SECOND - (datetime.now(UTC) - begin).total_seconds()))
    return spans
