"""What it costs to know what journeys brought: the page of a large journey, the work of a night, a fit of everybody.

`python -m benchmarks.insight --customers 1000000` has as many customers, each of whom entered the journey once, 1.2
messages and 2.4 orders of the year before: 40 in 100 ordered once, the others again, as BG/NBD would have it.
"""

import resource
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from functools import partial
from statistics import quantiles
from typing import TypeVar

import httpx
from sqlalchemy import text

from benchmarks.harness.stack import Stack, serving, store
from benchmarks.insight import boards
from domain.access.keys import create_key
from domain.insight import units
from domain.insight.attribution import attribute_again
from domain.insight.forecasts import fit, write_page
from domain.insight.results import experiment, results
from domain.published.library import read_library
from domain.store.clock import SystemClock

VISITS = """
journey: visits
trigger: {event: form.filled}
entry: {again: never}
goal: {event: order.paid, within: 3d}
policy: {holdout: 10%}
steps:
  - id: offer
    split:
      - {variant: control, weight: 50, steps: []}
      - {variant: ten, weight: 50, steps: [{id: gift, send: gift, via: [sms]}]}
"""
LOOKS = 40
T = TypeVar("T")

_FILL = (
    "SET session_replication_role = replica",
    "INSERT INTO customers (id, fields, field_times, created_at) SELECT n, '{}', '{}', now() - interval '400 days'"
    " FROM generate_series(CAST(1 AS bigint), :n) AS n",
    """INSERT INTO events (id, source, event_id, type, time, received_at, customer_id, data)
    SELECT n, 'filled', n::text, 'form.filled', at, at, n, '{}'
    FROM generate_series(CAST(1 AS bigint), :n) AS n,
        LATERAL (SELECT now() - interval '1 second' * (n * 26009 % 31536000) AS at) AS t""",
    """INSERT INTO enrollments (id, journey, plan_id, customer_id, key, slot, exclusive, trigger_id, subject,
        entered_at, anchor, generation, claimed, held, outcomes, goal_until, ending, ended_at)
    SELECT id, 'visits', (SELECT max(id) FROM plans), id, id::text, 'once', false, id, '{}', time, time, 0, true, false,
        '[]', time + interval '3 days', CASE WHEN id * 7919 % 100 < 12 THEN 'goal' ELSE 'finished' END, time
    FROM events""",
    """INSERT INTO trail (at, customer_id, journey, enrollment_id, what, value, reason)
    SELECT time, id, 'visits', id, 'entered', 'form.filled', CASE WHEN id % 10 = 0 THEN 'journey_holdout' END
    FROM events""",
    """INSERT INTO trail (at, customer_id, journey, enrollment_id, what, value, step)
    SELECT time, id, 'visits', id, 'variant', CASE WHEN id % 2 = 0 THEN 'control' ELSE 'ten' END, 'offer'
    FROM events WHERE id % 10 <> 0""",
    """INSERT INTO messages (enrollment_id, customer_id, journey, step, template, kind, channel, recipient, body,
        status, refused, counts, day, claimed_at, called_at, written_at, looks)
    SELECT id, id, 'visits', 'offer.ten.gift', 'gift', 'marketing', 'sms', '+86139' || id, 'gift', 'sent', '[]', true,
        time::date, time, time, time, 0 FROM events WHERE id % 2 = 1""",
    """INSERT INTO orders (order_id, customer_id, paid_at, total, refunded)
    SELECT n || '-' || place, n, least(first + interval '1 second' * place * (100000 + n * 613 % 3000000), now()),
        1000 + (n * 31 + place * 977) % 20000, CASE WHEN n % 50 = 0 THEN 500 ELSE 0 END
    FROM generate_series(CAST(1 AS bigint), :n) AS n,
        LATERAL (SELECT now() - interval '1 second' * (n * 26009 % 31536000) AS first) AS t,
        generate_series(1, CASE WHEN n % 10 < 4 THEN 1 WHEN n % 10 < 7 THEN 2 WHEN n % 10 < 9 THEN 4 ELSE 6 END)
        AS place""",
    "SET session_replication_role = DEFAULT",
)


def measure(customers: int = 100_000) -> Iterator[tuple[str, str, str, str, str]]:
    """Rows of the table: what is shown beside what it is counted from, and what a night costs."""
    with store(VISITS) as parts:
        rows = _fill(parts, customers)
        yield from _pages(parts, customers)
        yield from _night(parts, customers, rows)
        yield from boards.measure(parts)


def _fill(parts: Stack, customers: int) -> int:
    with parts.engine.begin() as connection:
        for statement in _FILL:
            connection.execute(text(statement), {"n": customers} if ":n" in statement else {})
    with parts.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as settled:
        settled.execute(text("VACUUM (ANALYZE)"))
        return sum(settled.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in ("orders", "trail"))


def _pages(parts: Stack, customers: int) -> Iterator[tuple[str, str, str, str, str]]:
    clock = SystemClock()
    with parts.db() as session:
        counting, counted = _timed(lambda: (results(session, "visits", clock.now()),
                                            experiment(session, "visits", "offer", clock.now())))  # fmt: skip
    units.KEPT_FROM = min(units.KEPT_FROM, customers)
    with parts.db.begin() as work:
        keeping, _ = _timed(lambda: units.keep(work, clock.now()))
    yield (
        "the sums of a night",
        f"{keeping:.1f} s",
        f"counting once: {counting:.1f} s",
        f"{keeping / counting:.2f}",
        "",
    )
    with parts.db.begin() as work:
        key = create_key(work, "pages", ["read"], clock.now())
    with serving(parts.db, clock) as url, httpx.Client(headers={"Authorization": f"Bearer {key}"}) as client:
        for what in ("results", "experiments/offer", "experiments/offer/history"):
            times = []
            for _ in range(LOOKS):
                seconds, answer = _timed(partial(client.get, f"{url}/v1/journeys/visits/{what}", timeout=60))
                assert answer.status_code == 200, answer.text
                times.append(seconds)
            p95 = quantiles(times, n=20)[-1]
            beside = f"counting: {counting / 2:.1f} s"
            yield f"{what}, p95", f"{1000 * p95:.0f} ms", beside, f"{p95 / (counting / 2):.4f}", "≤ 300 ms"
    assert counted[0].entered == customers


def _night(parts: Stack, customers: int, rows: int) -> Iterator[tuple[str, str, str, str, str]]:
    now = SystemClock().now()

    def attribute() -> None:
        after: str | None = ""
        with parts.db() as session:
            window = read_library(session).policy.attribution.nominal
        while after is not None:
            with parts.db.begin() as work:
                after = attribute_again(work, after, window)

    def keep() -> None:
        with parts.db.begin() as work:
            units.keep(work, now)

    rebuilding, _ = _timed(lambda: (attribute(), keep()))
    yield "rebuild of a year", f"{rebuilding:.0f} s", f"{rows:,} orders and decisions", "", ""
    yield "of each of them", f"{1e6 * rebuilding / rows:.0f} µs", "", "", ""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with parts.db.begin() as work:
        fitting, (kept, forecasts) = _timed(lambda: fit(work, now))
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    yield f"fit of {customers:,} customers", f"{fitting:.1f} s", f"{memory:,.0f} MB more", "", "≤ 60 s"

    def write() -> None:
        for page in forecasts.pages():
            with parts.db.begin() as work:
                write_page(work, read_library(work), page, now)

    writing, _ = _timed(write)
    yield "writing what it says", f"{writing:.1f} s", f"the fit: {fitting:.1f} s", f"{writing / fitting:.2f}", ""
    assert kept.customers == customers


def _timed(act: Callable[[], T]) -> tuple[float, T]:
    """The seconds that something took, and what came of it."""
    began = time.perf_counter()
    found = act()
    return time.perf_counter() - began, found


def main() -> None:
    """Measure, and print each row as it comes."""
    parser = ArgumentParser(prog="python -m benchmarks.insight")
    parser.add_argument("--customers", type=int, default=100_000)
    for row in measure(parser.parse_args().customers):
        sys.stdout.write(" | ".join(row) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
