"""How far demand may lie from what is expected: quantiles, from how far it lay.

*Around the expected units.* The scatter of demand grows with its mean, between its root (a Poisson process) and the
mean itself; so a day's error is divided by expected^0.75, and the quantiles of these over the last `WINDOW` days,
multiplied back, lie around what is expected of another day.

*Intermittent demand.* Of what sells on few days, how much of a day's demand is none matters more: the chance p of any
demand comes from the intervals between sales, smoothed, and what sells then from the days that sold (Croston,
"Forecasting and Stock Control for Intermittent Demands", Operational Research Quarterly 23 (1972) 289-303; p is taken
off by half its gain: Syntetos & Boylan, International Journal of Forecasting 21 (2005) 303-314). The quantile t is
nothing up to 1 - p, and beyond it the quantile (t - 1 + p) / p of the days that sold.

Both are averaged by how they did of late on the very measure, the pinball loss, at the quantile asked for.
"""

from collections.abc import Sequence

import numpy as np

from domain.forecast.history import Floats, History, Truths
from domain.forecast.smoothing import Walk

WINDOW = 200
"""Days that the quantiles are taken from."""

EVERY = 7
"""Days after which they are taken anew."""

JUDGED = 120
"""Days before the first one asked for, from which on the two ways are compared."""

TOO_FEW = 14
"""Days seen, of which fewer show no quantiles worth the name."""

_POWER = 0.75
_FLOOR = 0.05
_GAIN = 0.1
_SHARPNESS = 20.0
_DISCOUNT = 0.99
_SETTLED = 28


def pinball(demand: Floats, quantile: Floats, tau: float) -> Floats:
    """The loss that the quantile tau minimises: tau a unit too little, 1 - tau a unit too much."""
    error = demand - quantile
    loss: Floats = np.maximum(tau * error, (tau - 1) * error)
    return loss


def past_quantiles(history: History, walked: Walk, taus: Sequence[float], since: int) -> Floats:
    """What would have been said the evening before of each day from `since` on: by quantile, day and product."""
    found, _ = _quantiles(history, walked, taus, since)
    return found


def next_quantiles(history: History, walked: Walk, taus: Sequence[float]) -> Floats:
    """What is said of the days ahead: by quantile, day and product.

    The level is the less certain the further a day: the error of day h is taken to vary by 1 + (h - 1)·gain² of that
    of the first (Hyndman et al., Forecasting with Exponential Smoothing, 2008, 6.3).
    """
    _, last = _quantiles(history, walked, taus, history.days)
    further = np.arange(len(walked.ahead))[:, None]
    wider = np.sqrt(1 + further * walked.gain**2)
    return last.of(walked.ahead, walked.ahead.sum(1) > 0, wider)


class _Spread:
    """The two ways to the quantiles, as of a day, and how much each counts (by quantile and product)."""

    def __init__(self, history: History, walked: Walk, day: int, taus: Sequence[float]) -> None:
        rows = slice(max(0, day - WINDOW), day)
        known, expected = walked.known[rows], walked.expected[rows]
        self.taus = np.array(taus)
        self.weight = np.ones((2, len(taus), history.products)) / 2
        count = (~np.isnan(known)).sum(0)
        usual = np.where(count > 0, np.nansum(known, 0) / np.maximum(count, 1), 0.0)
        self.floor = _FLOOR * usual + 1e-9
        settled = np.arange(max(0, day - WINDOW), day)[:, None] >= np.minimum(
            _first(walked.known) + _SETTLED, day - _SETTLED
        )
        errors = np.sort(np.where(settled, (known - expected) / self._scale(expected), np.nan), axis=0)
        self.errors = _column_quantiles(errors, np.broadcast_to(self.taus[:, None], (len(taus), history.products)))
        chance = _chances(known)
        sizes = np.sort(np.where(known > 0, known, np.nan), axis=0)
        within = (self.taus[:, None] - 1 + chance) / np.maximum(chance, 1e-9)
        self.mixed = np.where(within > 0, _column_quantiles(sizes, np.clip(within, 0, 1)), 0.0)

    def _scale(self, expected: Floats) -> Floats:
        scale: Floats = (expected + self.floor) ** _POWER
        return scale

    def ways(self, expected: Floats, wider: Floats | float = 1.0) -> Floats:
        """The quantiles of days of this expectation, by way, quantile, day and product."""
        around = expected[None] + self.errors[:, None] * (self._scale(expected) * wider)[None]
        mixed = np.broadcast_to(self.mixed[:, None], around.shape)
        ways: Floats = np.maximum(0.0, np.stack([around, mixed]))
        return ways

    def of(self, expected: Floats, is_open: Truths, wider: Floats | float = 1.0) -> Floats:
        quantiles = (self.weight[:, :, None] * self.ways(expected, wider)).sum(0)
        ordered: Floats = np.where(is_open[None, :, None], np.sort(quantiles, axis=0), 0.0)
        return ordered


def _quantiles(history: History, walked: Walk, taus: Sequence[float], since: int) -> tuple[Floats, _Spread]:
    order = np.argsort(taus)
    ranked = [taus[at] for at in order]
    judged = max(2 * _SETTLED, since - JUDGED)
    loss = np.zeros((2, len(taus), history.products))
    found = np.zeros((len(taus), max(0, history.days - since), history.products))
    spread = _Spread(history, walked, min(judged, history.days), ranked)
    for day in range(judged, history.days):
        if (day - judged) % EVERY == 0 and day > judged:
            spread = _Spread(history, walked, day, ranked)
            spread.weight = _weights(loss)
        expected, known = walked.expected[day][None], walked.known[day]
        is_open = np.array([not history.is_closed(day) and bool(expected.sum() > 0)])
        if day >= since:
            found[order, day - since] = spread.of(expected, is_open)[:, 0]
        ways = spread.ways(expected)[:, :, 0]
        for at, tau in enumerate(ranked):
            loss[:, at] = _DISCOUNT * loss[:, at] + np.nan_to_num(pinball(known, ways[:, at], tau))
    last = _Spread(history, walked, history.days, ranked)
    last.weight = _weights(loss)
    return found, last


def _weights(loss: Floats) -> Floats:
    best = loss.min(0)
    weights: Floats = np.exp(-_SHARPNESS * np.where(best > 0, loss / np.maximum(best, 1e-12) - 1, 0.0))
    weights /= weights.sum(0)
    return weights


def _first(known: Floats) -> np.ndarray:
    """The first day on which each product was seen."""
    seen = ~np.isnan(known)
    return np.where(seen.any(0), seen.argmax(0), len(known)) if len(known) else np.zeros(known.shape[1])


def _chances(known: Floats) -> Floats:
    """The chance of any demand on a day, by product, from the intervals between days that sold."""
    products = known.shape[1]
    interval, gap, sold = np.ones(products), np.zeros(products), np.zeros(products)
    for row in known:
        seen = ~np.isnan(row)
        gap = gap + seen
        sells = seen & (np.nan_to_num(row) > 0)
        sold = sold + sells
        gain = np.maximum(_GAIN, 1 / np.maximum(sold, 1))
        interval = np.where(sells, interval + gain * (gap - interval), interval)
        gap = np.where(sells, 0, gap)
    # What has not sold for longer than usual sells less often than it did.
    interval = np.where(sold > 0, np.maximum(interval, gap), np.inf)
    chance: Floats = np.where(interval > 1, (1 - _GAIN / 2) / interval, 1.0)
    return chance


def _column_quantiles(ranked: Floats, at: Floats) -> Floats:
    """Of columns in ascending order, with NaN last, the quantiles `at` (by quantile and column); 0 of an empty one.

    Hazen's, which is right in the median for any distribution: the k-th of n stands for (k - 1/2) / n.
    """
    if not len(ranked):
        return np.zeros(at.shape)
    count = (~np.isnan(ranked)).sum(0)
    place = np.clip(at * count - 0.5, 0, np.maximum(count - 1, 0))
    below = np.floor(place).astype(int)
    above = np.minimum(below + 1, np.maximum(count - 1, 0))
    lower, upper = np.take_along_axis(ranked, below, 0), np.take_along_axis(ranked, above, 0)
    found: Floats = np.where(count > 0, lower + (place - below) * (upper - lower), 0.0)
    return np.nan_to_num(found)
