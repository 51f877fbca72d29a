"""Votes a second by viewers' tokens, beside a bare insert of the same rows; the tally meanwhile; a draw of 100,000.

The driver and the API are processes of their own; what each takes of the processors is told.
"""

import asyncio
import json
import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from statistics import quantiles
from urllib.parse import urlsplit

import httpx
import psutil
from sqlalchemy import text

from benchmarks.harness.driver import drive, driver
from benchmarks.harness.processes import api, memory, postgres, used
from benchmarks.harness.stack import Stack, store
from domain.plays.publishing import publish_play
from domain.plays.running import carry_on, close_entries, open_play
from domain.plays.tokens import make_token, token_key
from workflows.plays.reading import read_play

CUSTOMERS = 100_000
VOTES, CONNECTIONS = 100_000, 200
MORE = 1_000
"""Customers who vote later than the others."""
VOTE = """
play: vote
steps:
  - {id: vote, collect: votes, for: 1d, at_most: 1000000, options: {a: A, b: B, c: C}}
  - {id: count, count: votes}
"""
LOTTERY = """
play: lottery
steps:
  - {id: collect, collect: entries, for: 1d, at_most: 1000000}
  - {id: draw, draw: {winners: 50}}
"""


def measure() -> Iterator[tuple[str, ...]]:
    """Rows of the table."""
    with store() as parts:
        _publish(parts)
        yield from _votes(parts)
        yield _pages(parts)
        yield _draw(parts)


def _publish(parts: Stack) -> None:
    now = datetime.now(UTC)
    with parts.db.begin() as work:
        work.connection().execute(
            text(
                "INSERT INTO customers (fields, field_times, created_at)"
                " SELECT '{}', '{}', now() FROM generate_series(1, :n)"
            ),
            {"n": CUSTOMERS + MORE},
        )
        for written in (VOTE, LOTTERY):
            play = read_play(written, "a play").play
            assert play is not None
            publish_play(work, play, written, now)


def _votes(parts: Stack) -> Iterator[tuple[str, ...]]:
    with parts.db.begin() as work:
        open_play(work, "vote", datetime.now(UTC), "benchmark")
        key = token_key(work)
    until = datetime.now(UTC) + timedelta(hours=1)
    votes = (
        {"id": f"v{person}", "token": make_token(key, "vote", person, until), "choice": "abc"[person % 3]}
        for person in range(1, VOTES + 1)
    )
    bodies = [json.dumps(vote).encode() for vote in votes]
    with api(parts) as (url, process), driver() as driving:
        taking_part = process, postgres(parts), psutil.Process(driving.submit(os.getpid).result())
        _drive(driving, url, bodies[:500])
        held, before = memory(process), [used(one) for one in taking_part]
        looking = _Looking(f"{url}/v1/plays/vote", process)
        elapsed, spans = _drive(driving, url, bodies[500:])
        most = looking.stop()
        costs = [(late - early) / len(spans) * 1e6 for early, late in zip(before, map(used, taking_part), strict=True)]
        began = time.perf_counter()
        shown = httpx.get(f"{url}/v1/plays/vote").json()
        lag = time.perf_counter() - began
    rate, (p50, p99) = len(spans) / elapsed, itemgetter(49, 98)(quantiles(spans, n=100))
    bare = _bare(parts)
    whose = ", ".join(f"{who} {cost:.0f}" for who, cost in zip(("API", "Postgres", "driver"), costs, strict=True))
    yield (
        f"plays: votes/s by token at {CONNECTIONS} connections",
        f"{rate:,.0f}/s (p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms; µs each: {whose})",
        f"bare insert of the same rows: {bare:,.0f}/s",
        f"{rate / bare:.2f}",
        "≥ 4000/s, p99 ≤ 250 ms",
    )
    exact = shown["entries"] == VOTES and sum(shown["tally"].values()) == VOTES
    slowest = looking.slowest * 1000
    told = f"{'exact' if exact else 'WRONG'}, told in {lag * 1000:.0f} ms; while they came, in {slowest:.0f} ms"
    yield f"plays: the tally right after {VOTES:,} votes", told, "", "", "≤ 1 s"
    yield "plays: memory of the API, MB", f"{held:.0f} before, {most:.0f} at most", "", "", "bounded"


class _Looking:
    """Looks at the tally and at the memory while votes come."""

    def __init__(self, url: str, process: psutil.Process) -> None:
        self.slowest = 0.0
        self._most = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, args=(url, process))
        self._thread.start()

    def stop(self) -> float:
        """The most memory that was held, in MB."""
        self._over.set()
        self._thread.join()
        return self._most

    def _look(self, url: str, process: psutil.Process) -> None:
        while not self._over.wait(0.5):
            began = time.perf_counter()
            httpx.get(url, timeout=30)
            self.slowest = max(self.slowest, time.perf_counter() - began)
            self._most = max(self._most, memory(process))


def _drive(driving: ProcessPoolExecutor, url: str, bodies: Sequence[bytes]) -> tuple[float, list[float]]:
    return driving.submit(drive, f"{url}/v1/plays/vote/entries", "", bodies, CONNECTIONS).result()


def _bare(parts: Stack) -> float:
    """Rows a second of one statement for 500 rows a transaction, into a table with the same indexes."""
    with parts.engine.begin() as connection:
        connection.execute(text("CREATE TABLE bare_entries (LIKE play_entries INCLUDING ALL)"))
        first = connection.execute(text("SELECT min(id) FROM play_entries")).scalar_one()
    began = time.perf_counter()
    for start in range(first, first + VOTES, 500):
        with parts.engine.begin() as connection:
            connection.execute(
                text(f"INSERT INTO bare_entries SELECT * FROM play_entries WHERE id BETWEEN {start} AND {start + 499}")
            )
    return VOTES / (time.perf_counter() - began)


def _draw(parts: Stack) -> tuple[str, ...]:
    now = datetime.now(UTC)
    with parts.db.begin() as work:
        instance = open_play(work, "lottery", now, "benchmark").id
        work.connection().execute(
            text("INSERT INTO identifiers (kind, value, customer_id) SELECT 'member_no', id::text, id FROM customers")
        )
        work.connection().execute(
            text(
                "INSERT INTO play_entries (round_id, key, customer_id, entrant, day, taken_at, told)"
                " SELECT (SELECT max(id) FROM play_rounds), id::text, id, id, '', now(), true"
                " FROM customers LIMIT :most"
            ),
            {"most": CUSTOMERS},
        )
    began = time.perf_counter()
    with parts.db.begin() as work:
        close_entries(work, "lottery", datetime.now(UTC))
    closed = time.perf_counter() - began
    over = False
    while not over:
        with parts.db.begin() as work:
            over = carry_on(work, instance, datetime.now(UTC)).over
    drawn = time.perf_counter() - began - closed
    return f"plays: a draw of {CUSTOMERS:,}", f"closed in {closed:.1f} s, drawn in {drawn:.1f} s", "", "", ""


PAGES, WATCHED = 1_000, 10


def _pages(parts: Stack) -> tuple[str, ...]:
    """What it takes of the processor that so many pages follow a vote in which something changes all the time."""
    with parts.db.begin() as work:
        key = token_key(work)
    until = datetime.now(UTC) + timedelta(hours=1)
    votes = [
        json.dumps({"id": f"p{person}", "token": make_token(key, "vote", person, until), "choice": "a"}).encode()
        for person in range(VOTES + 1, VOTES + 1 + WATCHED * 4)
    ]
    with api(parts) as (url, process), driver() as driving:
        before, held = used(process), memory(process)
        told, opened, seconds = driving.submit(_follow, url, votes, process.pid).result()
        took, most = used(process) - opened, memory(process)
    each = f"each was told {told / PAGES:.0f} times in {seconds:.0f} s"
    each += f"; {(opened - before) / PAGES * 1e3:.1f} ms to open one"
    measured = f"{took / seconds:.0%} of a processor, {most - held:.0f} MB; {each}"
    return f"plays: {PAGES:,} pages follow a vote", measured, "", "", ""


def _follow(url: str, votes: Sequence[bytes], api: int) -> tuple[int, float, float]:
    """How often all were told, what the API had used when all were open, and the seconds from then on."""
    return asyncio.run(_follow_all(url, votes, psutil.Process(api)))


async def _follow_all(url: str, votes: Sequence[bytes], process: psutil.Process) -> tuple[int, float, float]:
    address = urlsplit(url)
    told = 0

    async def listen() -> None:
        nonlocal told
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(b"GET /v1/plays/vote/events HTTP/1.1\r\nHost: benchmark\r\n\r\n")
        while line := await reader.readline():
            told += line.startswith(b"event: play")
        writer.close()

    pages = [asyncio.create_task(listen()) for _ in range(PAGES)]
    while told < PAGES:
        await asyncio.sleep(0.1)
    opened, began, told = used(process), time.perf_counter(), 0
    for start in range(0, len(votes), 4):
        for vote in votes[start : start + 4]:
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            head = f"POST /v1/plays/vote/entries HTTP/1.1\r\nHost: benchmark\r\nContent-Length: {len(vote)}\r\n\r\n"
            writer.write(head.encode() + vote)
            await reader.readline()
            writer.close()
        await asyncio.sleep(1)
    for page in pages:
        page.cancel()
    seconds = time.perf_counter() - began
    await asyncio.gather(*pages, return_exceptions=True)
    return told, opened, seconds
