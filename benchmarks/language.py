"""What the language costs: checking many journeys with their texts, a measure asked of a cohort, a show that is moved.

`python -m benchmarks.language` runs it by itself.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import event, text
from sqlmodel import col, func, select

from benchmarks.harness.processes import postgres, used
from benchmarks.harness.stack import Stack, store
from domain.conditions.facts import BatchFacts, CustomerFacts, Moment
from domain.customers.tables import Customer
from domain.intake.ingest import Incoming, ingest
from domain.intake.schedules import FIRST, fan_out_page
from domain.journeys.tables import Enrollment
from domain.published.library import read_library
from domain.published.publishing import publish_document
from domain.store.tables import Outbox
from runtime.authoring.check import check
from workflows.language.policy import read_segments

JOURNEYS, COHORT, EVENTS, WAITING = 200, 500, 1_000_000, 100_000
OURS = Path(__file__).parents[1]
SEGMENT = "{measure: {sum: event.watched_minutes, of: stream.left, within: 3 shows}, above: 15}"
SHOWS = """
journey: shows
trigger: {event: stream.scheduled, for_each: "segment:all"}
entry: {again: never}
steps:
  - wait: {until: {field: stream.starts_at, minus: 30m}}
  - {id: remind, send: hello, via: [sms]}
"""
PEOPLE = """
INSERT INTO customers (fields, field_times, created_at) SELECT '{}', '{}', now() FROM generate_series(1, :people)
"""
WATCHED = """
INSERT INTO events (source, event_id, type, time, received_at, customer_id, data)
SELECT 'bench', n, 'stream.left', t, t, 1 + n % :people,
    jsonb_build_object('stream_id', 's' || n % 50, 'watched_minutes', n % 40)
FROM generate_series(1, :events) AS n, LATERAL (SELECT now() - n % 90 * interval '1 day' AS t) AS at
"""
STREAMS = """
INSERT INTO streams (stream_id, starts_at)
SELECT 's' || n, now() - n * interval '2 days' FROM generate_series(0, 49) AS n
"""


def measure(journeys: int = JOURNEYS, events: int = EVENTS, waiting: int = WAITING) -> Iterator[tuple[str, ...]]:
    """Rows of the table."""
    with tempfile.TemporaryDirectory() as scratch:
        specs, templates = _copies(Path(scratch), journeys)
        check([specs], templates)  # templates and grammar are compiled once in a process
        began = time.process_time()
        report = check([specs], templates)
        took = time.process_time() - began
    if not report.ok:
        raise ValueError(str(report))
    yield f"check of {len(report.plans)} journeys, {len(report.texts)} texts", f"{took:.2f} s of CPU", "", "", "< 1.5 s"
    with store(SHOWS) as parts:
        yield _measure_leaf(parts, events)
    with store(SHOWS) as parts:
        yield from _moved_show(parts, waiting)


def _copies(scratch: Path, journeys: int) -> tuple[Path, Path]:
    """So many journeys: ours again and again under other names, each with texts of its own."""
    specs, templates = scratch / "specs", scratch / "messages"
    specs.mkdir()
    for shared in (OURS / "journey_specs").glob("_*.yaml"):
        shutil.copy(shared, specs)
    ours = sorted((OURS / "journey_specs").glob("[a-z]*.yaml"))
    names = sorted(folder.name for folder in (OURS / "templates" / "messages").iterdir() if folder.is_dir())
    for number in range(journeys):
        spec, suffix = ours[number % len(ours)], f"_{number}"
        body = spec.read_text("utf-8").replace(f"journey: {spec.stem}", f"journey: {spec.stem}{suffix}")
        for name in names:
            if f"send: {name}," in body or f"send: {name} " in body:
                shutil.copytree(OURS / "templates" / "messages" / name, templates / f"{name}{suffix}")
                body = body.replace(f"send: {name},", f"send: {name}{suffix},").replace(
                    f"send: {name} ", f"send: {name}{suffix} "
                )
        (specs / f"{spec.stem}{suffix}.yaml").write_text(body, "utf-8")
    return specs, templates


@contextmanager
def _statements(parts: Stack) -> Iterator[list[str]]:
    """What the database is asked meanwhile."""
    told: list[str] = []

    def tell(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        told.append(statement)

    event.listen(parts.engine, "before_cursor_execute", tell)
    yield told
    event.remove(parts.engine, "before_cursor_execute", tell)


def _measure_leaf(parts: Stack, events: int) -> tuple[str, ...]:
    condition = (read_segments(f"watched: {SEGMENT}", "_segments.yaml")[0] or {})["watched"]
    now = datetime.now(UTC)
    with parts.engine.begin() as connection:
        connection.execute(text(PEOPLE), {"people": events // 20})
        connection.execute(text(WATCHED), {"people": events // 20, "events": events})
        connection.execute(text(STREAMS))
    with parts.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as settled:
        settled.execute(text("VACUUM (ANALYZE)"))
    with parts.db() as session:
        library = read_library(session)
        cohort = session.exec(select(Customer).order_by(col(Customer.id)).limit(COHORT)).all()
        spans = []
        for _ in range(5):
            with _statements(parts) as told:
                began = time.perf_counter()
                batch = BatchFacts(session, {customer.id: Moment(now) for customer in cohort})
                facts = [CustomerFacts(session, library, customer, now, batch=batch) for customer in cohort]
                watched = sum(each.holds(condition).holds for each in facts)
                spans.append(time.perf_counter() - began)
    if not 0 < watched < COHORT:
        raise ValueError(f"the measure tells nobody from anybody: {watched} of {COHORT}")
    return (
        f"a measure of {COHORT} customers, beside {events:,} events",
        f"{min(spans) * 1000:.0f} ms, {len(told)} statements", "", "", "≤ 2 statements",
    )  # fmt: skip


def _moved_show(parts: Stack, waiting: int) -> Iterator[tuple[str, ...]]:
    now = datetime.now(UTC)
    with parts.db.begin() as work:
        publish_document(work, "_segments", {"all": {"field": "customer.orders", "at_least": 0}})
        work.execute(text(PEOPLE), {"people": waiting})
    _pages(parts, _plan_show(parts, now, 1, now + timedelta(days=2)), "")
    with parts.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as settled:
        settled.execute(text("DELETE FROM outbox"))
        settled.execute(text("VACUUM (ANALYZE)"))
    starts_at = now + timedelta(days=1)
    moved, server = _plan_show(parts, now, 2, starts_at), postgres(parts)
    ours, theirs = time.process_time(), used(server)
    with _statements(parts) as told:
        spans = _pages(parts, moved, "exits")
    ours, theirs = time.process_time() - ours, used(server) - theirs
    due = starts_at - timedelta(minutes=30)
    with parts.db() as session:
        followed = session.exec(select(func.count()).select_from(Enrollment).where(Enrollment.due_at == due)).one()
        woken = session.exec(select(func.count()).select_from(Outbox)).one()
    if followed != waiting or not woken:
        raise ValueError(f"{followed} of {waiting} follow")
    spans.sort()
    p99 = spans[int(len(spans) * 0.99)]
    yield (
        f"a show moved, {waiting:,} wait for it", f"{sum(spans):.1f} s, {len(spans)} pages of 500",
        f"the last 1 % have moved after {sum(spans) * 0.99:.1f} s", "", "",
    )  # fmt: skip
    yield (
        "of it, a page", f"p99 {p99 * 1000:.0f} ms, {len(told) / len(spans):.1f} statements",
        f"a customer: {ours / waiting * 1e6:.0f} µs of CPU, Postgres {theirs / waiting * 1e6:.0f}", "", "",
    )  # fmt: skip


def _plan_show(parts: Stack, now: datetime, number: int, starts_at: datetime) -> int:
    """Schedule the show, and return the number of the event."""
    data = {"stream_id": "show", "starts_at": starts_at.isoformat()}
    with parts.db.begin() as work:
        ingest(work, [Incoming("bench", f"show/{number}", "stream.scheduled", now, data)], now=now)
    with parts.db() as session:
        return int(session.execute(text("SELECT max(id) FROM events")).scalar_one())


def _pages(parts: Stack, event_id: int, phase: str) -> list[float]:
    """Take the event through its pages, as long as they are of the phase; the seconds that each took."""
    spans: list[float] = []
    cursor: str | None = FIRST
    while cursor is not None and cursor.startswith(phase):
        began = time.perf_counter()
        with parts.db.begin() as work:
            cursor = fan_out_page(work, event_id, "shows", cursor, datetime.now(UTC))
        spans.append(time.perf_counter() - began)
    return spans


if __name__ == "__main__":
    from rich.console import Console

    for row in measure():
        Console().print(*row, sep="  ")
