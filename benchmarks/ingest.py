"""Events a second that the API accepts, beside one bare multi-row insert of the same rows.

The driver and the API are processes of their own; what each takes of the processors is told.
"""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from statistics import median, quantiles
from typing import Any

import httpx
import psutil
from psycopg.types.json import Jsonb
from sqlalchemy import text

from benchmarks.driver import REFUSED, TAKEN, drive, driver
from benchmarks.stack import Stack, store
from runtime.embedded import binary, free_port

BATCH = 500
BATCHES = 12
CONNECTIONS, TOGETHER = 50, 2
SINGLES = 2000
STORM, STORM_BATCH, STORM_TEXT = 60, 100, "x" * 9000
"""Connections, events of a batch and what one says, so that the bodies come to three times what is held of them."""

AIM = 0.3
JOURNEY = """
journey: carts
trigger: {event: cart.updated}
entry: {again: never}
goal: {event: order.paid, within: 2d}
steps: [{wait: 1d}]
"""
numbers = count()


@dataclass(frozen=True)
class Processes:
    """Who takes part, and what they have used of the processors so far, in seconds."""

    api: psutil.Process
    driver: psutil.Process
    postgres: str

    def used(self) -> tuple[float, float, float]:
        servers = [each for each in psutil.process_iter(["ppid", "cmdline"]) if self.postgres in _command(each)]
        theirs = [child for server in servers for child in server.children()]
        return _seconds([self.api]), _seconds([*servers, *theirs]), _seconds([self.driver])


def measure() -> Iterator[tuple[str, ...]]:
    """Rows of the table: events a second."""
    with store(JOURNEY) as parts, api(parts) as (url, process), driver() as driving:
        url = f"{url}/v1/events"
        sender = psutil.Process(driving.submit(os.getpid).result())
        processes = Processes(process, sender, parts.engine.url.query["host"])  # type: ignore[arg-type]

        def post(bodies: Sequence[bytes], connections: int, each: int) -> tuple[float, list[float], str]:
            before = processes.used()
            elapsed, spans = driving.submit(drive, url, parts.key, bodies, connections).result()
            after = processes.used()
            shares = [(late - early) / each / len(bodies) * 1e6 for early, late in zip(before, after, strict=True)]
            return elapsed, spans, "API {:.0f}, Postgres {:.0f}, driver {:.0f} µs of CPU each".format(*shares)

        people = range(BATCH * BATCHES)
        post([_batch("product.viewed", people[:BATCH])], 1, BATCH)
        for name, type in (
            ("new customers, nobody listens", "product.viewed"),
            ("known ones, nobody listens", "product.viewed"),
            ("each enters a journey", "cart.updated"),
            ("each reaches its goal", "order.paid"),
            ("orders that mean nothing", "order.paid"),
        ):
            bare = _bare(parts)
            bodies = [_batch(type, people[start : start + BATCH]) for start in range(0, len(people), BATCH)]
            elapsed, spans, cost = post(bodies, TOGETHER, BATCH)
            ours = len(people) / elapsed
            yield _row(f"events/s in batches of {BATCH}: {name}", ours, bare, spans, cost, f"≥ 10000 or ≥ {AIM}")
        for name, type in (("nobody listens", "product.viewed"), ("each enters a journey", "cart.updated")):
            bare = _bare(parts)
            first = BATCH * BATCHES if type == "cart.updated" else 0
            bodies = [json.dumps(_event(type, first + person)).encode() for person in range(SINGLES)]
            elapsed, spans, cost = post(bodies, CONNECTIONS, 1)
            name = f"events/s alone at {CONNECTIONS} connections: {name}"
            yield _row(name, SINGLES / elapsed, bare, spans, cost, "≥ 1000")
        yield _storm(parts, process, lambda bodies: driving.submit(
            drive, url, parts.key, bodies, STORM, (*TAKEN, *REFUSED)
        ))  # fmt: skip


@contextmanager
def api(parts: Stack) -> Iterator[tuple[str, psutil.Process]]:
    """`aftershow api` on a socket; yields its address and the process."""
    port = free_port()
    address = parts.engine.url.render_as_string(hide_password=False)
    told = {"AFTERSHOW_DATABASE_URL": address, "AFTERSHOW_PORT": str(port), "AFTERSHOW_RATE": "10000000"}
    with subprocess.Popen([binary("aftershow"), "api"], env=os.environ | told, stderr=subprocess.DEVNULL) as process:
        url = f"http://127.0.0.1:{port}"
        while process.poll() is None:
            try:
                httpx.get(f"{url}/healthz").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield url, psutil.Process(process.pid)
        process.terminate()


def _storm(parts: Stack, process: psutil.Process, post: Callable[[Sequence[bytes]], Any]) -> tuple[str, ...]:
    """More than can be held is refused and leaves no trace in memory."""
    made = [[_event("page.left", person) for person in range(STORM_BATCH)] for _ in range(3 * STORM)]
    bodies = [json.dumps([each | {"data": each["data"] | {"text": STORM_TEXT}} for each in batch]) for batch in made]
    before = most = process.memory_info().rss
    sending = post([body.encode() for body in bodies])
    while not sending.done():
        most = max(most, process.memory_info().rss)
        time.sleep(0.05)
    sending.result()
    with parts.engine.connect() as connection:
        taken = connection.execute(text("SELECT count(*) FROM events WHERE type = 'page.left'")).scalar_one()
    refused = len(bodies) - taken // STORM_BATCH
    return (
        f"{len(bodies)} bodies of {len(bodies[0]) / 1e6:.1f} MB at {STORM} connections",
        f"{most / 1e6:,.0f} MB at most, {refused} refused",
        f"before: {before / 1e6:,.0f} MB",
        f"{most / before:.2f}",
        "",
    )


def _command(process: psutil.Process) -> str:
    return " ".join(process.info["cmdline"] or ())


def _seconds(processes: Sequence[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes if process.is_running()]
    return sum(each.user + each.system for each in times)


def _row(name: str, ours: float, bare: float, spans: Sequence[float], cost: str, aim: str) -> tuple[str, ...]:
    p50, p99 = quantiles(spans, n=100)[49], quantiles(spans, n=100)[98]
    measured = f"{ours:,.0f} (p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms; {cost})"
    return name, measured, f"bare INSERT … ON CONFLICT: {bare:,.0f} rows/s", f"{ours / bare:.2f}", aim


def _event(type: str, person: int) -> dict[str, Any]:
    number = next(numbers)
    data: dict[str, Any] = {"customer": {"unionid": f"u{person}", "phone": f"+86138{person:08}"}}
    match type:
        case "order.paid":
            data |= {"order_id": f"o{number}", "total": 8900, "items": [{"sku": "beans", "quantity": 1, "price": 8900}]}
        case "cart.updated":
            data |= {"cart_id": f"k{person}", "total": 8900}
        case _:
            data |= {"sku": "beans", "category": "coffee", "price": 8900}
    time = datetime.now(UTC).isoformat()
    return {"specversion": "1.0", "id": str(number), "source": "benchmark", "type": type, "time": time, "data": data}


def _batch(type: str, people: Sequence[int]) -> bytes:
    return json.dumps([_event(type, person) for person in people]).encode()


def _bare(parts: Stack) -> float:
    """Rows a second of the least that any ingest must do, in transactions of the same size."""
    row = "(%s, %s, %s, %s, %s, %s, %s)"
    statement = (
        "INSERT INTO events (source, event_id, type, time, received_at, customer_id, data) VALUES "
        + ", ".join([row] * BATCH)
        + " ON CONFLICT DO NOTHING"
    )
    spans = []
    connection = parts.engine.raw_connection()
    for _ in range(BATCHES):
        now = datetime.now(UTC)
        values: list[Any] = []
        for person in range(BATCH):
            data = _event("order.paid", person)["data"]
            values += ["bare", str(next(numbers)), "order.paid", now, now, None, Jsonb(data)]
        begin = time.perf_counter()
        connection.cursor().execute(statement, values)
        connection.commit()
        spans.append(time.perf_counter() - begin)
    connection.close()
    return BATCH / median(spans)


if __name__ == "__main__":
    for line in measure():
        print(" | ".join(line))  # noqa: T201
