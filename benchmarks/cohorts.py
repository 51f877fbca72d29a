"""Cohorts: what 500 members weigh, how long they take to restore, and how many customers a second walk three sends."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.adapters.sandbox import Sandbox
from activities.journey import JourneyActivities
from benchmarks.stack import Stack, stack
from domain.clock import SystemClock
from domain.ingest import Incoming, ingest
from domain.tables import Enrollment, Outbox
from runtime.gathering import Gathering
from runtime.temporal import DATA_CONVERTER
from runtime.worker import THREADS, working
from workflows.cohort import CohortWorkflow
from workflows.commands import Cohort, Group, Member, Outcome, Traveller
from workflows.compile import compile_plan
from workflows.interpreter import Walker
from workflows.plan import CHANNELS, Plan
from workflows.spec import Journey

MEMBERS, STEPS = 500, 20
COUNTS = {1: 40, 50: 500, 500: 2000}
"""How many customers walk in cohorts of each size."""
AIMS = {1: "≥ 0.7", 50: "", 500: "≥ 1,500/s and ≥ 75"}
ACTIONS = {1: "", 50: "", 500: "≤ 0.1"}
BILLED = frozenset(
    {
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
        EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
        EventType.EVENT_TYPE_TIMER_STARTED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
    }
)
"""The events of a history that Temporal Cloud counts as actions, as far as our workflows have them."""

WAITING = select(func.count()).select_from(Outbox)
RUNNING = select(func.count()).select_from(Enrollment).where(col(Enrollment.ending).is_(None))
THREE = """
journey: three
trigger: {event: order.paid}
entry: {again: always}
steps:
  - {id: one, send: hello, via: [sms], kind: transactional}
  - wait: {until: {field: trigger.first}}
  - {id: two, send: hello, via: [sms], kind: transactional}
  - wait: {until: {field: trigger.first}}
  - {id: three, send: hello, via: [sms], kind: transactional}
"""


@workflow.defn
class Plain:
    """What one would write by hand for a customer: three sends, one after the other, by the same activity."""

    @workflow.run
    async def run(self, sends: list[Group]) -> None:
        for group in sends:
            await workflow.execute_activity("send", group, start_to_close_timeout=timedelta(minutes=5))


def measure() -> Iterator[tuple[str, ...]]:
    """Rows of the table."""
    yield from asyncio.run(_weigh())
    with stack(THREE) as parts:
        plain = COUNTS[1] / asyncio.run(_walk_plainly(parts, COUNTS[1]))
    for size, count in COUNTS.items():
        with stack(THREE) as parts:
            seconds, events, actions = asyncio.run(_walk(parts, size, count))
        beside, rate = f"a plain workflow per customer: {plain:.0f}/s", count / seconds
        yield f"three sends in cohorts of {size}", f"{rate:.0f} customers/s", beside, f"{rate / plain:.1f}", AIMS[size]
        yield f"history events per customer, cohorts of {size}", f"{events / count:.2f}", "", "", ""
        yield f"Temporal actions per customer, cohorts of {size}", f"{actions / count:.3f}", "", "", ACTIONS[size]


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
    travellers = tuple(
        Traveller(
            enrollment=10**7 + number,
            customer=10**6 + number,
            generation=0,
            outcomes=tuple(Outcome(path=path, result="sent", at=at[number]) for path in paths),
        )
        for number in range(MEMBERS)
    )
    walked = [Walker(plan, traveller).traveller() for traveller in travellers]
    sleeping = tuple(
        traveller.model_copy(update={"due": at[number], "wakes": at[number]}) for number, traveller in enumerate(walked)
    )
    cohort = Cohort(plan_id="p" * 64, version=1, plan=plan, travellers=sleeping)
    (payload,) = await DATA_CONVERTER.encode([cohort])
    begin = time.perf_counter()
    (decoded,) = await DATA_CONVERTER.decode([payload], [Cohort])
    read = time.perf_counter()
    for traveller in decoded.travellers:
        Walker(decoded.plan, traveller)
    restored = time.perf_counter()
    return [
        (f"input of a cohort of {MEMBERS}, {STEPS} steps behind each", f"{len(payload.data) / 1000:.0f} KB", "", "",
         "≤ 512 KB"),
        ("reading it", f"{(read - begin) * 1000:.0f} ms", "Temporal's limit: 2 s", "", ""),
        ("restoring its members", f"{(restored - read) * 1000:.0f} ms", "Temporal's limit: 2 s", "", ""),
    ]  # fmt: skip


def _enter(session: Session, numbers: range, first: datetime) -> None:
    now = datetime.now(UTC)
    events = [
        Incoming(
            "benchmark", str(number), "order.paid", now,
            {"order_id": str(number), "total": 100, "first": first.isoformat()},
            (("phone", f"+86139{number:08}"),),
        )
        for number in numbers
    ]  # fmt: skip
    ingest(session, events, now=now)


def _enter_all(parts: Stack, count: int) -> None:
    first = datetime.now(UTC) - timedelta(days=1)
    for start in range(0, count, 500):
        with parts.db.begin() as session:
            _enter(session, range(start, min(count, start + 500)), first)


async def _walk_plainly(parts: Stack, count: int) -> float:
    """Seconds from the first start to the last message."""
    _enter_all(parts, count)
    with parts.db() as session:
        entered = session.exec(select(Enrollment.id, Enrollment.plan_id)).all()
    client = await Client.connect(parts.temporal, data_converter=DATA_CONVERTER)
    with ThreadPoolExecutor(THREADS) as threads:
        sandboxed = dict.fromkeys(CHANNELS, Sandbox(parts.db, SystemClock()))
        worker = Worker(
            client,
            task_queue="plain",
            workflows=[Plain],
            activities=[JourneyActivities(parts.db, SystemClock(), sandboxed).send],
            activity_executor=threads,
            max_concurrent_activities=THREADS,
            workflow_runner=UnsandboxedWorkflowRunner(),
        )
        async with worker:
            begin = time.perf_counter()
            runs = [
                await client.start_workflow(
                    Plain.run,
                    [
                        Group(plan_id=plan_id, path=path, members=(Member(enrollment=enrollment, generation=0),))
                        for path in ("one", "two", "three")
                    ],
                    id=f"plain/{enrollment}",
                    task_queue="plain",
                    request_eager_start=True,
                )
                for enrollment, plan_id in entered
            ]
            await asyncio.gather(*(run.result() for run in runs))
            return time.perf_counter() - begin


async def _walk(parts: Stack, size: int, count: int) -> tuple[float, int, int]:
    """Seconds from the first start to the last ending, for customers who have entered before; events and actions."""
    _enter_all(parts, count)
    client = await Client.connect(parts.temporal, data_converter=DATA_CONVERTER)
    async with working(client, parts.db, SystemClock(), gathering=Gathering(size, 0, 0, 0)) as relay:
        begin = time.perf_counter()
        runs = []
        while _count(parts, WAITING):
            runs += [name for name in await relay.drain() if name]
        while _count(parts, RUNNING):
            await asyncio.sleep(0.05)
        seconds = time.perf_counter() - begin
    histories = [await client.get_workflow_handle_for(CohortWorkflow.run, name).fetch_history() for name in runs[:20]]
    events = sum(len(history.events) for history in histories) * len(runs) // len(histories)
    billed = sum(event.event_type in BILLED for history in histories for event in history.events)
    return seconds, events, billed * len(runs) // len(histories)


def _count(parts: Stack, query: SelectOfScalar[int]) -> int:
    with parts.db() as session:
        return session.exec(query).one()
