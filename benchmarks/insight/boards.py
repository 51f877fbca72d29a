"""What the boards' tiles cost, counted and as they are told of what is kept, and what an event costs that is noted."""

import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import partial
from statistics import median
from typing import TypeVar

from sqlalchemy import text

from benchmarks.harness.processes import postgres, used
from benchmarks.harness.stack import Stack
from domain.customers.identifiers import identify
from domain.customers.sums import sum_up_orders
from domain.insight import metrics, rollups
from domain.insight.definitions import METRICS
from domain.insight.metrics import Point
from domain.intake.ingest import Incoming, ingest
from domain.published.library import read_library
from domain.store.clock import SystemClock

MONTHS = 13
BATCH, BATCHES, TURNS = 500, 8, 6
T = TypeVar("T")
_SOLD = (
    "SELECT setval(pg_get_serial_sequence(each, 'id'), 100000000) FROM unnest(ARRAY['events', 'customers']) AS each",
    "UPDATE orders SET paid_at = paid_at - interval '1 second' * (customer_id * 7919 % 31536000)"
    " WHERE paid_at > now() - interval '1 day'",
    "UPDATE orders SET stream_id = 'show-' || paid_at::date WHERE right(order_id, 1) IN ('1', '2')",
    "INSERT INTO lots (lot_id, sku, expires_on, on_hand, reserved, quarantined) SELECT 'lot-' || n, 'sku-' || n % 50,"
    " now()::date + n, 0, 0, 0 FROM generate_series(1, 500) AS n",
    "INSERT INTO stock_moves (lot_id, at, quantity, reason, seen) SELECT 'lot-' || customer_id % 500 + 1, paid_at, -1,"
    " 'sold', false FROM orders",
    "INSERT INTO stock_moves (lot_id, at, quantity, reason, seen) SELECT lot_id, now() - interval '2 years', 5000,"
    " 'received', false FROM lots",
    "UPDATE lots SET on_hand = (SELECT sum(quantity) FROM stock_moves WHERE stock_moves.lot_id = lots.lot_id)",
    "INSERT INTO events (source, event_id, type, time, received_at, customer_id, data)"
    " SELECT 'joined', order_id, 'stream.joined', paid_at, paid_at, customer_id, '{\"stream_id\": \"s1\"}' FROM orders",
)


def measure(parts: Stack) -> Iterator[tuple[str, str, str, str, str]]:
    """Rows of the table; the shop is that of the other measures, with shows and stock."""
    with parts.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in _SOLD:
            connection.execute(text(statement))
        sum_up_orders(connection)
    with parts.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as settled:
        settled.execute(text("VACUUM (ANALYZE)"))
    names = [name for name, metric in METRICS.items() if metric.changes]
    now = SystemClock().now()
    counted = {name: _timed(partial(_tile, parts, name, metrics.points, now)) for name in names}
    before, keeping = used(postgres(parts)), time.perf_counter()
    periods = sum(_keep(parts, name, now) for name in names)
    seconds, cpu = time.perf_counter() - keeping, used(postgres(parts)) - before
    told = {name: _timed(partial(_tile, parts, name, rollups.points, now)) for name in names}
    for name in names:
        (live, right), (kept, points) = counted[name], told[name]
        assert points == right, name
        yield f"{name}, by month", f"{1000 * kept:.0f} ms", f"counted: {1000 * live:.0f} ms", f"{kept / live:.3f}", ""
    live, kept = (sorted(found[0] for found in each.values()) for each in (counted, told))
    yield "a tile: median", f"{1000 * median(kept):.0f} ms", f"{1000 * median(live):.0f} ms", "", ""
    yield "a tile: slowest", f"{1000 * kept[-1]:.0f} ms", f"{1000 * live[-1]:.0f} ms", f"{kept[-1] / live[-1]:.3f}", ""
    yield "keeping all of it", f"{seconds:.1f} s", f"{periods:,} periods", f"{cpu:.1f} s of Postgres", ""
    again = sum(_timed(partial(_keep, parts, name, now))[0] for name in names)
    yield "the next night", f"{again:.1f} s", "", "", ""
    yield from _events(parts)


def _tile(parts: Stack, name: str, points: Callable[..., list[Point]], now: datetime) -> list[Point]:
    with parts.db() as session:
        zone = read_library(session).policy_zone
        today = now.astimezone(zone).date()
        months = today.year * 12 + today.month - MONTHS
        since = date(months // 12, months % 12 + 1, 1)
        return points(session, name, since, today + timedelta(days=1), now, zone, by="month")


def _keep(parts: Stack, name: str, now: datetime) -> int:
    with parts.db.begin() as work:
        zone = read_library(work).policy_zone
        return rollups.keep(work, name, now.date() - timedelta(days=400), now, zone)


def _events(parts: Stack) -> Iterator[tuple[str, str, str, str, str]]:
    """Orders of known customers, in batches and alone, with and without the triggers that note them."""
    for size, times in ((BATCH, BATCHES), (1, 25 * BATCHES)):
        spent = {True: 0.0, False: 0.0}
        for turn in range(TURNS):
            noting = turn % 2 == 0
            _note(parts, noting=noting)
            _take(parts, size, f"{size}-{turn}")
            before = used(postgres(parts))
            for number in range(times):
                _take(parts, size, f"{size}-{turn}-{number}")
            spent[noting] += used(postgres(parts)) - before
        _note(parts, noting=True)
        plain, noted = (1e6 * spent[each] / (TURNS // 2 * size * times) for each in (False, True))
        yield f"an order, {size} at once", f"{noted:.0f} µs of Postgres", f"not noted: {plain:.0f} µs", "", ""


def _note(parts: Stack, *, noting: bool) -> None:
    with parts.engine.begin() as connection:
        connection.execute(text("DELETE FROM metric_changes"))
        for table in ("events", "orders", "trail", "enrollments", "attributions"):
            for change in ("insert", "update", "delete"):
                how = "ENABLE" if noting else "DISABLE"
                connection.execute(text(f"ALTER TABLE {table} {how} TRIGGER note_{change}"))


def _take(parts: Stack, size: int, name: str) -> None:
    now = datetime.now(SystemClock().now().tzinfo)
    batch = [
        Incoming(
            "shop", f"{name}-{n}", "order.paid", now, {"order_id": f"{name}-{n}", "total": 900},
            identify(None, {"phone": f"+86139{n:08}"}),
        )
        for n in range(size)
    ]  # fmt: skip
    with parts.db.begin() as work:
        ingest(work, batch, now=now)


def _timed(act: Callable[[], T]) -> tuple[float, T]:
    began = time.perf_counter()
    found = act()
    return time.perf_counter() - began, found
