"""How fast a product should sell in a show, and how surprising it is that it sells faster. Pure: figures in and out."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

WINDOWS = (5, 10, 20, 60)
"""Minutes that are looked back over; short ones see the rush of a fast seller soon, long ones that of a slow one."""

CHANCE = 3e-7
"""How improbable a window must be. So small because every order looks at four windows; see docs/live.md."""

HOT_SHOW = 1.0
"""Standard deviations between shows by which a show may be above the usual before that itself is a surprise."""

BLOCK = 15
"""Minutes of the blocks whose scatter within past shows measures how unevenly a product sells."""

_PRIOR_MINUTES = 120.0
_PRIOR_BLOCKS = 12.0
_PRIOR_DISPERSION = 1.3
_PRIOR_SHOWS = 4.0
_PRIOR_SPREAD = 0.04
_FRACTIONS = 10_000
_CLOSE = 1e-10
_TINY = 1e-300


@dataclass(frozen=True)
class PastShow:
    """What a show of the past sold of a product.

    `minutes` and `units` are by local hour of the day; `squares` sums the squared units of its blocks.
    """

    minutes: Mapping[int, float]
    units: Mapping[int, float]
    squares: float = 0


@dataclass(frozen=True)
class Baseline:
    """What a product is expected to sell in a show: units per minute by local hour, and `mean` in any other hour.

    `dispersion` is the variance of a block's units within a show over their mean (1 for a Poisson process), `spread`
    the squared coefficient of variation of whole shows; `units` and `shows` are what all this was learnt from.
    """

    mean: float
    dispersion: float
    spread: float
    units: float
    shows: int
    rates: Mapping[int, float] = field(default_factory=dict)

    def expected(self, minutes: Mapping[int, float]) -> float:
        """The units expected over these minutes, which are given by local hour."""
        return sum(self.rates.get(hour, self.mean) * span for hour, span in minutes.items())

    def is_surprised(self, sold: float, expected: float) -> bool:
        """Whether it is out of the ordinary to sell so many in a window where `expected` are, even in a hot show.

        A show's level is drawn once, the scatter within it anew in every window: so the first raises the mean, and the
        second, with the error of the estimate, is the variance of the negative binomial whose tail is asked for.
        """
        hot = expected * (1 + HOT_SHOW * math.sqrt(self.spread * (1 + 1 / self.shows)))
        return upper_tail(sold, hot, self.dispersion * hot * (1 + hot / (self.units + 1))) <= CHANCE


def learn(shows: Sequence[PastShow]) -> Baseline | None:
    """The baseline from the shows that sold the product; None without any.

    An hour's rate is shrunk towards the product's mean as if that had been seen for two hours more (the posterior mean
    of a gamma prior: Gelman et al., Bayesian Data Analysis, 3rd ed., 2.6); one unit is added, so that no rate is 0.
    The dispersion is Pearson's statistic over its degrees of freedom (McCullagh & Nelder, Generalized Linear Models,
    2nd ed., 6.2.3), with each show at its own level; the spread is what the shows' totals vary beyond it. Both are
    shrunk towards what is usual, by three hours and by four shows.
    """
    minutes, units = _summed([show.minutes for show in shows]), _summed([show.units for show in shows])
    total_minutes, sold = sum(minutes.values()), sum(units.values())
    if total_minutes <= 0:
        return None
    mean = (sold + 1) / total_minutes
    rates = {
        hour: (units.get(hour, 0) + _PRIOR_MINUTES * mean) / (span + _PRIOR_MINUTES) for hour, span in minutes.items()
    }
    usual = _PRIOR_BLOCKS * mean * BLOCK
    scatter = (sum(_scatter(show, rates) for show in shows) + _PRIOR_DISPERSION * usual) / (sold + usual)
    dispersion = max(1.0, scatter)
    return Baseline(mean, dispersion, _spread(shows, rates, dispersion), sold, len(shows), rates)


def _scatter(show: PastShow, rates: Mapping[int, float]) -> float:
    """Squared deviations of a show's blocks from its own level, for the degree of freedom that this costs."""
    blocks = sum(show.minutes.values()) / BLOCK
    level = sum(show.units.values()) / sum(rates[hour] * span for hour, span in show.minutes.items())
    squared = float(show.squares)
    for hour, span in show.minutes.items():
        in_block = level * rates[hour] * BLOCK
        squared += span / BLOCK * in_block**2 - 2 * in_block * show.units.get(hour, 0)
    return max(0.0, squared) * blocks / max(1.0, blocks - 1)


def _spread(shows: Sequence[PastShow], rates: Mapping[int, float], dispersion: float) -> float:
    excess, weight = 0.0, 0.0
    for show in shows:
        expected = sum(rates[hour] * span for hour, span in show.minutes.items())
        excess += (sum(show.units.values()) - expected) ** 2 - dispersion * expected
        weight += expected**2
    degrees = len(shows) - 1
    observed = max(0.0, excess / weight * len(shows) / degrees) if degrees else 0.0
    return (degrees * observed + _PRIOR_SHOWS * _PRIOR_SPREAD) / (degrees + _PRIOR_SHOWS)


def upper_tail(count: float, mean: float, variance: float) -> float:
    """P(N >= count) of a negative binomial with this mean and a variance above it; small values keep their digits.

    It is the regularized incomplete beta function I(1 - p; count, size) with size = mean² / (variance - mean) and
    p = mean / variance (Abramowitz & Stegun, 26.5.26).
    """
    if count <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    size, chance = mean * mean / (variance - mean), mean / variance
    front = math.exp(
        math.lgamma(count + size)
        - math.lgamma(count)
        - math.lgamma(size)
        + count * math.log1p(-chance)
        + size * math.log(chance)
    )
    if count > mean:
        return min(1.0, front * _beta_fraction(1 - chance, count, size) / count)
    return max(0.0, 1 - front * _beta_fraction(chance, size, count) / size)


def _beta_fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method (Numerical Recipes, 3rd ed., 6.4)."""
    c, d = 1.0, 1 / _nonzero(1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, _FRACTIONS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for part in (even, odd):
            d = 1 / _nonzero(1 + part * d)
            c = _nonzero(1 + part / c)
            fraction *= c * d
        if abs(c * d - 1) < _CLOSE:
            break
    return fraction


def _nonzero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _summed(parts: Sequence[Mapping[int, float]]) -> dict[int, float]:
    sums: dict[int, float] = {}
    for part in parts:
        for hour, value in part.items():
            sums[hour] = sums.get(hour, 0) + value
    return sums
