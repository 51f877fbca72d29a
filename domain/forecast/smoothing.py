"""The demand to expect of each product on the next days: exponential smoothing with an index for each weekday.

*Level and weekday.* Expected is level · index of the weekday, smoothed multiplicatively (Winters, "Forecasting Sales by
Exponentially Weighted Moving Averages", Management Science 6 (1960) 324-342). How fast to smooth differs by product, so
a few speeds run side by side and are averaged with weights that fall exponentially with their discounted squared error
(Cesa-Bianchi & Lugosi, Prediction, Learning, and Games, 2006, ch. 2); an average of forecasts is rarely far from the
best of them. While little was seen, the gain is that of a plain mean.

*Special days.* What is known beforehand (a holiday, a promotion, a show) multiplies the expected units by an effect:
sold over expected, summed over its days, drawn towards that of all products as if that had been seen for `DRAWN` days
more, which itself is drawn towards none. Such days teach the level the less the fewer of them were seen.

*Sold out.* Of a day of which only a part e could be sold, the demand is taken to be what was sold, and in the rest what
was expected: the step of expectation of the EM algorithm for a Poisson process that is seen for a part of the time
(Dempster, Laird & Rubin, Journal of the Royal Statistical Society B 39 (1977) 1-38).

*Shut.* A day on which nothing of all products was sold, where `SURELY` were expected, was no day of business and
teaches nothing; a weekday on which that happened twice in a row is taken to be shut until something sells on it.
"""

from dataclasses import dataclass

import numpy as np

from domain.forecast.history import Floats, History

LEVEL_GAINS = (0.02, 0.05, 0.1, 0.2, 0.05, 0.1)
INDEX_GAINS = (0.02, 0.02, 0.02, 0.02, 0.08, 0.08)
"""The speeds: how much of a day's error goes to the level, and to the index of its weekday."""

DISCOUNT = 0.98
"""What an error still counts the day after, in the weights of the speeds."""

DRAWN = 4.0
"""Days for which an effect is taken to have been seen as that of all products, and that as none."""

FLAT = (8, 8, 8, 8, 1, 1)
"""Weeks for which a weekday's index is taken to have been seen as that of any other day, by speed."""

SURELY = 10.0
"""Units expected of all products, from which on a day without any sale was no day of business."""

SETTLED = 28
"""Days after which an error says something of those to come."""

_CERTAIN = 60
_LEAST = 1e-6


@dataclass(frozen=True)
class Walk:
    """The history with what was expected of each day the evening before, in units.

    `known` is the demand, completed where the product was sold out, NaN where there was none to see. `ahead` are the
    units expected of the days after the last, `gain` the gain of the level by product, `seen` the days it was seen.
    """

    expected: Floats
    known: Floats
    ahead: Floats
    gain: Floats
    seen: Floats
    level: Floats


def walk(history: History, ahead: int = 1) -> Walk:
    """Go through the history day by day, and `ahead` days on."""
    state = Tracker(history)
    expected = np.zeros(history.demand.shape)
    known = np.full(history.demand.shape, np.nan)
    for day in range(history.days):
        expected[day] = state.expect(day)
        known[day] = state.learn(day, expected[day])
    after = [state.expect(day) for day in range(history.days, history.days + ahead)]
    gain = (state.weights() * state.level_gains).sum(0)
    level = (state.weights() * state.level).sum(0)
    return Walk(expected, known, np.array(after).reshape(ahead, history.products), gain, state.seen, level)


class Tracker:
    """What is known after a day, of each speed and product.

    `deviation` is how far off a day was of late: the root of its discounted mean square, in units.
    """

    def __init__(self, history: History) -> None:
        self.history = history
        products, speeds = history.products, len(LEVEL_GAINS)
        self.level_gains = np.array(LEVEL_GAINS)[:, None]
        self.index_gains = np.array(INDEX_GAINS)[:, None]
        self.flat = np.array(FLAT)[:, None]
        self.level = np.zeros((speeds, products))
        self.index = np.ones((7, speeds, products))
        self.loss = np.zeros((speeds, products))
        self.seen = np.zeros(products)
        self.seen_on = np.zeros((7, products))
        flags = 0 if history.flags is None else history.flags.shape[1]
        self.sold_then = np.zeros((flags, products))
        self.expected_then = np.zeros((flags, products))
        self.days_then = np.zeros(flags)
        self.empty = [0] * 7
        self.squares = np.zeros(products)
        self.counted = np.zeros(products)

    def take(self, day: int) -> None:
        """Take a day in that was expected the evening before."""
        expected = self.expect(day)
        known = self.learn(day, expected)
        error = np.where(np.isnan(known), 0.0, known - expected)
        is_seen = ~np.isnan(known) & (self.seen > SETTLED)
        self.squares = np.where(is_seen, DISCOUNT * self.squares + error**2, self.squares)
        self.counted = np.where(is_seen, DISCOUNT * self.counted + 1, self.counted)

    @property
    def deviation(self) -> Floats:
        deviation: Floats = np.sqrt(self.squares / np.maximum(self.counted, 1))
        return deviation

    def weights(self) -> Floats:
        best = self.loss.min(0)
        excess = (self.loss - best) / np.maximum(best, _LEAST)
        weights: Floats = np.exp(-0.5 * np.minimum(self.seen, _CERTAIN) * excess)
        weights /= weights.sum(0)
        return weights

    def plain(self, day: int) -> Floats:
        """Expected by each speed on a day of which nothing is special."""
        plain: Floats = self.level * self.index[self.history.weekday(day)]
        return plain

    def effect(self, flag: int) -> Floats:
        sold, expected = self.sold_then[flag], self.expected_then[flag]
        usual = self.level.mean(0)
        prior = DRAWN * usual.sum() + _LEAST
        of_all = (sold.sum() + prior) / (expected.sum() + prior)
        effect: Floats = (sold + DRAWN * usual * of_all + _LEAST) / (expected + DRAWN * usual + _LEAST)
        return effect

    def expect(self, day: int) -> Floats:
        if self.history.is_closed(day) or self.empty[self.history.weekday(day)] > 1:
            return np.zeros(self.history.products)
        expected: Floats = (self.weights() * self.plain(day)).sum(0)
        for flag in self.history.flags_of(day):
            expected = expected * self.effect(flag)
        return expected

    def learn(self, day: int, expected: Floats) -> Floats:
        """Take a day in; returns the demand that it is taken to have had."""
        history, weekday = self.history, self.history.weekday(day)
        sold = history.demand[day]
        nothing = np.full(history.products, np.nan)
        if history.is_closed(day) or self._was_shut(sold, weekday, day):
            return nothing
        demand = sold
        if history.stocked is not None:
            part = history.stocked[day]
            demand = np.where(part > 0, np.maximum(sold, sold + expected * (1 - part)), np.nan)
        is_seen = ~np.isnan(demand)
        flags = history.flags_of(day)
        plain, effects = self.plain(day), [self.effect(flag) for flag in flags]
        usual, both = (self.weights() * plain).sum(0), np.prod(effects, axis=0) if effects else 1.0
        trust = 1.0
        for flag, effect in zip(flags, effects, strict=True):
            self.sold_then[flag] += np.where(is_seen, demand, 0)
            self.expected_then[flag] += np.where(is_seen, usual * both / effect, 0)
            trust = min(trust, self.days_then[flag] / (self.days_then[flag] + DRAWN))
            self.days_then[flag] += 1
        error = np.where(is_seen, demand / np.maximum(both, 0.05) - plain, 0)
        self._smooth(weekday, error, is_seen, trust)
        return np.where(is_seen, demand, np.nan)

    def _smooth(self, weekday: int, error: Floats, is_seen: np.ndarray, trust: float) -> None:
        index = self.index[weekday]
        gain = np.maximum(self.level_gains, 1 / (self.seen + 1)) * trust
        index_gain = np.maximum(self.index_gains, 1 / (self.seen_on[weekday] + self.flat)) * trust
        level = self.level
        learnt = np.where(level > _LEAST, index_gain * error / np.maximum(level, _LEAST), 0)
        self.index[weekday] = np.maximum(0, index + np.where(self.seen > 0, learnt, 0))
        self.level = np.maximum(0, level + gain * error / np.maximum(index, 0.25))
        if trust == 1.0:
            squared = error**2
            self.loss = np.where(is_seen, DISCOUNT * self.loss + (1 - DISCOUNT) * squared, self.loss)
        mean = self.index.mean(0)
        mean = np.where(mean > _LEAST, mean, 1.0)
        self.index /= mean
        self.level *= mean
        self.seen += is_seen
        self.seen_on[weekday] += is_seen

    def _was_shut(self, sold: Floats, weekday: int, day: int) -> bool:
        if np.nansum(sold) > 0:
            self.empty[weekday] = 0
            return False
        usual = (self.weights() * self.plain(day)).sum(0)
        if self.empty[weekday] or usual[~np.isnan(sold)].sum() >= SURELY:
            self.empty[weekday] += 1
            return True
        return bool(np.isnan(sold).all())
