"""How good the forecast would have been: rolling origin, one day ahead, beside simple ways to the same.

Each day of the last part is foretold from the days before it alone. The measure is the pinball loss (Koenker & Bassett,
Econometrica 46 (1978) 33-50) over the product's mean demand in those days, averaged over the products; the coverage is
how often demand was no more than the quantile. Days of which nothing is known count for nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from domain.forecast.history import Floats, History
from domain.forecast.quantiles import past_quantiles, pinball
from domain.forecast.smoothing import walk

WEEKS = 8
_GAIN = 0.1


@dataclass(frozen=True)
class Measured:
    """Of one quantile: the loss over mean demand, in all and by product (NaN: no demand to measure by), and coverage.

    `baselines` have the same of the simple ways, by their name.
    """

    quantile: float
    loss: float
    coverage: float
    by_product: Floats
    baselines: Mapping[str, tuple[float, Floats]]


def evaluate(history: History, tested: int, taus: Sequence[float]) -> Sequence[Measured]:
    """Measure the last `tested` days of the history at each quantile."""
    since = history.days - tested
    demand = history.demand[since:]
    ours = past_quantiles(history, walk(history), taus, since)
    found = []
    for at, tau in enumerate(taus):
        loss, by_product = _loss(demand, ours[at], tau)
        known = ~np.isnan(demand)
        coverage = float((demand[known] <= ours[at][known]).mean()) if known.any() else float("nan")
        baselines = {name: _loss(demand, foretell(history, since, tau), tau) for name, foretell in BASELINES.items()}
        found.append(Measured(tau, loss, coverage, by_product, baselines))
    return found


def _loss(demand: Floats, quantile: Floats, tau: float) -> tuple[float, Floats]:
    known = ~np.isnan(demand)
    count = known.sum(0)
    total = np.where(known, demand, 0).sum(0)
    lost = np.where(known, np.nan_to_num(pinball(demand, quantile, tau)), 0).sum(0)
    by_product = np.where((count > 0) & (total > 0), lost / np.where(total > 0, total, 1), np.nan)
    measured = by_product[~np.isnan(by_product)]
    return float(measured.mean()) if measured.size else float("nan"), by_product


def _last_week(history: History, since: int, tau: float) -> Floats:  # noqa: ARG001 the same at each quantile
    """What sold on the same weekday of the week before, or on the last one of which that is known."""
    filled = history.demand.copy()
    for day in range(7, history.days):
        filled[day] = np.where(np.isnan(filled[day]), filled[day - 7], filled[day])
    rows = np.arange(since, history.days) - 7
    return np.where((rows >= 0)[:, None], np.nan_to_num(filled[np.maximum(rows, 0)]), 0.0)


def _weekday_quantile(history: History, since: int, tau: float) -> Floats:
    """The quantile of the same weekday of the eight weeks before."""
    found = np.zeros((history.days - since, history.products))
    for row, day in enumerate(range(since, history.days)):
        found[row] = _quantile(history.demand[max(day % 7, day - 7 * WEEKS) : day : 7], tau)
    return found


def _weekday_smoothing(history: History, since: int, tau: float) -> Floats:
    """Each weekday smoothed by itself, with a gain of a tenth, and the quantile of the errors of eight weeks."""
    expected = np.zeros(history.demand.shape)
    level = np.full((7, history.products), np.nan)
    for day, sold in enumerate(history.demand):
        level_then = level[day % 7]
        first = np.isnan(level_then)
        expected[day] = np.nan_to_num(level_then)
        level[day % 7] = np.where(
            first, sold, np.where(np.isnan(sold), level_then, level_then + _GAIN * (sold - level_then))
        )
    errors = history.demand - np.where(np.arange(history.days)[:, None] < 7, history.demand, expected)
    found = np.zeros((history.days - since, history.products))
    for row, day in enumerate(range(since, history.days)):
        found[row] = expected[day] + _quantile(errors[max(0, day - 7 * WEEKS) : day], tau)
    return np.maximum(0.0, found)


BASELINES: Mapping[str, Callable[[History, int, float], Floats]] = {
    "last_week": _last_week,
    "weekday_quantile": _weekday_quantile,
    "weekday_smoothing": _weekday_smoothing,
}
"""The simple ways, by name: each foretells the days from one on, a row a day."""


def _quantile(rows: Floats, tau: float) -> Floats:
    """Of each column, over what is known of it; 0 where nothing is."""
    known = ~np.isnan(rows)
    some = known.any(0)
    filled = np.where(some, rows, 0.0)
    found: Floats = np.nanquantile(filled, tau, axis=0) if len(filled) else np.zeros(rows.shape[1])
    return found
