"""What the forecast learns from a history, whatever the history is like."""

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest
from numpy.random import default_rng

from domain.forecast.calendar import MADE_UP, OFF, special_days
from domain.forecast.evaluate import evaluate
from domain.forecast.history import Floats, History
from domain.forecast.quantiles import next_quantiles, past_quantiles
from domain.forecast.smoothing import walk

MONDAY = date(2024, 1, 1)
DAYS = 400
WEEK = np.array([0.7, 0.8, 0.9, 1.0, 1.3, 1.6, 0.7])
TAUS = (0.5, 0.75, 0.9)


def bakery(days: int = DAYS, products: int = 12, seed: int = 1, first: date = MONDAY) -> Floats:
    """Demand of a shop that sells by the weekday."""
    random = default_rng(seed)
    mean = np.linspace(3, 80, products) * WEEK[(first.weekday() + np.arange(days)) % 7][:, None]
    demand: Floats = random.poisson(mean).astype(float)
    return demand


def expected_tomorrow(history: History) -> Floats:
    return walk(history).ahead[0]


@pytest.mark.parametrize("growth", [1, 2, 0.5])
def test_no_simple_way_does_better_and_the_quantiles_cover_what_they_say(growth: float) -> None:
    trend = growth ** np.linspace(0, 1, DAYS)[:, None]
    demand = default_rng(2).poisson(bakery(seed=1).mean(0) * trend * WEEK[np.arange(DAYS) % 7][:, None]).astype(float)
    for measured in evaluate(History(MONDAY, demand), 120, TAUS):
        assert all(measured.loss < 1.01 * loss for loss, _ in measured.baselines.values())
        assert measured.loss < 0.8 * measured.baselines["last_week"][0]
        assert measured.coverage == pytest.approx(measured.quantile, abs=0.04)


def test_nothing_of_a_day_is_known_the_evening_before() -> None:
    demand, since = bakery(), 300
    other = demand.copy()
    other[since + 20 :] = 500
    then, if_other = (
        past_quantiles(history, walk(history), TAUS, since)
        for history in (History(MONDAY, demand), History(MONDAY, other))
    )
    assert np.array_equal(then[:, :21], if_other[:, :21])
    assert not np.array_equal(then[:, 21:], if_other[:, 21:])


def test_quantiles_never_cross_and_widen_with_the_days_ahead() -> None:
    history = History(MONDAY, bakery())
    found = next_quantiles(history, walk(history, 60), (0.1, *TAUS))
    assert (np.diff(found, axis=0) >= 0).all()
    width = found[-1] - found[0]
    assert (width[-7:].sum(0) >= width[:7].sum(0)).all()


def sold_out(demand: Floats) -> History:
    """Every third day all is gone when three fifths of the day are."""
    stocked = np.ones(demand.shape)
    stocked[::3] = 0.6
    return History(MONDAY, demand * stocked, stocked)


def closed_at_christmas(demand: Floats) -> History:
    closed = np.zeros(DAYS, bool)
    closed[355:362] = True
    return History(MONDAY, np.where(closed[:, None], 0.0, demand), None, closed)


def untold_closing(demand: Floats) -> History:
    shut = demand.copy()
    shut[355:362] = 0
    return History(MONDAY, shut)


def missing(demand: Floats) -> History:
    return History(MONDAY, np.where(default_rng(5).random(demand.shape) < 0.3, np.nan, demand))


@pytest.mark.parametrize("told", [sold_out, closed_at_christmas, untold_closing, missing])
def test_what_is_no_demand_teaches_none(told: Callable[[Floats], History]) -> None:
    demand = bakery()
    right = 0.5 * (demand[-371:-7:7].mean(0) + demand[-28:].mean(0) * WEEK[DAYS % 7])
    assert expected_tomorrow(told(demand)) == pytest.approx(right, rel=0.2)


def test_a_weekday_that_is_shut_expects_nothing_until_something_sells_on_it() -> None:
    demand = bakery(DAYS + 7)
    demand[6::7] = 0
    before = next(day for day in range(DAYS - 7, DAYS) if day % 7 == 6)
    assert expected_tomorrow(History(MONDAY, demand[:before])).sum() == 0
    demand[before] = 40
    assert expected_tomorrow(History(MONDAY, demand[: before + 7])).sum() > 0


def odd(kind: str) -> Floats:
    demand = bakery(DAYS, 3)
    if kind == "one sale":
        demand[:, 0] = 0
        demand[200, 0] = 5
    elif kind == "never":
        demand[:, 0] = 0
    elif kind == "unknown":
        demand[:, 0] = np.nan
    elif kind == "new":
        demand[:-1, 0] = np.nan
    elif kind == "nothing at all":
        demand[:] = 0
    elif kind == "huge":
        demand[:, 0] = 1e9
    elif kind == "one day":
        return demand[:1]
    elif kind == "no day":
        return demand[:0]
    return demand


@pytest.mark.parametrize("kind", ["one sale", "never", "unknown", "new", "nothing at all", "huge", "one day", "no day"])
def test_odd_histories_have_finite_forecasts(kind: str) -> None:
    history = History(MONDAY, odd(kind))
    walked = walk(history, 14)
    found = next_quantiles(history, walked, TAUS)
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    if kind in ("never", "unknown", "nothing at all"):
        assert (found[:, :, 0] == 0).all()
    if kind == "huge":
        assert found[1, :, 0] == pytest.approx(1e9, rel=0.01)


def test_of_what_sells_on_few_days_the_median_is_nothing_and_the_high_quantile_what_sells_then() -> None:
    random = default_rng(3)
    demand = np.where(random.random((DAYS, 20)) < 0.15, 6.0, 0.0)
    history = History(MONDAY, demand)
    found = next_quantiles(history, walk(history), (0.5, 0.95))
    assert found[0].mean() < 0.1
    assert found[1].mean() == pytest.approx(6, abs=0.7)
    assert walk(history).ahead[0].mean() == pytest.approx(0.9, rel=0.3)


def test_a_festival_that_moves_is_expected_on_its_new_day() -> None:
    first = date(2022, 1, 3)
    days = (date(2025, 1, 27) - first).days
    names, flags = special_days(first, days + 7)
    before = names.index("春节前")
    demand = bakery(days, 6, first=first)
    demand[flags[:days, before]] *= 3
    told = expected_tomorrow(History(first, demand, None, None, flags, names))
    assert first + timedelta(days=days) == date(2025, 1, 27)
    assert told == pytest.approx(3 * np.linspace(3, 80, 6) * WEEK[0], rel=0.2)


@pytest.mark.parametrize(
    ("day", "names"),
    [
        (date(2025, 1, 28), {OFF, "春节前"}),  # 除夕
        (date(2025, 1, 29), {OFF, "春节"}),
        (date(2024, 2, 10), {OFF, "春节"}),
        (date(2025, 1, 26), {MADE_UP, "春节前"}),  # a Sunday that is worked
        (date(2025, 10, 1), {OFF, "中秋节前"}),
        (date(2025, 10, 6), {OFF, "中秋节"}),
        (date(2025, 7, 1), set()),
    ],
)
def test_days_are_special_by_the_calendar_of_china(day: date, names: set[str]) -> None:
    known, flags = special_days(day, 1)
    assert {name for name, holds in zip(known, flags[0], strict=True) if holds} == names
