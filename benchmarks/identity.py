"""Identity and tags: what joins, splits, identifiers and rules cost, and how soon an event is in a segment.

`python -m benchmarks identity` runs it by itself.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from statistics import median, quantiles

import httpx
from sqlalchemy import text

from benchmarks.harness.processes import postgres, used
from benchmarks.harness.stack import Stack, serving, store
from benchmarks.people import publish
from domain.customers.identifiers import identify
from domain.identity.merging import merge
from domain.identity.splitting import split
from domain.intake.ingest import Incoming, ingest
from domain.store.clock import SystemClock

BATCH, ROUNDS = 500, 6
MOVED, JOINED = 1_000, 10
SINGLE = 300
DEVICES = 10_000
SPANS = "7d", "30d", "60d", "90d"
CUSTOMERS = 2_000
SEGMENT = "看过没买: {all: [{event: product.viewed, within: 30d}, {not: {event: order.paid, within: 30d}}]}"


def measure() -> Iterator[tuple[str, ...]]:
    """Rows of the table."""
    with store() as parts:
        yield from _identifiers(parts)
        yield from _joins(parts)
        yield _devices(parts)
    with store() as parts:
        yield from _rules(parts)
        yield _entering(parts)


class _Events:
    """Makes events, each with a name of its own."""

    def __init__(self) -> None:
        self.made = 0

    def of(self, who: dict[str, str], type: str = "product.viewed") -> Incoming:
        self.made += 1
        data = {"order_id": f"o{self.made}", "total": 100} if type == "order.paid" else {"sku": f"s{self.made % 50}"}
        return Incoming("bench", str(self.made), type, datetime.now(UTC), data, identify(None, who))


_EVENTS = _Events()


def _take(parts: Stack, events: Sequence[Incoming]) -> None:
    with parts.db.begin() as work:
        ingest(work, events, now=datetime.now(UTC))


def _cost(parts: Stack, rounds: Sequence[Sequence[Incoming]]) -> float:
    """Processor time of an event, ours and Postgres's, in µs: the best of the rounds."""
    server, costs = postgres(parts), []
    for events in rounds:
        began = time.process_time() + used(server)
        _take(parts, events)
        costs.append((time.process_time() + used(server) - began) / len(events) * 1e6)
    return min(costs)


def _who(number: int, kinds: int) -> dict[str, str]:
    every = {"phone": f"139{number:08}", "unionid": f"u{number}", "openid": f"o{number}"}
    return dict(list(every.items())[:kinds])


def _identifiers(parts: Stack) -> Iterator[tuple[str, ...]]:
    """Events of known customers, by one, two and three identifiers."""
    for first in range(0, CUSTOMERS, BATCH):
        _take(parts, [_EVENTS.of(_who(number, 3)) for number in range(first, first + BATCH)])
    costs = {
        kinds: _cost(parts, [[_EVENTS.of(_who(number, kinds)) for number in range(BATCH)] for _ in range(ROUNDS)])
        for kinds in (1, 2, 3)
    }
    for kinds in (2, 3):
        yield (
            f"an event with {kinds} identifiers, in batches of {BATCH}", f"{costs[kinds]:.0f} µs of CPU",
            f"with one: {costs[1]:.0f} µs", f"{costs[1] / costs[kinds]:.2f}", "≥ 0.8",
        )  # fmt: skip


def _joins(parts: Stack) -> Iterator[tuple[str, ...]]:
    """Pairs of customers, of whom the second has so many rows that move, are joined and split."""
    pairs = []
    for number in range(JOINED):
        one, two = {"phone": f"138{number:07}9"}, {"unionid": f"joined{number}"}
        _take(parts, [_EVENTS.of(one)])
        of_two = [_EVENTS.of(two, "order.paid") for _ in range(MOVED // 2)]
        _take(parts, of_two)
        with parts.db() as session:
            found = session.execute(
                text("SELECT customer_id FROM identifiers WHERE value IN (:one, :two) ORDER BY customer_id"),
                {"one": f"+86{one['phone']}", "two": two["unionid"]},
            )
            pairs.append((*found.scalars().all(), two))
    yield from _timed(
        parts, f"joins, {MOVED:,} rows to move", [lambda pair=pair: _join(parts, *pair[:2]) for pair in pairs]
    )
    yield from _timed(
        parts, f"splits, {MOVED:,} rows to move", [lambda pair=pair: _split(parts, pair[0], pair[2]) for pair in pairs]
    )


def _join(parts: Stack, one: int, two: int) -> None:
    with parts.db.begin() as work:
        merge(work, one, two, datetime.now(UTC), "bench", "measured")


def _split(parts: Stack, one: int, of: dict[str, str]) -> None:
    with parts.db.begin() as work:
        split(work, one, identify(None, of), datetime.now(UTC), "bench")


def _timed(parts: Stack, what: str, calls: Sequence[Callable[[], None]]) -> Iterator[tuple[str, ...]]:
    server = postgres(parts)
    began, processor = time.perf_counter(), time.process_time() + used(server)
    for call in calls:
        call()
    spent, cost = time.perf_counter() - began, time.process_time() + used(server) - processor
    yield what, f"{len(calls) / spent:.1f}/s", f"{cost / len(calls) * 1e3:.0f} ms of CPU each", "", ""


def _devices(parts: Stack) -> tuple[str, ...]:
    """One person on so many devices, each of which another event names with the next."""
    chain = [_EVENTS.of({"phone": "13700000001", "device_id": f"d{number}"}) for number in range(DEVICES)]
    began = time.perf_counter()
    for first in range(0, DEVICES, BATCH):
        _take(parts, chain[first : first + BATCH])
    spent = time.perf_counter() - began
    with parts.db() as session:
        kept = session.execute(
            text("SELECT max(number) FROM (SELECT count(*) AS number FROM identifiers GROUP BY customer_id) AS counted")
        ).scalar_one()
    return f"a person on {DEVICES:,} devices", f"{DEVICES / spent:,.0f} events/s", f"{kept} identifiers kept", "", ""


def _rules(parts: Stack) -> Iterator[tuple[str, ...]]:
    """Events that so many rules of tags listen to."""
    for first in range(0, CUSTOMERS, BATCH):
        _take(parts, [_EVENTS.of(_who(number, 1)) for number in range(first, first + BATCH)])
    alone = 0.0
    for number in (0, 20, 200):
        tags = "\n".join(
            f"  t{each}: {{when: {{event: product.viewed, within: {SPANS[each % 4]},"
            f" where: {{field: event.sku, is: s{each}}}}}}}"
            for each in range(number)
        )
        publish(parts, f"tags:\n{tags}" if number else "tags: {}")
        cost = _cost(parts, [[_EVENTS.of(_who(each, 1)) for each in range(BATCH)] for _ in range(ROUNDS)])
        if not number:
            alone = cost
            continue
        yield (
            f"an event that {number} rules of tags listen to", f"{cost - alone:.0f} µs of CPU more",
            f"without rules: {alone:.0f} µs", f"{(cost - alone) / number:.1f} µs a rule", "",
        )  # fmt: skip


def _entering(parts: Stack) -> tuple[str, ...]:
    """From an event at the API to `segment.entered`, which is stored with it."""
    publish(parts, "tags: {}", SEGMENT)
    spans = []
    with serving(parts.db, SystemClock()) as url, httpx.Client(base_url=url) as client:
        for number in range(SINGLE):
            body = {
                "specversion": "1.0", "id": f"enter{number}", "source": "bench", "type": "product.viewed",
                "data": {"sku": "a", "customer": {"phone": f"136{number:08}"}},
            }  # fmt: skip
            began = time.perf_counter()
            client.post("/v1/events", json=body, headers={"authorization": f"Bearer {parts.key}"}).raise_for_status()
            spans.append((time.perf_counter() - began) * 1e3)
    with parts.db() as session:
        entered = session.execute(text("SELECT count(*) FROM events WHERE type = 'segment.entered'")).scalar_one()
    if entered < SINGLE:
        raise ValueError(f"{entered} of {SINGLE} have entered")
    p99 = quantiles(spans, n=100)[-1]
    return "from an event to segment.entered, p50, p99", f"{median(spans):.0f}, {p99:.0f} ms", "", "", "p99 < 1,000 ms"
