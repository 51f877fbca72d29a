"""The measures run against the real parts, small, and give what they say."""

from collections.abc import Iterator
from dataclasses import replace

import psutil
import pytest

from benchmarks import cohorts, latency, memory, sleepers
from benchmarks.harness.processes import api, services, worker
from benchmarks.harness.stack import Stack

Running = tuple[Stack, psutil.Process]


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """Each part a process of its own; and the worker's."""
    journeys = sleepers.REMIND, sleepers.THANKS, latency.NUDGE, *memory.JOURNEYS, cohorts.TOGETHER, cohorts.ALONE
    with services(*journeys) as parts, api(parts) as (url, _), worker(parts) as process:
        yield replace(parts, url=url), process


def test_sleepers_wake_in_order_and_cost_less_than_a_workflow_for_each(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sleepers, "MARGIN", 5)
    night = sleepers.spend(*running, sleepers=120, due=20, window=0.2)
    for found in (night.own, night.scattered):
        assert 0 < found.p50 <= found.p99 <= found.last
        assert 0 <= found.overtaken < 20 / sleepers.PER_SECOND
    assert night.history < night.history_plain
    assert night.asleep.worker_memory > 50
    assert min(*night.quiet, *night.meanwhile, *night.plain) > 0


def test_latency_counts_from_the_event_and_from_the_end_of_the_wait(running: Running) -> None:
    shop = latency.Shop(running[0])
    assert len(shop.quiet(2)) == 2
    assert len(shop.after(lambda: shop.burst(20, 10, 2))) == 20
    overdue = shop.after(lambda: shop.paced(3, 20, lambda: latency.form(shortest=-3600, longest=-3600)))
    assert len(overdue) == 3
    assert min(overdue) >= 3600


def test_memory_is_of_the_worker(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "SETTLE", 0.1)
    monkeypatch.setattr(memory, "ROUNDS", 2)
    monkeypatch.setattr(memory, "BATCH", 30)
    held = memory.hold(*running, walked=60, cohorts=1, alone=3)
    assert [walked for walked, _ in held.walked] == [30, 60]
    assert held.idle > 50
    assert all(size > held.idle / 2 for _, size in held.walked)


def test_customers_walk_in_cohorts_and_by_a_workflow_each(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cohorts, "WORKERS", 1)
    parts, other = running
    other.suspend()
    try:
        together = cohorts.walk(parts, 25, 50)
        by_hand = cohorts.walk_plainly(parts, 3)
    finally:
        other.resume()
    assert 0 < together.events < 3
    assert 0 < together.actions < 1
    assert min(together.rate, together.cost, by_hand.rate, by_hand.cost) > 0
