"""How fast the console's pages are answered, on a small shop and beside a trail of millions; and 200 who follow one.

`python -m benchmarks.console --trail 10000000` fills the tables with COPY and asks for what each page asks for.
"""

import asyncio
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from statistics import median, quantiles
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import psutil
from rich.console import Console
from sqlalchemy import text

from benchmarks.growth import CARTS, THANKS, fill
from benchmarks.harness.stack import Stack, serving, store
from domain.access.keys import create_key
from domain.access.permissions import SCOPES
from domain.journeys.counts import fold, recount
from domain.published.publishing import publish_document
from domain.store.clock import SystemClock

PEOPLE, EVENTS = 20_000, 200_000
ROUNDS = 20
LISTENERS = 200
FOLLOWED = 10
"""Seconds."""

UTC = ZoneInfo("UTC")

PAGES = {
    "今日": "/v1/today",
    "旅程": "/v1/journeys",
    "one journey: its graph": "/v1/journeys/thanks/graph",
    "one journey: its counts": "/v1/journeys/thanks/counts",
    "one journey: counts of 7 days": "/v1/journeys/thanks/counts?days=7",
    "one journey: who is inside": "/v1/journeys/thanks/inside?limit=50",
    "a draft": "/v1/journeys/thanks/draft/review",
    "消息": "/v1/messages?status=unknown",
    "券": "/v1/campaigns",
    "直播": "/v1/streams",
    "库存": "/v1/lots",
    "补货": "/v1/replenishments",
    "人群": "/v1/segments",
    "a customer": "/v1/customers/7/timeline",
    "search by phone": "/v1/search?q=13900000007",
    "操作记录": "/v1/audit",
}
_MORE = """
INSERT INTO trail (at, customer_id, journey, enrollment_id, what, value, step)
SELECT now() - n * interval '3 s', 1 + n % :people, 'thanks', 1 + n % :enrollments,
    (ARRAY['entered', 'sent', 'waited', 'ended'])[1 + n % 4], (ARRAY['', 'hello', '', 'finished'])[1 + n % 4], 'thank'
FROM generate_series(CAST(:since AS bigint), :until) AS n
"""


def measure(trail: int = 1_000_000) -> Iterator[tuple[str, str, str, str, str]]:
    """Rows of the table: each page beside a large trail, as a multiple of beside a small one."""
    with store(CARTS, THANKS) as parts:
        with parts.db.begin() as work:
            publish_document(work, "_policy", {})
            key = create_key(work, "console", SCOPES, SystemClock().now())
        fill(parts, EVENTS, PEOPLE)
        _count(parts)
        few = pages(parts, key)
        _grow(parts, trail)
        _count(parts)
        many = pages(parts, key)
        for name, (_, slow) in many.items():
            ratio = many[name][0] / few[name][0]
            yield (
                f"{name}, beside {trail:,} rows",
                f"95 % in {slow:.0f} ms",
                f"{few[name][1]:.0f} ms",
                f"{ratio:.2f}",
                "≤ 2",
            )
        cpu, first, refused = followers(parts, key)
        yield (
            f"{LISTENERS} who open one journey at once",
            f"all told after {first:.1f} s",
            f"refused: {refused}",
            "",
            "none",
        )
        yield f"{LISTENERS} who follow it", f"{cpu:.1%} of a core", "", "", ""


def pages(parts: Stack, key: str) -> dict[str, tuple[float, float]]:
    """The median and 95 % of each page's answer, in ms, asked for one after the other."""
    found = {}
    with serving(parts.db, SystemClock()) as url, httpx.Client(base_url=url, headers=_with(key), timeout=60) as client:
        for name, path in PAGES.items():
            client.get(path).raise_for_status()  # a process makes its statements at its first answer of a kind
            spans = []
            for _ in range(ROUNDS):
                begun = time.perf_counter()
                client.get(path).raise_for_status()
                spans.append((time.perf_counter() - begun) * 1000)
            found[name] = median(spans), quantiles(spans, n=20)[-1]
    return found


def followers(parts: Stack, key: str) -> tuple[float, float, int]:
    """Processor time of those who listen, as a share of a core; seconds until all are told first; who is refused."""
    with serving(parts.db, SystemClock()) as url:
        return asyncio.run(_follow(url, key))


async def _follow(url: str, key: str) -> tuple[float, float, int]:
    refused = 0
    told: list[float] = []
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=url, headers=_with(key), timeout=60, limits=limits) as client:
        begun = time.perf_counter()

        async def listen() -> None:
            nonlocal refused
            async with client.stream("GET", "/v1/journeys/thanks/counts/events") as answer:
                if answer.status_code != httpx.codes.OK:
                    refused += 1
                    return
                async for _ in answer.aiter_lines():
                    told.append(time.perf_counter() - begun)
                    break
                await asyncio.sleep(max(0.0, begun + 20 + FOLLOWED - time.perf_counter()))

        listening = [asyncio.create_task(listen()) for _ in range(LISTENERS)]
        while len(told) + refused < LISTENERS and time.perf_counter() - begun < 20:
            await asyncio.sleep(0.05)
        process = psutil.Process()
        before = process.cpu_times()
        await asyncio.sleep(FOLLOWED)
        after = process.cpu_times()
        await asyncio.gather(*listening, return_exceptions=True)
    used = after.user + after.system - before.user - before.system
    return used / FOLLOWED, max(told, default=0.0), refused


def _grow(parts: Stack, rows: int, block: int = 1_000_000) -> None:
    with parts.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        enrollments = int(connection.execute(text("SELECT max(id) FROM enrollments")).scalar_one())
        for since in range(0, rows, block):
            given: dict[str, Any] = {"people": PEOPLE, "enrollments": enrollments}
            connection.execute(text(_MORE), given | {"since": since, "until": min(rows, since + block) - 1})
        connection.execute(text("VACUUM (ANALYZE) trail"))


def _count(parts: Stack) -> None:
    """Brings the counters in line with the trail, as they are where it was written row by row."""
    with parts.db.begin() as work:
        recount(work)
    while True:
        with parts.db.begin() as work:
            if not fold(work, UTC):
                break
    with parts.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE) count_changes, journey_counts, enrollments"))


def _with(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def main() -> None:
    """Print the rows."""
    parser = ArgumentParser()
    parser.add_argument("--trail", type=int, default=1_000_000)
    say = Console(width=140).print
    for row in measure(parser.parse_args().trail):
        say(*row, sep="  ", markup=False, highlight=False)


if __name__ == "__main__":
    main()
