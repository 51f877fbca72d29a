"""Events a second that the API accepts, beside one bare multi-row insert of the same rows.

The driver is a process of its own; the API runs in this one, which does nothing else.
"""

import json
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from statistics import median, quantiles
from typing import Any

from psycopg.types.json import Jsonb

from api.limits import Limits
from benchmarks.driver import drive, driver
from benchmarks.stack import Stack, serving, stack
from domain.clock import SystemClock

BATCH = 500
BATCHES = 12
CONNECTIONS = 50
SINGLES = 3000
AIM = 0.3
JOURNEY = """
journey: carts
trigger: {event: cart.updated}
entry: {again: never}
goal: {event: order.paid, within: 2d}
steps: [{wait: 1d}]
"""
numbers = count()


def measure() -> Iterator[tuple[str, ...]]:
    """Rows of the table: events a second."""
    limits = Limits(events_per_second=10_000_000, max_held_bytes=100_000_000)
    with stack(JOURNEY) as parts, serving(parts.db, SystemClock(), limits) as url, driver() as driving:

        def post(bodies: Sequence[bytes], connections: int) -> tuple[float, list[float]]:
            return driving.submit(drive, f"{url}/v1/events", parts.key, bodies, connections).result()

        people = range(BATCH * BATCHES)
        post([_batch("product.viewed", people[:BATCH])], 1)
        for name, type in (
            ("new customers, nobody listens", "product.viewed"),
            ("known ones, nobody listens", "product.viewed"),
            ("each enters a journey", "cart.updated"),
            ("each reaches its goal", "order.paid"),
            ("orders that mean nothing", "order.paid"),
        ):
            bare = _bare(parts)
            bodies = [_batch(type, people[start : start + BATCH]) for start in range(0, len(people), BATCH)]
            _, spans = post(bodies, 1)
            ours = BATCH / median(spans)
            yield _row(f"events/s in batches of {BATCH}: {name}", ours, bare, spans, f"≥ 10000 or ≥ {AIM}")
        for name, type in (("nobody listens", "product.viewed"), ("each enters a journey", "cart.updated")):
            bare = _bare(parts)
            first = BATCH * BATCHES if type == "cart.updated" else 0
            bodies = [json.dumps(_event(type, first + person)).encode() for person in range(SINGLES)]
            elapsed, spans = post(bodies, CONNECTIONS)
            yield _row(f"events/s alone at {CONNECTIONS} connections: {name}", SINGLES / elapsed, bare, spans, "≥ 1000")


def _row(name: str, ours: float, bare: float, spans: Sequence[float], aim: str) -> tuple[str, ...]:
    p50, p99 = quantiles(spans, n=100)[49], quantiles(spans, n=100)[98]
    measured = f"{ours:,.0f} (p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms)"
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
