"""Alarms of shows: how often they are false, how soon they come at three times the demand, and how long one takes.

`python -m benchmarks.alarms [HOURS [RATE…]]` simulates about so many product-hours a row through the function that
production uses, at every order; `python -m benchmarks.alarms delay` measures the way from an order to its run.
"""

import asyncio
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
from rich.console import Console
from sqlmodel import select

from benchmarks.harness.stack import Stack, stack, worker
from domain.intake.tables import Event
from domain.published.publishing import publish_document
from domain.stock.demand import BLOCK, Baseline, PastShow, learn
from domain.stock.live import floor, looks_back, pace_of
from runtime.platform.outbox.tellers import replenishment_id
from workflows.language.stock_rules import StockRule, StockRules

ZONE = ZoneInfo("Asia/Shanghai")
BEGAN = datetime(2026, 3, 2, 19, tzinfo=ZONE)
SHAPE = {19: 0.8, 20: 1.4, 21: 0.8}
"""A show of three hours, with its peak in the second."""

RULE = StockRule()
MINUTE = timedelta(minutes=1)
BURST_MINUTES = 5
RUSHES = 60
"""Shows in which the demand is trebled after an hour."""

ALARMS = 60
"""Orders that cross the line, of which the delay is measured."""


@dataclass(frozen=True)
class World:
    """How customers buy: units a minute, the variance of five minutes' units over their mean, how much shows differ."""

    rate: float
    dispersion: float = 1.0
    spread: float = 0.0
    shows: int = 4

    def orders(self, rng: random.Random, rush: float = 1.0) -> list[float]:
        """The minutes of a show's orders; the demand is `rush` times as much after the first hour."""
        level = rng.gammavariate(1 / self.spread**2, self.spread**2) if self.spread else 1.0
        times: list[float] = []
        for start in range(0, 60 * len(SHAPE), BURST_MINUTES):
            hour = 19 + start // 60
            usual = self.rate * SHAPE[hour] * level * (rush if start >= 60 else 1.0)
            if self.dispersion > 1:
                size = usual * BURST_MINUTES / (self.dispersion - 1)
                usual = rng.gammavariate(size, self.dispersion - 1) / BURST_MINUTES
            at = start + rng.expovariate(usual) if usual > 0 else 1e9
            while at < start + BURST_MINUTES:
                times.append(at)
                at += rng.expovariate(usual)
        return times

    def past(self, rng: random.Random) -> Baseline | None:
        """What is learnt from this world's shows of the past."""
        shows = []
        for _ in range(self.shows):
            units = dict.fromkeys(SHAPE, 0)
            blocks: dict[int, int] = {}
            for at in self.orders(rng):
                units[19 + int(at // 60)] += 1
                blocks[int(at // BLOCK)] = blocks.get(int(at // BLOCK), 0) + 1
            if blocks:
                shows.append(PastShow(dict.fromkeys(SHAPE, 60.0), units, sum(block**2 for block in blocks.values())))
        return learn(shows)


def alarms(baseline: Baseline | None, orders: list[float]) -> Iterator[float]:
    """The minutes at which a show raises alarms, looking at every order."""
    sales: dict[datetime, int] = {}
    quiet = -1.0
    for at in orders:
        now = BEGAN + at * MINUTE
        sales[floor(now)] = sales.get(floor(now), 0) + 1
        windows = looks_back(BEGAN, now, ZONE)
        sold = [sum(units for minute, units in sales.items() if minute >= each.since) for each in windows]
        if at >= quiet and pace_of(sold, windows, baseline, RULE, None, now).is_fast:
            yield at
            quiet = at + RULE.quiet_for.nominal / MINUTE


def simulate(world: World, hours: int) -> tuple[str, ...]:
    """A row of the table."""
    rng = random.Random(f"{world}")
    false = played = 0
    while played < hours:
        baseline = world.past(rng)
        for _ in range(5):
            false += len(list(alarms(baseline, world.orders(rng))))
            played += len(SHAPE)
    delays = []
    for _ in range(RUSHES):
        rushed = [at for at in alarms(world.past(rng), world.orders(rng, 3.0)) if at >= 60]
        delays.append(rushed[0] - 60 if rushed else float("inf"))
    delays.sort()
    return (
        f"{world.rate:g}",
        f"{world.dispersion:g}",
        f"{world.spread:g}",
        str(world.shows),
        f"{1000 * false / played:.2f}  ({false} in {played:,} h)",
        _minutes(median(delays)),
        _minutes(delays[int(0.9 * RUSHES)]),
        f"{sum(delay == float('inf') for delay in delays)} of {RUSHES}",
    )


def _minutes(delay: float) -> str:
    return f"{delay:.1f} min" if delay < float("inf") else "none"


async def delay(parts: Stack) -> None:
    """Print how long orders take that raise an alarm, and until its run begins."""
    rules = StockRules.model_validate({"defaults": {"buyer": "buyer"}})
    with parts.db.begin() as work:
        publish_document(work, "_stock", rules.body())
    answered: dict[str, float] = {}
    quiet: list[float] = []
    loud: list[float] = []
    headers = {"Authorization": f"Bearer {parts.key}"}
    async with worker(parts) as client, httpx.AsyncClient(base_url=parts.url, headers=headers) as api:
        await _post(api, "stream.started", stream_id="show")
        for number in range(-10, ALARMS):
            sku = f"sku-{number}"
            await _post(api, "lot.received", lot_id=sku, sku=sku, quantity=0, expires_on="2999-01-01")
            items = [{"sku": "plenty"}]
            order = {"total": 100, "stream_id": "show", "customer": {"member_no": f"m{number}"}}
            usual = await _post(api, "order.paid", order_id=f"a{number}", items=items, **order)
            crossing = await _post(api, "order.paid", order_id=f"b{number}", items=[{"sku": sku}], **order)
            if number >= 0:
                quiet.append(usual)
                loud.append(crossing)
                answered[sku] = time.time()
            await asyncio.sleep(0.05)
        await asyncio.sleep(2)
        with parts.db() as session:
            alarms = {
                event.data["sku"]: event.id for event in session.exec(select(Event).where(Event.type == "stock.alarm"))
            }
        runs = {sku: await client.get_workflow_handle(replenishment_id(alarms[sku])).describe() for sku in answered}
    begun = [1000 * (run.start_time.timestamp() - answered[sku]) for sku, run in runs.items()]
    for name, spans in (
        ("order sent → accepted, no alarm", quiet),
        ("order sent → accepted, with its alarm stored", loud),
        ("accepted → the replenishment's run begun", begun),
    ):
        cuts = quantiles(spans, n=100)
        Console().print(f"{name}: p50 {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms, of {len(spans)}")


async def _post(api: httpx.AsyncClient, type: str, **data: object) -> float:
    """Post an event; returns the milliseconds until it was accepted."""
    event = {
        "specversion": "1.0", "id": str(uuid4()), "source": "benchmark", "type": type,
        "time": datetime.now(UTC).isoformat(), "data": data,
    }  # fmt: skip
    began = time.perf_counter()
    response = await api.post("/v1/events", json=event)
    response.raise_for_status()
    return 1000 * (time.perf_counter() - began)


def main() -> None:
    """Measure and print."""
    if sys.argv[1:] == ["delay"]:
        with stack() as parts:
            asyncio.run(delay(parts))
        return
    hours = int(sys.argv[1]) if sys.argv[1:] else 1000
    rates = [float(rate) for rate in sys.argv[2:]] or [0.05, 0.3, 1.0, 5.0]
    worlds = [World(rate, shows=shows) for shows in (1, 4, 10) for rate in rates]
    worlds += [World(rate, dispersion=2.0) for rate in rates]
    worlds += [World(rate, spread=0.2) for rate in rates]
    worlds += [World(rate, dispersion=2.0, spread=0.2, shows=10) for rate in rates]
    say = Console(width=140).print
    say("| units/min | dispersion | spread | past shows | false alarms per 1,000 h | 3×: median | 90% | never |")
    say("| ---: " * 8 + "|")
    for world in worlds:
        say(f"| {' | '.join(simulate(world, hours))} |")


if __name__ == "__main__":
    main()
