"""Cohorts: what 500 members weigh, how long they take to restore, and how many customers a second walk three sends.

    python -m benchmarks.cohorts [--picture docs/cohorts.svg]

Two worker processes, one a core, walk customers who have entered before, each by the full path: cohorts formed by the
relay, facts, consent, caps, claim, provider, settling, trail. The provider is the sandbox, which writes each message
down, too. Beside them, in the same run, stands a plain workflow per customer that calls the same activity three times.
"""

import asyncio
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from sqlalchemy import text
from sqlmodel import col, select
from temporalio.api.enums.v1 import EventType, TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from benchmarks.harness import plain
from benchmarks.harness.picture import Line, draw
from benchmarks.harness.processes import module, postgres, services, temporal, until, used, worker
from benchmarks.harness.stack import Stack
from domain.intake.ingest import Incoming, ingest
from domain.journeys.tables import Enrollment
from runtime.platform.runs import workflow_id
from runtime.platform.temporal import DATA_CONVERTER, TASK_QUEUE
from workflows.language.compile import compile_plan
from workflows.language.spec import Journey
from workflows.plan.commands import Cohort, EnrollmentState, Group, Member, Outcome
from workflows.plan.interpreter import Runner
from workflows.plan.model import Plan
from workflows.runs.journey import JourneyWorkflow

MEMBERS, STEPS = 500, 20
COUNTS = {1: 100, 5: 250, 50: 2_500, 500: 12_000}
"""How many customers walk in cohorts of each size."""
WORKERS = 2
PATIENCE = 300.0
AIMS = {1: "≥ 0.7", 500: "≥ 1,500/s and ≥ 75"}
ACTIONS = {500: "≤ 0.1"}
BILLED = frozenset(
    {
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
        EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
        EventType.EVENT_TYPE_TIMER_STARTED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
    }
)
"""The events of a history that Temporal Cloud counts as actions, as far as our workflows have them."""

LOOKED_AT = 20
"""Runs whose histories are read."""

NEWEST = "SELECT coalesce(max(id), 0) FROM enrollments"
RUNNING = "SELECT count(*) FROM (SELECT FROM enrollments WHERE journey = :journey AND ending IS NULL LIMIT 1) AS one"
SENDS = ("one", "two", "three")
THREE = """
journey: {name}
trigger: {{event: {name}.begun}}
entry: {{again: always{alone}}}
steps:
  - {{id: one, send: hello, via: [sms], kind: transactional}}
  - wait: {{until: {{field: trigger.first}}}}
  - {{id: two, send: hello, via: [sms], kind: transactional}}
  - wait: {{until: {{field: trigger.first}}}}
  - {{id: three, send: hello, via: [sms], kind: transactional}}
"""
TOGETHER, ALONE = THREE.format(name="together", alone=""), THREE.format(name="alone", alone=", cohort: 1")


@dataclass(frozen=True)
class Walked:
    """Customers a second; of one customer the seconds of processor time, the events, their bytes, and the actions."""

    rate: float
    workers: float
    postgres: float
    temporal: float
    events: float = 0
    bytes: float = 0
    actions: float = 0

    @property
    def cost(self) -> float:
        return self.workers + self.postgres + self.temporal


def measure(picture: Path | None = None) -> Iterator[tuple[str, ...]]:
    """Rows of the table."""
    yield from asyncio.run(_weigh())
    with services(TOGETHER, ALONE) as parts:
        by_hand = walk_plainly(parts, COUNTS[1])
        beside = f"a plain workflow per customer: {by_hand.rate:.0f}/s, {by_hand.cost * 1000:.1f} ms"
        costs = {}
        for size, count in COUNTS.items():
            walked = costs[size] = walk(parts, size, count)
            name = f"in cohorts of {size}"
            ratio = f"{walked.rate / by_hand.rate:.1f}"
            yield f"three sends {name}", f"{walked.rate:.0f} customers/s", beside, ratio, AIMS.get(size, "")
            yield (
                f"processor time per customer {name}",
                f"{walked.cost * 1000:.2f} ms: workers {walked.workers * 1000:.2f}, "
                f"Postgres {walked.postgres * 1000:.2f}, Temporal {walked.temporal * 1000:.2f}",
                beside, f"{by_hand.cost / walked.cost:.1f}", "",
            )  # fmt: skip
            yield f"history per customer {name}", f"{walked.events:.2f} events, {walked.bytes:.0f} B", "", "", ""
            yield f"Temporal actions per customer {name}", f"{walked.actions:.3f}", "", "", ACTIONS.get(size, "")
    if picture:
        points = {
            "all": [cost.cost for cost in costs.values()],
            "workers": [cost.workers for cost in costs.values()],
            "Postgres": [cost.postgres for cost in costs.values()],
            "Temporal": [cost.temporal for cost in costs.values()],
        }
        places = [f"{size}" for size in costs]
        lines = [
            Line(name, list(zip(places, [seconds * 1000 for seconds in values], strict=True)))
            for name, values in points.items()
        ]
        draw(picture, "ms of processor time for a customer's three sends, by the size of the cohort", lines, log=True)


def walk(parts: Stack, size: int, count: int) -> Walked:
    """Have so many customers walk in cohorts of a size."""
    journey = "alone" if size == 1 else "together"
    environment = {"AFTERSHOW_COHORT_SIZE": str(size), "AFTERSHOW_GATHER": "0"}
    before = _newest(parts)
    walked = _timed(parts, journey, count, TASK_QUEUE, lambda: worker(parts, **environment), lambda: None)
    return asyncio.run(_measured(parts, journey, before, count, walked))


def walk_plainly(parts: Stack, count: int) -> Walked:
    """Have so many customers walk by a workflow each, as one would write it by hand."""
    with parts.engine.begin() as connection:
        plan_id = connection.execute(text("SELECT plan_id FROM journeys WHERE name = 'alone'")).scalar_one()
    before = _newest(parts)

    def start() -> None:
        with parts.db() as session:
            entered = session.exec(select(Enrollment.id).where(col(Enrollment.id) > before)).all()
        asyncio.run(_start_plainly(parts, plan_id, entered))

    return _timed(parts, "alone", count, plain.QUEUE, lambda: module(parts, plain.__name__), start)


def _timed(
    parts: Stack,
    journey: str,
    count: int,
    queue: str,
    working: Callable[[], AbstractContextManager[psutil.Process]],
    start: Callable[[], None],
) -> Walked:
    """The workers stand still until all have entered; then the time runs until the last has ended."""
    with ExitStack() as running:
        workers = [running.enter_context(working()) for _ in range(WORKERS)]
        until(lambda: asyncio.run(_polling(parts, queue)) >= {process.pid for process in workers}, PATIENCE)
        for process in workers:
            process.suspend()
        _enter(parts, journey, count)
        if queue == plain.QUEUE:
            with parts.engine.begin() as connection:
                connection.execute(text("DELETE FROM outbox"))
        servers = postgres(parts), temporal(parts)
        spent = [sum(map(used, workers)), *map(used, servers)]
        began = time.perf_counter()
        for process in workers:
            process.resume()
        start()
        until(lambda: _count(parts, RUNNING, journey=journey) == 0, PATIENCE, every=0.02)
        seconds = time.perf_counter() - began
        now = [sum(map(used, workers)), *map(used, servers)]
    costs = [(after - before) / count for before, after in zip(spent, now, strict=True)]
    return Walked(count / seconds, *costs)


async def _polling(parts: Stack, queue: str) -> set[int]:
    """The processes that ask for the activities of a task queue."""
    client = await _connected(parts)
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    )  # fmt: skip
    answer = await client.workflow_service.describe_task_queue(request)
    return {int(poller.identity.partition("@")[0]) for poller in answer.pollers}


async def _start_plainly(parts: Stack, plan_id: str, enrollments: Sequence[int]) -> None:
    client = await _connected(parts)
    for enrollment in enrollments:
        member = Member(enrollment=enrollment, generation=0)
        groups = [Group(plan_id=plan_id, path=path, members=(member,)) for path in SENDS]
        await client.start_workflow(plain.Plain.run, groups, id=f"plain/{enrollment}", task_queue=plain.QUEUE)


async def _measured(parts: Stack, journey: str, before: int, count: int, walked: Walked) -> Walked:
    """What Temporal keeps of the runs of those who entered after `before`."""
    client = await _connected(parts)
    with parts.db() as session:
        newer = select(Enrollment).where(col(Enrollment.id) > before)
        runs = sorted({enrollment.run for enrollment in session.exec(newer)})
    events = size = actions = 0
    looked = runs[:LOOKED_AT]
    for run in looked:
        handle = client.get_workflow_handle_for(JourneyWorkflow.run, workflow_id(journey, run))
        info = (await handle.describe()).raw_description.workflow_execution_info
        events, size = events + info.history_length, size + info.history_size_bytes
        actions += sum(event.event_type in BILLED for event in (await handle.fetch_history()).events)
    per_run = len(runs) / len(looked) / count
    return replace(walked, events=events * per_run, bytes=size * per_run, actions=actions * per_run)


async def _connected(parts: Stack) -> Client:
    return await Client.connect(parts.temporal, data_converter=DATA_CONVERTER)


def _enter(parts: Stack, journey: str, count: int) -> None:
    now, first = datetime.now(UTC), _newest(parts)
    data = {"first": (now - timedelta(days=1)).isoformat()}
    for start in range(first, first + count, MEMBERS):
        events = [
            Incoming("benchmark", str(n), f"{journey}.begun", now, data, (("phone", f"+86139{n:08}"),))
            for n in range(start, min(first + count, start + MEMBERS))
        ]
        with parts.db.begin() as work:
            ingest(work, events, now=now)


def _newest(parts: Stack) -> int:
    return _count(parts, NEWEST)


def _count(parts: Stack, query: str, **values: str) -> int:
    with parts.engine.connect() as connection:
        return int(connection.execute(text(query), values).scalar_one())


def _plan() -> Plan:
    sends = [{"id": f"step{number}", "send": "hello", "via": ["sms"]} for number in range(STEPS + 1)]
    spec = {"journey": "long", "trigger": {"event": "x"}, "entry": {"again": "never"}, "steps": sends}
    return compile_plan(Journey.model_validate(spec))


async def _weigh() -> list[tuple[str, ...]]:
    """Each member has an `at` of its own and sleeps until an instant of its own: nothing is equal."""
    plan = _plan()
    now = datetime.now(UTC)
    at = [now + timedelta(seconds=number, microseconds=number) for number in range(MEMBERS)]
    paths = list(plan.steps)[:STEPS]
    states = tuple(
        EnrollmentState(
            enrollment=10**7 + number,
            customer=10**6 + number,
            generation=0,
            outcomes=tuple(Outcome(path=path, result="sent", at=at[number]) for path in paths),
        )
        for number in range(MEMBERS)
    )
    walked = [Runner(plan, state).state() for state in states]
    sleeping = tuple(
        state.model_copy(update={"due": at[number], "wakes": at[number]}) for number, state in enumerate(walked)
    )
    cohort = Cohort(plan_id="p" * 64, version=1, plan=plan, enrollments=sleeping)
    (payload,) = await DATA_CONVERTER.encode([cohort])
    begin = time.perf_counter()
    (decoded,) = await DATA_CONVERTER.decode([payload], [Cohort])
    read = time.perf_counter()
    for state in decoded.enrollments:
        Runner(decoded.plan, state)
    restored = time.perf_counter()
    return [
        (f"input of a cohort of {MEMBERS}, {STEPS} steps behind each", f"{len(payload.data) / 1000:.0f} KB", "", "",
         "≤ 512 KB"),
        ("reading it", f"{(read - begin) * 1000:.0f} ms", "Temporal's limit: 2 s", "", ""),
        ("restoring its members", f"{(restored - read) * 1000:.0f} ms", "Temporal's limit: 2 s", "", ""),
    ]  # fmt: skip


def main() -> None:
    """Print the rows, and draw the curve."""
    parser = ArgumentParser(prog="python -m benchmarks.cohorts")
    parser.add_argument("--picture", type=Path)
    for row in measure(parser.parse_args().picture):
        sys.stdout.write(" | ".join(row) + "\n")


if __name__ == "__main__":
    main()
