"""What customers cost who wait, and how late their messages are when many are due at once.

    python -m benchmarks.sleepers --sleepers 100000 --due 10000 [--picture docs/sleepers.svg]

All enter, in cohorts, and sleep. Then so many are due in a row, each at another instant: those of some cohorts first,
then as many out of all the others. Meanwhile orders come in, whose messages are transactional.
"""

import asyncio
import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, count
from pathlib import Path

import psutil
from sqlalchemy import text
from sqlmodel import select
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from benchmarks.harness.picture import Line, draw
from benchmarks.harness.processes import memory, percentiles, postgres, services, temporal, until, used, worker
from benchmarks.harness.stack import Stack
from domain.channels.tables import SandboxMessage
from domain.intake.ingest import Incoming, ingest
from domain.journeys.tables import Enrollment
from runtime.platform.temporal import DATA_CONVERTER

SLEEPERS, DUE, PER_SECOND = 10_000, 2_000, 10_000 / 60
BATCH, FIRST = 500, 2_000
WINDOW, MARGIN = 10.0, 8.0
"""Seconds for which all are watched asleep, and those before the first is due."""
EVERY = 0.5
"""Seconds from one order to the next."""
PLAIN = 300
PATIENCE = 600.0
FAR = timedelta(days=30)
SHARES = (0.01, 0.1, 1)
REMIND = """
journey: remind
trigger: {event: cart.updated}
entry: {again: never}
steps:
  - wait: {until: {field: trigger.remind_at}}
  - {id: remind, send: hello, via: [sms]}
"""
THANKS = """
journey: thanks
trigger: {event: order.paid}
entry: {again: always}
steps: [{id: thank, send: hello, via: [sms], kind: transactional}]
"""
AGREED = """
INSERT INTO consents (customer_id, channel, purpose, given, at)
SELECT id, 'sms', 'marketing', true, now() FROM customers
"""
STIRRING = """
SELECT (SELECT count(*) FROM outbox) + (
    SELECT count(*) FROM enrollments WHERE journey = 'remind' AND position IS NULL AND ending IS NULL
)
"""
numbers = count()


@dataclass(frozen=True)
class Lateness:
    """Of a row of dues: seconds from due to the message; by how much one that is due later went before (p99); and what
    they took of the processors, in µs a message."""

    p50: float
    p99: float
    last: float
    overtaken: float
    worker: float
    postgres: float
    temporal: float


@dataclass(frozen=True)
class Rest:
    """What all take while nothing happens: seconds of processor time an hour, and MB."""

    worker: float
    postgres: float
    temporal: float
    worker_memory: float
    temporal_memory: float

    @property
    def seconds(self) -> float:
        return self.worker + self.postgres + self.temporal


@dataclass(frozen=True)
class Night:
    """What was measured: nobody asleep, and all, with bytes of history each; dues in cohorts of their own, and out of
    all cohorts; beside a workflow for each. Of orders, seconds to the message (p50, p99), before and
    meanwhile.
    """

    sleepers: int
    due: int
    nobody: Rest
    asleep: Rest
    history: float
    history_plain: float
    own: Lateness
    scattered: Lateness
    plain: tuple[float, float]
    quiet: tuple[float, float]
    meanwhile: tuple[float, float]


@activity.defn
async def late(due: float) -> float:
    """Seconds since the due."""
    return time.time() - due


@workflow.defn
class Sleeper:
    """What one would write by hand for a customer."""

    @workflow.run
    async def run(self, due: float) -> float:
        await workflow.sleep(max(0.0, due - workflow.now().timestamp()))
        return await workflow.execute_activity(late, due, start_to_close_timeout=timedelta(minutes=1))


def measure(sleepers: int = SLEEPERS, due: int = DUE, window: float = WINDOW) -> Iterator[tuple[str, ...]]:
    """Rows of the table."""
    with bedroom() as (parts, working):
        night = spend(parts, working, sleepers, due, window)
    asleep, awake, plain = night.asleep, night.nobody, night.plain
    yield (
        f"{sleepers:,} asleep: processor time of all an hour",
        f"{asleep.seconds:.0f} s",
        f"nobody asleep: {awake.seconds:.0f} s",
        f"{asleep.seconds / awake.seconds:.2f}",
        "",
    )
    yield (
        "their history, each",
        f"{night.history:,.0f} bytes",
        f"a workflow for each: {night.history_plain:,.0f} bytes",
        f"{night.history / night.history_plain:.3f}",
        "",
    )
    for name, lateness in (("in cohorts of their own", night.own), (f"out of {sleepers:,}", night.scattered)):
        yield (
            f"{due:,} due, {PER_SECOND:.0f}/s, {name}: late by",
            f"p50 {lateness.p50:.1f}, p99 {lateness.p99:.1f}, last {lateness.last:.1f} s",
            f"a workflow for each: p50 {plain[0]:.1f}, p99 {plain[1]:.1f} s",
            f"{lateness.p99 / plain[1]:.2f}",
            "≤ 15 s",
        )
        yield "of those, one due later went before by", f"p99 {lateness.overtaken:.1f} s", "", "", ""
    yield (
        "order → transactional message meanwhile",
        f"p50 {night.meanwhile[0] * 1000:.0f}, p99 {night.meanwhile[1] * 1000:.0f} ms",
        f"in the quiet: p50 {night.quiet[0] * 1000:.0f}, p99 {night.quiet[1] * 1000:.0f} ms",
        f"{night.meanwhile[1] / night.quiet[1]:.1f}",
        "",
    )


@contextmanager
def bedroom() -> Iterator[tuple[Stack, psutil.Process]]:
    """A shop whose worker is a process of its own."""
    with services(REMIND, THANKS) as parts, worker(parts) as working:
        yield parts, working


def spend(parts: Stack, working: psutil.Process, sleepers: int, due: int, window: float = WINDOW) -> Night:
    """Load, watch all sleep, and wake them. Raises TimeoutError if the machine is too slow for that."""
    there = _sent(parts)
    _order(parts)
    until(lambda: _sent(parts) > there, PATIENCE)
    nobody = _watch(parts, working, window)
    dues = _load(parts, sleepers, due, window)
    asleep = _watch(parts, working, window)
    history = asyncio.run(_history(parts)) / sleepers
    ordered = sorted(dues, key=lambda phone: dues[phone])
    lateness = list[Lateness]()
    quiet, meanwhile = dict[str, float](), dict[str, float]()
    for row in (ordered[:due], ordered[due:]):
        if time.time() > dues[row[0]]:
            raise TimeoutError("the first are due before all sleep")
        before, sent = _order_until(parts, dues[row[0]]), _sent(parts)
        took = _took(parts, working)
        during = _order_until(parts, dues[row[-1]])
        goal = sent + len(row) + len(during)
        until(lambda goal=goal: _sent(parts) >= goal, PATIENCE)  # type: ignore[misc]
        spans = [(late - early) / due * 1e6 for early, late in zip(took, _took(parts, working), strict=True)]
        lateness.append(_lateness(dues, row, _went(parts), spans))
        quiet, meanwhile = quiet | before, meanwhile | during
    went = _went(parts)
    plain, history_plain = asyncio.run(_plainly(parts, min(PLAIN, due)))
    orders = [percentiles([went[phone] - at for phone, at in item.items()]) for item in (quiet, meanwhile)]
    return Night(sleepers, due, nobody, asleep, history, history_plain, lateness[0], lateness[1], plain, *orders)


def _load(parts: Stack, sleepers: int, due: int, window: float) -> dict[str, float]:
    """Let all enter, and come back when all sleep. Returns when who is due, by phone.

    Those who enter first show how long the others take, and so when all will sleep.
    """
    trial, began = min(FIRST, sleepers // 4), time.time()
    far = began + FAR.total_seconds()
    _fall_asleep(parts, [(_phone(number), far) for number in range(trial)])
    pace, rest = (time.time() - began) / trial, sleepers - due - trial
    start = time.time() + 1.5 * pace * (sleepers - trial) + window + MARGIN
    second = start + 2 * due / PER_SECOND + MARGIN
    dues = {_phone(trial + number): start + number / PER_SECOND for number in range(due)}
    dues |= {_phone(trial + due + number * rest // due): second + number / PER_SECOND for number in range(due)}
    everybody = [(phone, dues.get(phone, far)) for phone in map(_phone, range(trial, sleepers))]
    _fall_asleep(parts, everybody)
    with parts.engine.begin() as connection:
        connection.execute(text(AGREED))
    with parts.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as settled:
        settled.execute(text("VACUUM (ANALYZE)"))
    return dues


def _phone(number: int) -> str:
    return f"+86139{number:08}"


def _fall_asleep(parts: Stack, who: Sequence[tuple[str, float]]) -> None:
    for block in range(0, len(who), BATCH):
        _enter(parts, who[block : block + BATCH])
    until(lambda: not _number(parts, STIRRING), PATIENCE)


def _enter(parts: Stack, who: Sequence[tuple[str, float]]) -> None:
    now = datetime.now(UTC)
    events = [
        Incoming(
            "benchmark", f"cart/{phone}", "cart.updated", now,
            {"cart_id": phone, "total": 8900, "remind_at": datetime.fromtimestamp(due, UTC).isoformat()},
            (("phone", phone),),
        )
        for phone, due in who
    ]  # fmt: skip
    with parts.db.begin() as work:
        ingest(work, events, now=now)


def _order(parts: Stack) -> tuple[str, float]:
    """Somebody pays. Returns the phone, and when that was accepted."""
    phone, now = f"+86139{next(numbers):08}", datetime.now(UTC)
    event = Incoming(
        "benchmark", f"order/{phone}", "order.paid", now, {"order_id": phone, "total": 8900}, (("phone", phone),)
    )
    with parts.db.begin() as work:
        ingest(work, [event], now=now)
    return phone, time.time()


def _order_until(parts: Stack, end: float) -> dict[str, float]:
    """Orders at a steady pace, one at least; when each was accepted, by phone."""
    accepted = dict([_order(parts)])
    while (left := end - time.time()) > 0:
        time.sleep(min(EVERY, left))
        if left > EVERY:
            accepted.update([_order(parts)])
    return accepted


def _took(parts: Stack, working: psutil.Process) -> Sequence[float]:
    return used(working), used(postgres(parts)), used(temporal(parts))


def _watch(parts: Stack, working: psutil.Process, window: float) -> Rest:
    before = _took(parts, working)
    time.sleep(window)
    hours = window / 3600
    spans = [(late - early) / hours for early, late in zip(before, _took(parts, working), strict=True)]
    return Rest(*spans, memory(working), memory(temporal(parts)))


def _lateness(
    dues: Mapping[str, float], row: Sequence[str], went: Mapping[str, float], spans: Sequence[float]
) -> Lateness:
    late = [went[phone] - dues[phone] for phone in row]
    in_order = [dues[phone] for phone in sorted(row, key=lambda phone: went[phone])]
    overtaken = [latest - due for latest, due in zip(accumulate(in_order, max), in_order, strict=True)]
    return Lateness(*percentiles(late), max(late), percentiles(overtaken)[1], *spans)


def _number(parts: Stack, query: str) -> int:
    with parts.engine.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())


def _sent(parts: Stack) -> int:
    return _number(parts, "SELECT count(*) FROM sandbox_messages")


def _went(parts: Stack) -> dict[str, float]:
    with parts.db() as session:
        rows = session.exec(select(SandboxMessage.recipient, SandboxMessage.at))
        return {recipient: at.timestamp() for recipient, at in rows}


async def _history(parts: Stack) -> float:
    """Bytes of all runs, as some of them are."""
    client = await Client.connect(parts.temporal, data_converter=DATA_CONVERTER)
    with parts.db() as session:
        runs = {row.run for row in session.exec(select(Enrollment).where(Enrollment.journey == "remind"))}
    some = sorted(runs)[:: max(1, len(runs) // 20)]
    sizes = [await _bytes(client, f"remind/{run}") for run in some]
    return sum(sizes) * len(runs) / len(sizes)


async def _bytes(client: Client, run: str) -> int:
    described = await client.get_workflow_handle(run).describe()
    return described.raw_description.workflow_execution_info.history_size_bytes


async def _plainly(parts: Stack, count: int) -> tuple[tuple[float, float], float]:
    """Lateness of a workflow for each sleeper, due at the same pace, and the bytes of one that sleeps."""
    client = await Client.connect(parts.temporal)
    runner = UnsandboxedWorkflowRunner()
    async with Worker(client, task_queue="plain", workflows=[Sleeper], activities=[late], workflow_runner=runner):
        start = time.time() + count / 30 + 2
        runs = [
            await client.start_workflow(
                Sleeper.run, start + number / PER_SECOND, id=f"sleeper/{number}", task_queue="plain"
            )
            for number in range(count)
        ]
        await asyncio.sleep(max(0, start - 1 - time.time()))
        size = await _bytes(client, runs[0].id)
        spans = await asyncio.gather(*(run.result() for run in runs))
    return percentiles(spans), size


def main() -> None:
    """Print what was measured, and draw how it grows if asked to."""
    parser = ArgumentParser()
    parser.add_argument("--sleepers", type=int, default=SLEEPERS)
    parser.add_argument("--due", type=int, default=DUE)
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    nights = []
    for share in SHARES if options.picture else SHARES[-1:]:
        with bedroom() as (parts, working):
            night = spend(parts, working, int(options.sleepers * share), int(options.due * share))
        nights.append(night)
        sys.stdout.write(json.dumps(asdict(night)) + "\n")
        sys.stdout.flush()
    if options.picture:
        lines = [
            Line(name, [(f"{night.sleepers:,}", find(night)) for night in nights])
            for name, find in (
                ("due out of all cohorts", lambda night: night.scattered.p99),
                ("due in their own", lambda night: night.own.p99),
                ("an order meanwhile", lambda night: night.meanwhile[1]),
            )
        ]
        draw(options.picture, "seconds late (p99) by sleepers, of whom a tenth is due, 167 a second", lines)


if __name__ == "__main__":
    main()
