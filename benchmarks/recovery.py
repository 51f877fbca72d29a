"""The day after: how long until Temporal's runs are made anew from Postgres, and until Postgres is restored.

python -m benchmarks.recovery [--runs 100000] [--customers 1000000]
"""

import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from benchmarks.harness.processes import postgres, temporal, until, used, worker
from benchmarks.harness.stack import Stack, store
from benchmarks.people import load
from domain.intake.ingest import Incoming, ingest
from runtime.platform.embedded import temporal_server
from runtime.platform.rebuilding import rebuild_runs

RUNS, COHORT, BATCH = 2_000, 500, 500
CUSTOMERS, EVENTS_EACH = 100_000, 2
PATIENCE = 1800.0
WAITING = """
journey: remind
trigger: {event: cart.updated}
entry: {again: never}
steps:
  - wait: 30d
  - {id: remind, send: hello, via: [sms]}
"""


def measure() -> Iterator[tuple[str, ...]]:
    """Rows of the table."""
    yield from rebuilds(RUNS)
    yield restores(CUSTOMERS)


def rebuilds(runs: int) -> Iterator[tuple[str, ...]]:
    """Runs of one customer, and as many customers in cohorts, of which Temporal knows nothing."""
    for size in (1, COHORT):
        with store(WAITING) as parts:
            _enroll(parts, runs)
            with parts.db.begin() as work:
                work.execute(text("DELETE FROM outbox"))
                if size > 1:
                    work.execute(text("UPDATE enrollments SET cohort_id = id - (id - 1) % :size"), {"size": size})
            with temporal_server() as address:
                yield _rebuilt(replace(parts, temporal=address), runs, size)


def _enroll(parts: Stack, customers: int) -> None:
    now = datetime.now(UTC)
    for start in range(0, customers, BATCH):
        events = [
            Incoming("bench", str(n), "cart.updated", now, {"items": []}, (("phone", f"+86139{n:08}"),))
            for n in range(start, min(start + BATCH, customers))
        ]
        with parts.db.begin() as work:
            ingest(work, events, now=now)


def _rebuilt(parts: Stack, customers: int, size: int) -> tuple[str, ...]:
    began = time.monotonic()
    with parts.db.begin() as work:
        counts = rebuild_runs(work, datetime.now(UTC))
    asked = time.monotonic() - began

    def all_wait() -> bool:
        with parts.engine.connect() as connection:
            return not connection.execute(
                text("SELECT 1 FROM outbox UNION ALL SELECT 1 FROM enrollments WHERE position IS NULL LIMIT 1")
            ).first()

    servers = postgres(parts), temporal(parts)
    before = sum(map(used, servers))
    with worker(parts, AFTERSHOW_COHORT_SIZE="500") as process:
        until(all_wait, PATIENCE, every=0.5)
        spent, processor = time.monotonic() - began, used(process) + sum(map(used, servers)) - before
    runs, each = counts["run"], "alone" if size == 1 else f"in cohorts of {size}"
    return (
        f"recovery: runs made anew, of {customers:,} customers {each}",
        f"{spent:.0f} s for {runs:,} runs ({runs / spent:,.0f}/s, {customers / spent:,.0f} customers/s)",
        f"asked for in {asked:.1f} s; {processor / customers * 1e3:.1f} ms of processor time a customer",
        "",
        "",
    )


def restores(customers: int) -> tuple[str, ...]:
    """A dump and its restore, as `pg_dump` and `pg_restore` on two cores do it."""
    with store() as parts, tempfile.TemporaryDirectory() as scratch:
        load(parts, customers, customers * EVENTS_EACH)
        kept = Path(scratch) / "dump"
        url = parts.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with parts.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            size = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
            connection.execute(text("CREATE DATABASE restored"))
        programs = Path(postgres(parts).exe()).parent
        began = time.monotonic()
        subprocess.run([programs / "pg_dump", "-Fd", "-j2", "-f", kept, url], check=True)
        dumped = time.monotonic()
        to = parts.engine.url.set(drivername="postgresql", database="restored").render_as_string(hide_password=False)
        subprocess.run([programs / "pg_restore", "-j2", "-d", to, kept], check=True)
        restored = time.monotonic()
    return (
        f"recovery: {customers:,} customers with {EVENTS_EACH} events each ({size / 1e9:.1f} GB)",
        f"dumped in {dumped - began:.0f} s, restored in {restored - dumped:.0f} s",
        "",
        "",
        "",
    )


def main() -> None:
    """Print the rows for other numbers."""
    parser = ArgumentParser()
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
    given = parser.parse_args()
    for row in (*rebuilds(given.runs), restores(given.customers)):
        sys.stdout.write(" | ".join(row) + "\n")


if __name__ == "__main__":
    main()
