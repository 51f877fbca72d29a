"""The measures run against the real parts, small, and give what they say."""

import pytest

from benchmarks import latency, memory, sleepers


def test_sleepers_wake_in_order_and_cost_less_than_a_workflow_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sleepers, "MARGIN", 1)
    night = sleepers.spend(sleepers=120, due=20, window=0.2)
    for found in (night.own, night.scattered):
        assert 0 < found.p50 <= found.p99 <= found.last
        assert 0 <= found.overtaken < 20 / sleepers.PER_SECOND
        assert min(found.worker, found.postgres, found.temporal) >= 0
    assert night.history < night.history_plain
    assert night.asleep.worker_memory > 50
    assert min(*night.quiet, *night.meanwhile, *night.plain) > 0


def test_latency_counts_from_the_event_and_from_the_end_of_the_wait() -> None:
    with latency.shop() as shop:
        assert len(shop.quiet(2)) == 2
        assert len(shop.after(lambda: shop.burst(20, 10, 2))) == 20
        reminded = shop.after(lambda: shop.paced(5, 20, lambda: latency.cart(shortest=0.5, longest=0.6)))
    assert len(reminded) == 5
    assert all(0 < seconds < 30 for seconds in reminded)  # when it was due, not when the cart was filled or long after


def test_memory_is_of_the_worker_and_grows_with_those_who_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "SETTLE", 0.1)
    monkeypatch.setattr(memory, "ROUNDS", 2)
    monkeypatch.setattr(memory, "BATCH", 30)
    held = memory.hold(walked=60, cohorts=1, alone=3)
    assert held.idle > 50
    assert [walked for walked, _ in held.walked] == [30, 60]
    assert all(size > held.idle / 2 for _, size in held.walked)
