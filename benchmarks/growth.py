"""Whether ingest and sending stay as fast while events and customers grow: a curve, and a picture of it.

`python -m benchmarks.growth --events 10000000` fills the tables with COPY, step by step, and measures at each.
"""

import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

import psutil
from sqlalchemy import text
from sqlmodel import col, select

from activities.journey import JourneyActivities
from benchmarks.harness.picture import Line, draw
from benchmarks.harness.stack import Stack, store
from domain.channels.delivery import Delivery, Outgoing
from domain.intake.ingest import Incoming, ingest
from domain.journeys.tables import Enrollment
from domain.store.clock import SystemClock
from workflows.plan.commands import Group, Member
from workflows.terms.channels import CHANNELS

BATCH, ROUNDS = 500, 6
SENDS = 50
STEPS = (0, 0.01, 0.1, 1)
CUSTOMERS = 0.1
ENROLLMENTS = 0.05
BLOCK = 50_000
SPAN = timedelta(days=365)
"""The events lie in the last year. Customers, enrollments, messages are a share of them; an enrollment has four entries
in the trail."""

CARTS = """
journey: carts
trigger: {event: cart.updated}
entry: {again: never}
goal: {event: order.paid, within: 2d}
steps: [{wait: 1d}]
"""
THANKS = """
journey: thanks
trigger: {event: order.paid, where: {event: product.viewed, within: 30d, times: {at_least: 0}}}
audience: {all: [{field: customer.orders, at_least: 0}, {not: {tag: staff}}]}
entry: {again: always}
exit: [{event: order.refunded}]
steps: [{id: thank, send: hello, via: [sms]}, {wait: 1d}]
"""
COLUMNS = {
    "customers": "fields, field_times, created_at",
    "identifiers": "kind, value, customer_id",
    "consents": "customer_id, channel, purpose, given, at",
    "events": "source, event_id, type, time, received_at, customer_id, data",
    "orders": "order_id, customer_id, paid_at, total, refunded",
    "enrollments": "journey, plan_id, customer_id, key, slot, exclusive, trigger_id, subject, entered_at, anchor,"
    " generation, claimed, held, outcomes, position, due_at, ending, ended_at",
    "messages": "enrollment_id, customer_id, journey, step, template, kind, channel, recipient, body, status, refused,"
    " counts, day, claimed_at, called_at, written_at, looks",
    "trail": "at, customer_id, journey, enrollment_id, what, value",
}


@dataclass(frozen=True)
class Point:
    """What was measured with so many events stored: microseconds of processor time each, ours and Postgres's together,
    and bytes of all tables. A busy machine changes these least."""

    events: int
    stored: float
    entered: float
    sent: float
    bare: float
    bytes: int


class Takes:
    """A provider that takes every message."""

    account = None
    repeatable = True

    def send_many(self, messages: Sequence[Outgoing]) -> list[Delivery]:
        return [Delivery("sent")] * len(messages)


def measure(events: int = 100_000) -> Iterator[tuple[str, str, str, str, str]]:
    """Rows of the table: what grows, beside the same with nothing stored."""
    points = list(curve(events))
    first, last = points[0], points[-1]
    for name, what in (("stored", "an event stored"), ("entered", "an event that enters"), ("sent", "a message sent")):
        before, after = getattr(first, name), getattr(last, name)
        yield (
            f"{what}, beside {last.events:,} events",
            f"{after:,.0f} µs of CPU",
            f"beside none: {before:,.0f} µs",
            f"{after / before:.2f}",
            "≤ 1.5",
        )


def curve(events: int) -> Iterator[Point]:
    """Fill and measure, step by step."""
    with store(CARTS, THANKS) as parts:
        _fill(parts, _PEOPLE, 0, BATCH * ROUNDS)
        people, filled = BATCH * ROUNDS, 0
        for share in STEPS:
            goal = int(events * share)
            if (more := int(goal * CUSTOMERS)) > people:
                _fill(parts, _PEOPLE, people, more)
                people = more
            if goal > filled:
                _fill(parts, _HISTORY, filled, goal, people)
                filled = goal
            yield _measure(parts, filled, people)


def fill(parts: Stack, events: int, people: int) -> None:
    """Fill the tables as a curve's step does: so many customers, and their history of so many events."""
    _fill(parts, _PEOPLE, 0, people)
    _fill(parts, _HISTORY, 0, events, people)


_LAST = """
SELECT (SELECT max(id) FROM plans WHERE journey = 'thanks'),
    (SELECT coalesce(max(id), 0) FROM events), (SELECT coalesce(max(id), 0) FROM enrollments)
"""


def _fill(parts: Stack, tables: "Tables", first: int, last: int, people: int = 0) -> None:
    """Rows are numbered on from those there are, whose numbers what was measured has used up, too."""
    connection = parts.engine.raw_connection()
    cursor: Any = connection.cursor()
    cursor.execute("SET session_replication_role = replica")  # the references are right by the way they are made
    for table, rows, share in tables:
        cursor.execute(_LAST)
        start, end, base = int(first * share), int(last * share), Base(datetime.now(UTC), people, *cursor.fetchone())
        for block in range(start, end, BLOCK):
            lines = rows(range(block, min(end, block + BLOCK)), base)
            with cursor.copy(f"COPY {table} ({COLUMNS[table]}) FROM STDIN") as copy:
                copy.write("\n".join(lines) + "\n")
            connection.commit()
    cursor.execute("SET session_replication_role = DEFAULT")
    connection.commit()
    connection.close()
    with parts.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as settled:
        settled.execute(text("VACUUM (ANALYZE)"))
        settled.execute(text("CHECKPOINT"))


@dataclass(frozen=True)
class Base:
    """What made rows refer to: so many customers, the plan, and the last rows there were."""

    now: datetime
    people: int
    plan_id: str
    event: int
    enrollment: int


Rows = Callable[[range, Base], list[str]]
Tables = Sequence[tuple[str, Rows, float]]


def _customers(numbers: range, base: Base) -> list[str]:
    return [f'{{"city": "杭州"}}\t{{}}\t{base.now}' for _ in numbers]


def _identifiers(numbers: range, _: Base) -> list[str]:
    return [
        f"{kind}\t{value}{n:08}\t{n + 1}" for n in numbers for kind, value in (("unionid", "u"), ("phone", "+86139"))
    ]


def _consents(numbers: range, base: Base) -> list[str]:
    return [f"{n + 1}\tsms\tmarketing\tt\t{base.now - SPAN}" for n in numbers]


def _events(numbers: range, base: Base) -> list[str]:
    random = Random(numbers.start)
    types = ("product.viewed",) * 7 + ("cart.updated",) * 2 + ("order.paid",)
    lines = []
    for n in numbers:
        at = base.now - SPAN * random.random()
        data = f'{{"sku": "beans", "category": "coffee", "price": 8900, "order_id": "o{n}", "total": 8900}}'
        lines.append(f"filled\t{n}\t{types[n % 10]}\t{at}\t{at}\t{random.randrange(base.people) + 1}\t{data}")
    return lines


def _orders(numbers: range, base: Base) -> list[str]:
    random = Random(numbers.start)
    return [f"o{n}\t{random.randrange(base.people) + 1}\t{base.now - SPAN * random.random()}\t8900\t0" for n in numbers]


def _enrollments(numbers: range, base: Base) -> list[str]:
    """One in a hundred still waits."""
    lines = []
    for n in numbers:
        at, waits = base.now - SPAN * (n % 1000) / 1000, n % 100 == 0
        ending = f"{base.now + SPAN}\t\\N\t\\N" if waits else f"\\N\tfinished\t{at}"
        lines.append(
            f"thanks\t{base.plan_id}\t{n % base.people + 1}\tk{n}\ts{n}\tf\t{base.event}\t{{}}\t{at}\t{at}\t0\tt\tf\t"
            f'[["thank", "sent", "{at}"]]\tthank\t{ending}'
        )
    return lines


def _messages(numbers: range, base: Base) -> list[str]:
    """Of the enrollments that were made just before, whose caps are over."""
    lines = []
    for n in numbers:
        at = base.now - SPAN * (n % 1000) / 1000 - timedelta(days=8)
        enrollment = base.enrollment - (numbers.stop - n) + 1
        lines.append(
            f"{enrollment}\t{n % base.people + 1}\tthanks\tfilled{n}\thello\tmarketing\tsms\t+86139{n:08}\thello\tsent"
            f"\t[]\tt\t{at.date()}\t{at}\t{at}\t{at}\t0"
        )
    return lines


def _trail(numbers: range, base: Base) -> list[str]:
    kinds = ("entered", "sent", "branch", "ended")
    return [f"{base.now - SPAN}\t{n // 4 % base.people + 1}\tthanks\t\\N\t{kinds[n % 4]}\tx" for n in numbers]


_PEOPLE: Tables = (("customers", _customers, 1), ("identifiers", _identifiers, 1), ("consents", _consents, 1))
_HISTORY: Tables = (
    ("events", _events, 1),
    ("orders", _orders, 0.1),
    ("enrollments", _enrollments, ENROLLMENTS),
    ("messages", _messages, ENROLLMENTS),
    ("trail", _trail, ENROLLMENTS * 4),
)


def _measure(parts: Stack, events: int, people: int) -> Point:
    random = Random(events)

    def batch(type: str, name: str, round: int) -> list[Incoming]:
        now = datetime.now(UTC)
        who = random.sample(range(people), BATCH)
        source = f"{events}/{name}/{round}"
        return [
            Incoming("growth", f"{source}/{n}", type, now, {"order_id": f"{source}/{n}", "total": 8900, "sku": "beans"},
                     (("unionid", f"u{n:08}"), ("phone", f"+86139{n:08}")))
            for n in who
        ]  # fmt: skip

    def timed(type: str, name: str) -> float:
        spans = []
        for round in range(-1, ROUNDS):
            events_given = batch(type, name, round)
            began = _used(parts)
            with parts.db.begin() as work:
                ingest(work, events_given, now=datetime.now(UTC))
            spans.append(_used(parts) - began)
        return fmean(spans[1:]) / BATCH * 1e6

    stored = timed("product.viewed", "stored")
    entered = timed("cart.updated", "entered")
    sent = _sent(parts, lambda round: batch("order.paid", "sent", round))
    with parts.engine.connect() as connection:
        size = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
    return Point(events, stored, entered, sent, _bare(parts, events), size)


def _sent(parts: Stack, batch: Callable[[int], list[Incoming]]) -> float:
    """Send to those who just entered, over a channel that costs nothing."""
    activities = JourneyActivities(parts.db, SystemClock(), dict.fromkeys(CHANNELS, Takes()))
    spans = []
    for round in range(-1, ROUNDS):
        with parts.db.begin() as work:
            before = work.execute(text("SELECT coalesce(max(id), 0) FROM enrollments")).scalar_one()
            ingest(work, batch(round), now=datetime.now(UTC))
        with parts.db() as session:
            query = select(Enrollment).where(col(Enrollment.id) > before, Enrollment.journey == "thanks")
            rows = session.exec(query.order_by(col(Enrollment.id))).all()
        members = tuple(Member(enrollment=row.id, generation=row.generation, at=row.anchor) for row in rows[:SENDS])
        group = Group(plan_id=rows[0].plan_id, path="thank", members=members)
        began = _used(parts)
        activities.send(group)
        spans.append((_used(parts) - began) / len(members))
    return fmean(spans[1:]) * 1e6


def _bare(parts: Stack, events: int) -> float:
    """The least: rows that nobody reads, in a table of its own that is as long as it has become."""
    row = "(%s, %s, %s)"
    statement = f"INSERT INTO bare VALUES {', '.join([row] * BATCH)} ON CONFLICT DO NOTHING"
    connection = parts.engine.raw_connection()
    cursor = connection.cursor()
    cursor.execute(
        "CREATE TABLE IF NOT EXISTS bare (source text, name text, at timestamptz, PRIMARY KEY (source, name))"
    )
    spans = []
    for round in range(ROUNDS):
        values = [item for n in range(BATCH) for item in ("bare", f"{events}/{round}/{n}", datetime.now(UTC))]
        began = _used(parts)
        cursor.execute(statement, values)
        connection.commit()
        spans.append(_used(parts) - began)
    connection.close()
    return fmean(spans) / BATCH * 1e6


def _used(parts: Stack) -> float:
    """Seconds of processor time of this process and of the connections to Postgres."""
    with parts.engine.connect() as connection:
        server = psutil.Process(connection.execute(text("SELECT pg_backend_pid()")).scalar_one()).parent()
    times = [item.cpu_times() for item in server.children()] if server else []
    return time.process_time() + sum(entry.user + entry.system for entry in times)


def main() -> None:
    """Print the curve, and draw it if asked to."""
    parser = ArgumentParser()
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    points = []
    for point in curve(options.events):
        points.append(point)
        sys.stdout.write(json.dumps(point.__dict__) + "\n")
        sys.stdout.flush()
    if options.picture:
        lines = [
            Line(name, [(f"{point.events:,}", getattr(point, kind)) for point in points])
            for name, kind in (("a message sent", "sent"), ("an event that enters a journey", "entered"),
                               ("an event that is stored", "stored"), ("a bare row", "bare"))
        ]  # fmt: skip
        draw(options.picture, "µs of processor time each, by the events that are stored", lines)


if __name__ == "__main__":
    main()
