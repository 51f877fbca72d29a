"""From an event to the message in the sandbox, and how late a wait ends, beside Temporal's own start to activity.

    python -m benchmarks.latency --picture docs/latency.svg

API and worker are processes of their own. An event counts from when the API has it, a wait from when it is due.
"""

import asyncio
import json
import random
import sys
import time
from argparse import ArgumentParser
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import text
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from benchmarks.harness.driver import drive
from benchmarks.harness.picture import Line, draw
from benchmarks.harness.processes import api, percentiles, services, until, worker
from benchmarks.harness.stack import Stack
from benchmarks.sleepers import THANKS

QUIET, PACED, PER_SECOND, WAITS = 40, 200, 20, 200
BURST, TOGETHER, CONNECTIONS = 2000, 500, 50
BARE_BURST = 500
RATES = (1, 5, 20, 50, 100, 200)
SHORTEST, LONGEST = 1.5, 5.0
"""Seconds for which those wait whose waits are measured."""
PATIENCE = 300.0
NUDGE = """
journey: nudge
trigger: {event: form.filled}
entry: {again: always}
steps:
  - wait: {until: {field: trigger.remind_at}}
  - {id: nudge, send: hello, via: [sms], kind: transactional}
"""
SPANS = """
SELECT sandbox.at, event.received_at, event.data ->> 'remind_at' FROM sandbox_messages sandbox
JOIN messages message ON message.id::text = sandbox.key
JOIN enrollments enrollment ON enrollment.id = message.enrollment_id
JOIN events event ON event.id = enrollment.trigger_id
WHERE event.id > :after
"""
LAST = "SELECT coalesce(max(id), 0) FROM events"
numbers = count()


@activity.defn
async def stamp(started: float) -> float:
    """Seconds since the workflow was asked for."""
    return time.time() - started


@workflow.defn
class Bare:
    """A workflow of one activity: the least that Temporal can do."""

    @workflow.run
    async def run(self, started: float) -> float:
        return await workflow.execute_activity(stamp, started, start_to_close_timeout=timedelta(minutes=1))


@dataclass(frozen=True)
class Shop:
    """What takes events and sends messages."""

    parts: Stack

    def after(self, post: Callable[[], int]) -> list[float]:
        """Seconds to each message that follows from what is posted: so many are waited for."""
        with self.parts.engine.connect() as connection:
            last = connection.execute(text(LAST)).scalar_one()
        expected, durations = post(), list[Any]()

        def all_there() -> bool:
            with self.parts.engine.connect() as connection:
                durations[:] = connection.execute(text(SPANS), {"after": last}).all()
            return len(durations) >= expected

        until(all_there, PATIENCE)
        return [
            (at - (datetime.fromisoformat(remind_at) if remind_at else received_at)).total_seconds()
            for at, received_at, remind_at in durations
        ]

    def quiet(self, events: int) -> list[float]:
        """One at a time: each when the message of the one before is there."""
        return [self.after(lambda: self.paced(1, 1))[0] for _ in range(events)]

    def paced(self, events: int, per_second: float, make: Callable[[], dict[str, Any]] | None = None) -> int:
        """Post so many at that pace."""
        return asyncio.run(self._paced(events, per_second, make or order))

    async def _paced(self, events: int, per_second: float, make: Callable[[], dict[str, Any]]) -> int:
        headers = {"Authorization": f"Bearer {self.parts.key}"}
        async with httpx.AsyncClient(base_url=self.parts.url, headers=headers) as client:

            async def post() -> None:
                (await client.post("/v1/events", json=make())).raise_for_status()

            await at_pace(post, events, per_second)
        return events

    def burst(self, events: int, size: int, connections: int) -> int:
        """Post so many as fast as they are taken, `each` at a time."""
        batches = [[order() for _ in range(size)] for _ in range(events // size)]
        bodies = [json.dumps(batch if size > 1 else batch[0]).encode() for batch in batches]
        drive(f"{self.parts.url}/v1/events", self.parts.key, bodies, connections)
        return events


@contextmanager
def shop() -> Iterator[Shop]:
    """A shop that has done all of this before."""
    with services(THANKS, NUDGE) as parts, api(parts) as (url, _), worker(parts):
        running = Shop(replace(parts, url=url))
        running.after(lambda: running.paced(5, 5))
        running.after(lambda: running.burst(100, 50, 2))
        yield running


async def at_pace(act: Callable[[], Awaitable[object]], times: int, per_second: float) -> None:
    """Begin each when it is its turn, whatever became of the one before."""
    begin = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for number in range(times):
            await asyncio.sleep(max(0.0, begin + number / per_second - time.monotonic()))
            tasks.create_task(act())  # type: ignore[arg-type]


def order() -> dict[str, Any]:
    """Somebody pays."""
    return _event("order.paid", {"order_id": str(uuid4()), "total": 100})


def form(shortest: float = SHORTEST, longest: float = LONGEST) -> dict[str, Any]:
    """Somebody fills a form, and is to be reminded soon."""
    due = datetime.now(UTC) + timedelta(seconds=random.uniform(shortest, longest))
    return _event("form.filled", {"remind_at": due.isoformat()})


def _event(type: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": str(uuid4()), "source": "benchmark", "type": type,
        "subject": f"phone:+86139{next(numbers):08}", "data": data,
    }  # fmt: skip


def measure() -> Iterator[tuple[str, ...]]:
    """Rows of the table; seconds become milliseconds."""
    with shop() as running:
        bare = asyncio.run(_bare(running.parts))
        rows = (
            ("event → message, one at a time", running.quiet(QUIET), "one at a time"),
            (f"event → message at {PER_SECOND}/s", running.after(lambda: running.paced(PACED, PER_SECOND)), "paced"),
            (
                f"event → message, burst of {BURST:,}",
                running.after(lambda: running.burst(BURST, 1, CONNECTIONS)),
                "burst",
            ),
            (f"the same in batches of {TOGETHER}", running.after(lambda: running.burst(BURST, TOGETHER, 2)), "burst"),
            ("end of a wait → message", running.after(lambda: running.paced(WAITS, PER_SECOND, form)), "paced"),
        )
    for name, spans, beside in rows:
        (p50, p99), (bare50, bare99) = percentiles(spans), percentiles(bare[beside])
        yield (
            name,
            f"p50 {p50 * 1000:,.0f}, p99 {p99 * 1000:,.0f} ms",
            f"Temporal start → activity: p50 {bare50 * 1000:,.0f}, p99 {bare99 * 1000:,.0f} ms",
            f"{p50 / bare50:.1f}",
            "p50 ≤ 200, p99 ≤ 2,000 ms",
        )


def curve(seconds: float = 8) -> Iterator[tuple[float, float, float]]:
    """Events a second, and the median and 99 % of the seconds to their messages."""
    with shop() as running:
        for rate in RATES:
            times = max(10, int(rate * seconds))
            yield rate, *percentiles(running.after(lambda rate=rate, times=times: running.paced(times, rate)))  # type: ignore[misc]


async def _bare(parts: Stack) -> dict[str, Sequence[float]]:
    client, spans = await Client.connect(parts.temporal), list[float]()

    async def run() -> None:
        spans.append(await client.execute_workflow(Bare.run, time.time(), id=str(uuid4()), task_queue="bare"))

    async def took(times: int, per_second: float) -> list[float]:
        spans.clear()
        await at_pace(run, times, per_second)
        return list(spans)

    runner = UnsandboxedWorkflowRunner()
    async with Worker(client, task_queue="bare", workflows=[Bare], activities=[stamp], workflow_runner=runner):
        for _ in range(20):
            await run()
        spans.clear()
        for _ in range(QUIET):
            await run()
        return {
            "one at a time": list(spans),
            "paced": await took(PACED, PER_SECOND),
            "burst": await took(BARE_BURST, float("inf")),
        }


def main() -> None:
    """Print the curve over rates, and draw it if asked to."""
    parser = ArgumentParser()
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    points = []
    for point in curve():
        points.append(point)
        sys.stdout.write(json.dumps(point) + "\n")
        sys.stdout.flush()
    if options.picture:
        lines = [
            Line(name, [(f"{point[0]:.0f}/s", point[place] * 1000) for point in points])
            for name, place in (("p99", 2), ("p50", 1))
        ]
        draw(options.picture, "ms from an event to its message, by events a second", lines, log=True)


if __name__ == "__main__":
    main()
