"""Events a second that the API accepts, beside one bare multi-row insert of the same rows.

The driver and the API are processes of their own; what each takes of the processors is told.
"""

import json
import os
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import psutil
from psycopg.types.json import Jsonb
from sqlalchemy import text

from benchmarks.harness.driver import REFUSED, TAKEN, drive, driver
from benchmarks.harness.picture import Line, draw
from benchmarks.harness.processes import api, postgres, used
from benchmarks.harness.stack import Stack, store

BATCH = 500
BATCHES = 12
CONNECTIONS, TOGETHER = 50, 2
SINGLES = 2000
SIZES = (1, 5, 50, 500)
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


Post = Callable[[Sequence[bytes], int, int], tuple[float, list[float], Sequence[float]]]
"""Bodies, connections, events of a body → seconds for all, for each, and µs of processor time an event: of the API,
Postgres and the driver."""


@dataclass(frozen=True)
class Door:
    """Where events are posted, and by what."""

    parts: Stack
    url: str
    process: psutil.Process
    driving: ProcessPoolExecutor
    post: Post


@contextmanager
def door() -> Iterator[Door]:
    """Postgres, the API and a driver, each a process of its own."""
    with store(JOURNEY) as parts, api(parts) as (url, process), driver() as driving:
        url = f"{url}/v1/events"
        taking_part = process, postgres(parts), psutil.Process(driving.submit(os.getpid).result())

        def post(bodies: Sequence[bytes], connections: int, size: int) -> tuple[float, list[float], Sequence[float]]:
            before = [used(one) for one in taking_part]
            elapsed, spans = driving.submit(drive, url, parts.key, bodies, connections).result()
            after = [used(one) for one in taking_part]
            costs = [(late - early) / size / len(bodies) * 1e6 for early, late in zip(before, after, strict=True)]
            return elapsed, spans, costs

        post([_batch("product.viewed", range(BATCH))], 1, BATCH)
        yield Door(parts, url, process, driving, post)


def measure() -> Iterator[tuple[str, ...]]:
    """Rows of the table: events a second."""
    with door() as posting:
        parts, post, people = posting.parts, posting.post, range(BATCH * BATCHES)
        for name, type in (
            ("new customers, nobody listens", "product.viewed"),
            ("known ones, nobody listens", "product.viewed"),
            ("each enters a journey", "cart.updated"),
            ("each reaches its goal", "order.paid"),
            ("orders that mean nothing", "order.paid"),
        ):
            bare = _bare(parts)
            bodies = [_batch(type, people[start : start + BATCH]) for start in range(0, len(people), BATCH)]
            elapsed, spans, costs = post(bodies, TOGETHER, BATCH)
            rate = len(people) / elapsed
            yield _row(f"events/s in batches of {BATCH}: {name}", rate, bare, spans, costs, f"≥ 10000 or ≥ {AIM}")
        for name, type in (("nobody listens", "product.viewed"), ("each enters a journey", "cart.updated")):
            bare = _bare(parts)
            first = BATCH * BATCHES if type == "cart.updated" else 0
            bodies = [json.dumps(_event(type, first + person)).encode() for person in range(SINGLES)]
            elapsed, spans, costs = post(bodies, CONNECTIONS, 1)
            name = f"events/s alone at {CONNECTIONS} connections: {name}"
            yield _row(name, SINGLES / elapsed, bare, spans, costs, "≥ 1000")
        yield _storm(posting)


def curve() -> Iterator[tuple[int, float, float]]:
    """Events of a batch, and µs of processor time that one costs API and Postgres: stored only, and entering."""
    with door() as posting:
        first = 0
        for size in SIZES:
            costs = []
            for type in ("product.viewed", "cart.updated"):
                people = range(first, first + max(BATCH, size * BATCHES))
                bodies = [_batch(type, people[start : start + size]) for start in range(0, len(people), size)]
                costs.append(sum(posting.post(bodies, TOGETHER, size)[2][:2]))
            first = people.stop
            yield size, costs[0], costs[1]


def _storm(posting: Door) -> tuple[str, ...]:
    """More than can be held is refused and leaves no trace in memory."""
    parts, process = posting.parts, posting.process
    batches = [[_event("page.left", person) for person in range(STORM_BATCH)] for _ in range(3 * STORM)]
    bodies = [json.dumps([item | {"data": item["data"] | {"text": STORM_TEXT}} for item in batch]) for batch in batches]
    before = most = process.memory_info().rss
    encoded = [body.encode() for body in bodies]
    sending = posting.driving.submit(drive, posting.url, parts.key, encoded, STORM, (*TAKEN, *REFUSED))
    while not sending.done():
        most = max(most, process.memory_info().rss)
        time.sleep(0.05)
    sending.result()
    with parts.engine.connect() as connection:
        stored = connection.execute(text("SELECT count(*) FROM events WHERE type = 'page.left'")).scalar_one()
    refused = len(bodies) - stored // STORM_BATCH
    return (
        f"{len(bodies)} bodies of {len(bodies[0]) / 1e6:.1f} MB at {STORM} connections",
        f"{most / 1e6:,.0f} MB at most, {refused} refused",
        f"before: {before / 1e6:,.0f} MB",
        f"{most / before:.2f}",
        "",
    )


def _row(
    name: str, ours: float, bare: float, spans: Sequence[float], costs: Sequence[float], aim: str
) -> tuple[str, ...]:
    p50, p99 = quantiles(spans, n=100)[49], quantiles(spans, n=100)[98]
    cost = "API {:.0f}, Postgres {:.0f}, driver {:.0f} µs of CPU each".format(*costs)
    measured = f"{ours:,.0f} (p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms; {cost})"
    return name, measured, f"bare INSERT … ON CONFLICT: {bare:,.0f} rows/s", f"{ours / bare:.2f}", aim


def _event(type: str, person: int) -> dict[str, Any]:
    number = next(numbers)
    data: dict[str, Any] = {"customer": {"unionid": f"u{person}", "phone": f"+86139{person:08}"}}
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


def main() -> None:
    """Print the curve over sizes of a batch, and draw it if asked to."""
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
            Line(name, [(f"{point[0]}", point[place]) for point in points])
            for name, place in (("one that enters a journey", 2), ("one that is only stored", 1))
        ]
        draw(options.picture, "µs of processor time an event, by the events of a batch", lines, log=True)


if __name__ == "__main__":
    main()
