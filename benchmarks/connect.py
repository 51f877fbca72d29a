"""Rows a second that are pulled from another system's database, beside the same events taken straight in; and what the
process holds meanwhile. Rows that change while they are pulled are counted afterwards: none is lost, none comes twice.

python -m benchmarks.connect --rows 1000000 --changing 100000
"""

import sys
import threading
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import psutil
from sqlalchemy import Engine, create_engine, make_url, text

from activities.adapters.sources.source import Surroundings
from activities.connect import ConnectActivities
from benchmarks.harness.processes import memory
from benchmarks.harness.stack import Stack, store
from domain.connectors.pulls import Taken
from domain.connectors.tables import Pull
from domain.intake.ingest import Incoming, ingest
from domain.published.publishing import publish_document
from domain.store.clock import SystemClock
from workflows.language.connectors import MAX_PAGE, Connector

ROWS, CHANGING = 1_000_000, 100_000
STRAIGHT = 50_000
PEOPLE = 200_000
FLAT = 1.1
"""The most that is held at the end, of what is held after a tenth."""

TABLE = """
CREATE TABLE orders AS
SELECT 'o' || n AS no, 'm' || n % :people AS member, (n % 9000) / 10.0 AS total,
    now()::timestamp - interval '1 day' + n * interval '10 ms' AS modified,
    now()::timestamp AS paid, n AS number
FROM generate_series(1, :rows) AS n
"""
BODY = {
    "connector": "erp",
    "from": {"sql": {"url": "AFTERSHOW_CONNECT_ERP", "query": "SELECT * FROM orders"}},
    "cursor": "modified",
    "key": "no",
    "zone": "UTC",
    "map": {
        "type": "order.shipped",
        "id": "no",
        "time": "paid",
        "customer": {"member_no": "member"},
        "data": {"order_id": "no"},
    },
}


def measure(rows: int = ROWS, changing: int = CHANGING) -> Iterator[tuple[str, ...]]:
    """Rows of the table."""
    with store() as parts:
        erp = _other_system(parts, rows)
        straight = _straight(parts)
        rate, held = _pull(parts, erp)
        _whole(parts, rows)
        yield (
            f"rows/s pulled, {rows:,} rows",
            f"{rate:,.0f}",
            f"taken straight in: {straight:,.0f}",
            f"{rate / straight:.2f}",
            "",
        )
        early, late = held[len(held) // 10], held[-1]
        ratio = f"{late / early:.2f}"
        yield ("MB held while pulling", f"{late:.0f} MB", f"after a tenth: {early:.0f} MB", ratio, f"≤ {FLAT}")
        erp.dispose()
    with store() as parts:
        erp = _other_system(parts, changing)
        rate, changes = _pull_while_it_changes(parts, erp)
        _whole(parts, changing)
        yield (
            f"rows/s pulled, {changing:,} rows that change",
            f"{rate:,.0f}",
            f"{changes:,} changes",
            "",
            "none lost or twice",
        )
        erp.dispose()


def _other_system(parts: Stack, rows: int) -> Engine:
    with parts.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE DATABASE erp"))
    erp = create_engine(make_url(parts.engine.url.render_as_string(False)).set(database="erp"))
    with erp.begin() as connection:
        connection.execute(text(TABLE), {"rows": rows, "people": PEOPLE})
        connection.execute(text("CREATE UNIQUE INDEX ON orders (modified, no)"))
        connection.execute(text("CREATE INDEX ON orders (number)"))
    return erp


def _puller(parts: Stack, erp: Engine) -> tuple[ConnectActivities, Connector]:
    with parts.db.begin() as work:
        publish_document(work, "connectors/erp", BODY)
    secrets: Mapping[str, str] = {"AFTERSHOW_CONNECT_ERP": erp.url.render_as_string(False)}
    return ConnectActivities(parts.db, Surroundings(secrets.get, SystemClock())), Connector.model_validate(BODY)


def _pull(parts: Stack, erp: Engine) -> tuple[float, list[float]]:
    pulling, connector = _puller(parts, erp)
    held, taken = list[float](), 0
    process = psutil.Process()

    def told(_: Pull, page: Taken) -> None:
        nonlocal taken
        taken += page.events + page.duplicates
        held.append(memory(process))

    began = time.monotonic()
    pulling.run(connector, told=told)
    return taken / (time.monotonic() - began), held


def _pull_while_it_changes(parts: Stack, erp: Engine) -> tuple[float, int]:
    """Each change moves some rows to the end, as an ERP's own work does, until the first run is over; then one more."""
    pulling, connector = _puller(parts, erp)
    over, changes, taken = threading.Event(), 0, 0

    def change() -> None:
        nonlocal changes
        step = 0
        while not over.is_set():
            step += 1
            with erp.begin() as connection:
                moved = connection.execute(
                    text("UPDATE orders SET modified = clock_timestamp()::timestamp WHERE number % 997 = :part"),
                    {"part": step * 31 % 997},
                )
                changes += moved.rowcount
            time.sleep(0.02)

    def told(_: Pull, page: Taken) -> None:
        nonlocal taken
        taken += page.events + page.duplicates

    changing = threading.Thread(target=change)
    changing.start()
    began = time.monotonic()
    threading.Timer(20, over.set).start()
    pulling.run(connector, told=told)
    elapsed = time.monotonic() - began
    over.set()
    changing.join()
    pulling.run(connector)
    return taken / elapsed, changes


def _straight(parts: Stack) -> float:
    """The same events, taken in by pages of the same size without any source."""
    now = datetime.now(UTC) - timedelta(hours=1)
    began = time.monotonic()
    for start in range(0, STRAIGHT, MAX_PAGE):
        page = [
            Incoming(
                "straight", f"o{n}", "order.shipped", now, {"order_id": f"o{n}"}, (("member_no", f"m{n % PEOPLE}"),)
            )
            for n in range(start, start + MAX_PAGE)
        ]
        with parts.db.begin() as work:
            ingest(work, page, now=now)
    return STRAIGHT / (time.monotonic() - began)


def _whole(parts: Stack, rows: int) -> None:
    """Raises AssertionError if a row was lost, or came twice."""
    query = "SELECT count(*), count(DISTINCT event_id) FROM events WHERE source = 'connector/erp'"
    with parts.engine.connect() as connection:
        total, distinct = connection.execute(text(query)).one()
        state = connection.execute(text("SELECT error, set_aside FROM connector_pulls")).one()
    assert (total, distinct, tuple(state)) == (rows, rows, (None, 0)), (total, distinct, tuple(state))


def main() -> None:
    """Measure and print."""
    parser = ArgumentParser(prog="python -m benchmarks.connect")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--changing", type=int, default=CHANGING)
    options = parser.parse_args()
    for row in measure(options.rows, options.changing):
        sys.stdout.write(" | ".join(row) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
