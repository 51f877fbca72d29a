"""What a worker holds: idle, after many customers have walked through it, and for those who sleep.

python -m benchmarks.memory --walked 20000 [--picture docs/memory.svg]
"""

import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from sqlalchemy import text

from benchmarks.harness.picture import Line, draw
from benchmarks.harness.processes import memory, services, until, worker
from benchmarks.harness.stack import Stack
from domain.intake.ingest import Incoming, ingest

WALKED, ROUNDS, BATCH = 5_000, 5, 500
COHORTS, ALONE = 20, 100
FAR = timedelta(days=30)
PATIENCE = 600.0
SETTLE = 2.0
"""Seconds in which a worker gives back what it no longer needs."""
WALK = """
journey: race
trigger: {event: race.begun}
entry: {again: always}
steps:
  - {id: one, send: hello, via: [sms], kind: transactional}
  - wait: {until: {field: trigger.first}}
  - {id: two, send: hello, via: [sms], kind: transactional}
  - wait: {until: {field: trigger.first}}
  - {id: three, send: hello, via: [sms], kind: transactional}
"""
SLEEP = """
journey: night
trigger: {event: night.begun}
entry: {again: always}
steps:
  - wait: {until: {field: trigger.first}}
  - {id: one, send: hello, via: [sms], kind: transactional}
"""
SLEEP_ALONE = """
journey: shift
trigger: {event: shift.begun}
entry: {again: always, cohort: 1}
steps:
  - wait: {until: {field: trigger.first}}
  - {id: one, send: hello, via: [sms], kind: transactional}
"""
JOURNEYS = WALK, SLEEP, SLEEP_ALONE
MESSAGES = "SELECT count(*) FROM sandbox_messages"
WALKING = "SELECT count(*) FROM enrollments WHERE ending IS NULL AND journey = 'race'"
STIRRING = "SELECT count(*) FROM enrollments WHERE ending IS NULL AND position IS NULL"
OUTBOX = "SELECT count(*) FROM outbox"


@dataclass(frozen=True)
class Held:
    """MB of a worker: idle, and after so many customers have walked (in cohorts of 500); KB more for each cohort of 500
    that sleeps, and for each who sleeps alone."""

    idle: float
    walked: list[tuple[int, float]]
    cohort: float
    alone: float


def measure(walked: int = WALKED, cohorts: int = COHORTS, alone: int = ALONE) -> Iterator[tuple[str, ...]]:
    """Rows of the table."""
    with services(*JOURNEYS) as parts, worker(parts) as process:
        held = hold(parts, process, walked, cohorts, alone)
    (half, middle), (all_, last) = held.walked[len(held.walked) // 2], held.walked[-1]
    yield ("worker, idle", f"{held.idle:.0f} MB", "", "", "")
    yield (
        f"worker, {all_:,} walked",
        f"{last:.0f} MB",
        f"{half:,} walked: {middle:.0f} MB",
        f"{last / middle:.2f}",
        "",
    )
    yield (
        f"worker, for a cohort of {BATCH} that sleeps",
        f"{held.cohort:,.0f} KB",
        f"one alone: {held.alone:,.0f} KB",
        f"{held.cohort / held.alone:.1f}",
        "",
    )


def hold(parts: Stack, process: psutil.Process, walked: int, cohorts: int, alone: int) -> Held:
    """Walk and sleep, and see what the worker holds meanwhile."""
    before = _number(parts, MESSAGES)
    _enter(parts, "race.begun", 1)
    until(lambda: _number(parts, MESSAGES) == before + 3, PATIENCE)
    idle, curve = _settled(process), list[tuple[int, float]]()
    for number in range(1, ROUNDS + 1):
        for _ in range(walked // ROUNDS // BATCH):
            _enter(parts, "race.begun", BATCH)
        _rest(parts)
        curve.append((number * (walked // ROUNDS), _settled(process)))
    sizes = [curve[-1][1]]
    for type, count, batch in (("night.begun", cohorts, BATCH), ("shift.begun", 1, alone)):
        for _ in range(count):
            _enter(parts, type, batch)
        _rest(parts)
        sizes.append(_settled(process))
    return Held(idle, curve, (sizes[1] - sizes[0]) / cohorts * 1000, (sizes[2] - sizes[1]) / alone * 1000)


def _enter(parts: Stack, type: str, count: int) -> None:
    now = datetime.now(UTC)
    first = -timedelta(days=1) if type == "race.begun" else FAR
    begin = _number(parts, "SELECT count(*) FROM events")
    events = [
        Incoming(
            "memory", str(number), type, now,
            {"first": (now + first + timedelta(seconds=number - begin)).isoformat()},
            (("phone", f"+86137{number:08}"),),
        )
        for number in range(begin, begin + count)
    ]  # fmt: skip
    with parts.db.begin() as work:
        ingest(work, events, now=now)


def _rest(parts: Stack) -> None:
    until(lambda: not any(_number(parts, query) for query in (WALKING, STIRRING, OUTBOX)), PATIENCE)


def _settled(process: psutil.Process) -> float:
    time.sleep(SETTLE)
    return memory(process)


def _number(parts: Stack, query: str) -> int:
    with parts.engine.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())


def main() -> None:
    """Print what a worker holds, and draw it if asked to."""
    parser = ArgumentParser()
    parser.add_argument("--walked", type=int, default=WALKED)
    parser.add_argument("--cohorts", type=int, default=COHORTS)
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    with services(*JOURNEYS) as parts, worker(parts) as process:
        held = hold(parts, process, options.walked, options.cohorts, ALONE)
    sys.stdout.write(json.dumps(held.__dict__) + "\n")
    if options.picture:
        points = [("idle", held.idle), *((f"{walked:,}", size) for walked, size in held.walked)]
        draw(options.picture, "MB of a worker, by customers who have walked through it", [Line("worker", points)])


if __name__ == "__main__":
    main()
