"""Segments: how long ten conditions take over many customers, and what it costs to look at customers again.

python -m benchmarks.people [CUSTOMERS [EVENTS]] makes so many by SQL: 100,000 and 1,000,000 if nothing is said. What
joins, splits and rules of tags cost is in benchmarks/identity.py.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles

from sqlalchemy import text

from benchmarks.harness.processes import postgres, used
from benchmarks.harness.stack import Stack, store
from domain.customers.sums import sum_up_orders
from domain.membership import previewing, sweeping
from domain.published.library import read_library
from domain.published.publishing import publish_document
from workflows.language.policy import read_condition, read_segments
from workflows.language.tags import read_tags

CUSTOMERS, EVENTS = 100_000, 1_000_000
TIMES = 3
SWEPT = 10_000

CONDITIONS = (
    "{event: order.paid, within: 30d}",
    "{not: {event: order.paid, within: 90d}}",
    "{all: [{event: stream.left, where: {field: event.watched_minutes, at_least: 15}, within: 30d,"
    " times: {at_least: 3}}, {not: {event: order.paid, within: 30d}}]}",
    "{all: [{event: order.paid, where: {field: event.items.sku, is: s1}}, {event: product.viewed,"
    " where: {field: event.sku, is: s2}}]}",
    "{field: customer.city, is: 杭州}",
    "{all: [{field: customer.city, is: 杭州}, {field: customer.spent, at_least: 500元}]}",
    "{field: customer.orders, at_least: 3}",
    "{any: [{tag: vip}, {field: customer.level, at_least: 4}]}",
    "{all: [{tag: vip}, {event: product.viewed, within: 7d}, {not: {event: order.paid, within: 7d}}]}",
    "{all: [{field: customer.level, at_least: 2}, {event: product.viewed, within: 60d, times: {at_least: 2}},"
    " {not: {tag: vip}}, {field: customer.orders, at_least: 1}, {field: customer.city, in: [杭州, 上海]}]}",
)
"""Of up to five leaves; the third and fourth are what people asked for first."""

_PEOPLE = """
INSERT INTO customers (created_at, fields, field_times)
SELECT now(), jsonb_build_object('city', (ARRAY['杭州','上海','宁波','苏州'])[1 + i % 4], 'level', i % 6), '{}'
FROM generate_series(1, :customers) AS i;
INSERT INTO customer_tags (customer_id, tag, ruled) SELECT id, 'vip', false FROM customers WHERE id % 10 = 0;
INSERT INTO events (source, event_id, type, time, received_at, customer_id, data)
SELECT 'bench', i::text, (ARRAY['product.viewed','product.viewed','stream.left','order.paid'])[1 + i % 4],
    now() - (:events - i) * interval '180 days' / :events, now(),
    1 + (hashint8(i * 7)::bigint & 2147483647) % :customers,
    CASE i % 4 WHEN 3 THEN jsonb_build_object('order_id', i::text, 'total', 5000 + i % 9000, 'items',
        jsonb_build_array(jsonb_build_object('sku', 's' || i % 50)))
    WHEN 2 THEN jsonb_build_object('stream_id', 'x' || i % 30, 'watched_minutes', i % 60)
    ELSE jsonb_build_object('sku', 's' || i % 50) END
FROM generate_series(1, :events) AS i;
INSERT INTO orders (order_id, customer_id, paid_at, total, refunded)
SELECT data ->> 'order_id', customer_id, time, (data ->> 'total')::bigint, 0 FROM events WHERE type = 'order.paid';
"""
"""Events of half a year, in the order of their times, as they come in; each is of any customer."""

_INDEXES = text("""
SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ('events', 'orders')
AND indexname NOT IN (SELECT conname FROM pg_constraint)
""")


def measure() -> Iterator[tuple[str, ...]]:
    """Rows of the table."""
    yield from segments(CUSTOMERS, EVENTS)


def publish(parts: Stack, tags: str, named: str = "") -> None:
    """Publish tags and segments as they are written."""
    read = read_tags(tags, "_tags.yaml")[0]
    known = (read_segments(named, "_segments.yaml")[0] if named else None) or {}
    if read is None:
        raise ValueError("a benchmark's tags have mistakes")
    with parts.db.begin() as work:
        publish_document(work, "_tags", read.model_dump(mode="json", by_alias=True))
        body = {name: each.model_dump(mode="json", by_alias=True) for name, each in known.items()}
        publish_document(work, "_segments", body)


def load(parts: Stack, customers: int, events: int) -> None:
    """Make so many, the quick way: indexes are built when all is there, and no reference is looked up."""
    with parts.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL maintenance_work_mem = '1GB'"))
        indexes = connection.execute(_INDEXES).all()
        for name, _ in indexes:
            connection.execute(text(f"DROP INDEX {name}"))
        for statement in _PEOPLE.split(";\n"):
            if statement.strip():
                connection.execute(text(statement), {"customers": customers, "events": events})
        sum_up_orders(connection)
        for _, definition in indexes:
            connection.execute(text(definition))
    with parts.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def segments(customers: int, events: int) -> Iterator[tuple[str, ...]]:
    """How long ten conditions take over so many, and what a night's sweep costs."""
    with store() as parts:
        began = time.perf_counter()
        load(parts, customers, events)
        made = f"made in {time.perf_counter() - began:.0f} s"
        yield (f"{customers:,} customers, {events:,} events", made, "", "", "")
        times = [_previewed(parts, written) for written in CONDITIONS for _ in range(TIMES)]
        p50, p95 = median(times), quantiles(times, n=20)[-1]
        yield ("preview of ten conditions, p50, p95", f"{p50:,.0f}, {p95:,.0f} ms", "", "", "p95 < 1,000 ms")
        slowest = max(range(len(CONDITIONS)), key=lambda place: median(times[place * TIMES : (place + 1) * TIMES]))
        yield (
            "the slowest of them",
            f"{median(times[slowest * TIMES :][:TIMES]):,.0f} ms",
            CONDITIONS[slowest],
            "",
            "",
        )
        yield from _sweep(parts)


def _previewed(parts: Stack, written: str) -> float:
    condition = read_condition(f"when: {written}", "when")[0]
    if condition is None:
        raise ValueError(f"a benchmark's condition has mistakes: {written}")
    began = time.perf_counter()
    with parts.db() as session:
        previewing.preview(session, read_library(session), condition, datetime.now(UTC))
    return (time.perf_counter() - began) * 1e3


def _sweep(parts: Stack) -> Iterator[tuple[str, ...]]:
    """So many customers are due at once, by two rules that time changes."""
    publish(
        parts,
        "tags:\n  昨天来过: {when: {event: product.viewed, within: 1d}}\n"
        "  本月下单: {when: {event: order.paid, within: 30d}}",
    )
    now = datetime.now(UTC)
    with parts.engine.begin() as connection:
        statement = "INSERT INTO next_looks SELECT id, now() FROM customers ORDER BY id LIMIT :n"
        connection.execute(text(statement), {"n": SWEPT})
    server = postgres(parts)
    began, processor, theirs = time.perf_counter(), time.process_time(), used(server)
    looked = 1
    while looked:
        with parts.db.begin() as work:
            looked = sweeping.look_again(work, read_library(work), now + timedelta(seconds=1))
    spent, ours = time.perf_counter() - began, time.process_time() - processor
    each = f"{ours / SWEPT * 1e6:,.0f}, {(used(server) - theirs) / SWEPT * 1e6:,.0f} µs of CPU each, ours and Postgres"
    yield (f"{SWEPT:,} customers due for another look", f"{SWEPT / spent:,.0f}/s", each, "", "")


def main(given: Sequence[str]) -> None:
    """Print the rows for other numbers of customers and events."""
    numbers = [int(each) for each in given] or [CUSTOMERS, EVENTS]
    for row in segments(numbers[0], numbers[1] if len(numbers) > 1 else 10 * numbers[0]):
        sys.stdout.write(" | ".join(row) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
