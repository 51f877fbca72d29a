"""Experiments judged: how two groups differ, with intervals that hold however often one looks.

The methods and where they come from: differences of means by Welch's t; relative lifts by the delta method;
always-valid intervals by the asymptotic confidence sequences of Waudby-Smith et al. (2021, arXiv 2103.06476), tuned to
be tightest at a planned number of customers; several comparisons by Benjamini and Hochberg (1995); variance reduced by
CUPED (Deng et al. 2013).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, exp, inf, log, sqrt
from typing import Literal

from scipy.optimize import brentq
from scipy.special import chdtrc, ndtri, stdtr, stdtrit

ALPHA = 0.05
TUNED_FOR = 5000
"""At so many customers of both groups together the always-valid interval is tightest."""

LEAST = 100
"""Customers in a group, below which it can't be trusted."""

MISMATCH = 0.001
"""Groups whose sizes are less likely than this by chance were not split as planned."""

Verdict = Literal["keep going", "better", "worse", "no difference worth having", "can't be trusted"]
Doubt = Literal["sizes", "few", "lost"]
"""Why a comparison can't be trusted: sizes that are no chance, fewer than `LEAST` in a group, or what is counted isn't
told any more.
"""


@dataclass(frozen=True)
class Sample:
    """A number of each customer of a group: its sum, the sum of its squares, and how many customers there are.

    `is_proportion` says that each number is 0 or 1.
    """

    total: float
    squares: float
    n: int
    is_proportion: bool = False

    @classmethod
    def of_proportion(cls, reached: int, n: int) -> "Sample":
        """The sample of customers of whom so many reached something."""
        return cls(reached, reached, n, is_proportion=True)

    @property
    def mean(self) -> float:
        """The mean; 0 of nobody."""
        return self.total / self.n if self.n else 0.0

    @property
    def variance(self) -> float:
        """The variance of a customer's number; where all or none reached it, as if one more had and one more hadn't."""
        if self.is_proportion and self.n:
            extreme = self.total in (0, self.n)
            share = (self.total + 1) / (self.n + 2) if extreme else self.mean
            return share * (1 - share)
        return max((self.squares - self.total**2 / self.n) / (self.n - 1), 0.0) if self.n > 1 else 0.0

    @property
    def of_mean(self) -> float:
        """The variance of the mean."""
        return self.variance / self.n if self.n else 0.0


@dataclass(frozen=True)
class Moments:
    """Two numbers of each customer of a group, one of the time before; `product` is the sum of one times the other."""

    outcome: Sample
    before: Sample
    product: float

    @property
    def spread(self) -> float:
        """The squared distances of the number before from its mean."""
        return self.before.variance * (self.before.n - 1)

    @property
    def shared(self) -> float:
        """How the two go together: the products of their distances from their means."""
        return self.product - self.outcome.mean * self.before.total

    def without(self, slope: float, centre: float) -> Sample:
        """The outcome, less `slope` for each unit by which the number before is above `centre`."""
        n, outcome = self.outcome.n, self.outcome
        if n < 2:
            return outcome
        total = outcome.total - slope * (self.before.total - centre * n)
        spread = outcome.variance * (n - 1) - 2 * slope * self.shared + slope**2 * self.spread
        return Sample(total, max(spread, 0.0) + total**2 / n, n)


@dataclass(frozen=True)
class Difference:
    """By how much B is above A: the estimate, its interval, and how likely as much is by chance (None: can't be said).

    `low` and `high` are infinite where an interval can't be said, as when nobody in A reached anything.
    """

    estimate: float
    low: float
    high: float
    p: float | None

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of zero."""
        return self.low > 0 or self.high < 0


def difference(a: Sample, b: Sample, *, relative: bool = False, alpha: float = ALPHA) -> Difference:
    """B's mean less A's, or that as a part of A's mean, with the interval of a single look."""
    estimate, variance = _estimate(a, b, relative=relative)
    if not 0 < variance < inf:
        return _unsaid(estimate)
    degrees = _degrees(a, b)
    half = float(stdtrit(degrees, 1 - alpha / 2)) * sqrt(variance)
    p = 2 * float(stdtr(degrees, -abs(estimate) / sqrt(variance)))
    return Difference(estimate, estimate - half, estimate + half, p)


def sequential_difference(
    a: Sample, b: Sample, *, relative: bool = False, alpha: float = ALPHA, tuned_for: int = TUNED_FOR
) -> Difference:
    """The same, with an interval and a chance that hold at all looks together, however many there are."""
    estimate, variance = _estimate(a, b, relative=relative)
    if not 0 < variance < inf:
        return _unsaid(estimate)
    n = a.n + b.n
    half = _width(n, alpha, tuned_for) * sqrt(variance)
    weight = n * _rho_squared(alpha, tuned_for)
    p = min(sqrt(weight + 1) * exp(-(estimate**2) / variance * weight / (2 * (weight + 1))), 1.0)
    return Difference(estimate, estimate - half, estimate + half, p)


def cuped(groups: Sequence[Moments]) -> list[Sample]:
    """The samples of groups without what the time before foretold, by one slope for all of them.

    The differences between the groups stay what they are in expectation. `before` must have been fixed before
    customers were assigned.
    """
    spread = sum(group.spread for group in groups if group.outcome.n > 1)
    if not spread:
        return [group.outcome for group in groups]
    slope = sum(group.shared for group in groups) / spread
    centre = sum(group.before.total for group in groups) / sum(group.outcome.n for group in groups)
    return [group.without(slope, centre) for group in groups]


def mismatch(counts: Sequence[int], weights: Sequence[float]) -> float:
    """How likely group sizes are that differ as much from the planned weights, by chance (χ²); 1 for nobody."""
    total, whole = sum(counts), sum(weights)
    expected = [total * weight / whole for weight in weights]
    kept = [(count, mean) for count, mean in zip(counts, expected, strict=True) if mean > 0]
    if total == 0 or len(kept) < 2:
        return 1.0
    distance = sum((count - mean) ** 2 / mean for count, mean in kept)
    return float(chdtrc(len(kept) - 1, distance))


def level(chances: Sequence[float | None], *, alpha: float = ALPHA) -> float:
    """The chance below which each of several comparisons is called real, so that of those called few are not.

    Benjamini-Hochberg; the intervals at this level (Benjamini and Yekutieli 2005) exclude zero where it is called so.
    `chances` are None where nothing can be said.
    """
    told = sorted(p for p in chances if p is not None)
    steps = [alpha * place / len(told) for place in range(1, len(told) + 1)]
    called = [step for p, step in zip(told, steps, strict=True) if p <= step]
    return called[-1] if called else steps[0] if steps else alpha


def doubt(a: Sample, b: Sample, *, chance_of_sizes: float, is_lost: bool = False) -> Doubt | None:
    """Why what is said of these two can't be trusted, if so; `is_lost` says that goals aren't told any more."""
    if chance_of_sizes < MISMATCH:
        return "sizes"
    if is_lost:
        return "lost"
    return "few" if min(a.n, b.n) < LEAST else None


def verdict(
    a: Sample, b: Sample, *, doubt: Doubt | None, p: float | None, alpha: float = ALPHA, margin: float = 0.02
) -> Verdict:
    """What can be said of B beside A.

    `p` is the always-valid chance of their difference and `alpha` the `level` at which it is called real; `margin` is
    the relative lift that isn't worth having.
    """
    if doubt:
        return "can't be trusted"
    if p is not None and p <= alpha:
        return "better" if b.mean > a.mean else "worse"
    lift = sequential_difference(a, b, relative=True, alpha=alpha)
    return "no difference worth having" if -margin <= lift.low and lift.high <= margin else "keep going"


def sample_needed(base: float, lift: float, *, power: float = 0.8, alpha: float = ALPHA) -> int:
    """How many customers each of two groups needs so that a relative lift of a proportion is found, always validly.

    Where several numbers are judged together, `alpha` is what is left for each: the least `level` that there can be.

    `base` is A's proportion, between 0 and 1; B's would be `base * (1 + lift)`. Raises ValueError where that is no
    proportion, or there is no lift.
    """
    other = base * (1 + lift)
    if not (0 < base < 1 and 0 < other < 1 and lift):
        raise ValueError("the base must lie between 0 and 1, and so must the base with its lift, which isn't nothing")
    spread, gap = base * (1 - base) + other * (1 - other), abs(other - base)
    quantile = float(ndtri(power))

    def missing(n: float) -> float:
        return gap / sqrt(spread / n) - _width(2 * n, alpha, TUNED_FOR) - quantile

    most = 1e3
    while missing(most) < 0:
        most *= 10
    return ceil(float(brentq(missing, 2, most)))


def _estimate(a: Sample, b: Sample, *, relative: bool) -> tuple[float, float]:
    gap = b.mean - a.mean
    if min(a.n, b.n) < 2:
        return gap, inf
    if not relative:
        return gap, a.of_mean + b.of_mean
    if a.mean <= 0:
        return inf if gap else 0.0, inf
    return gap / a.mean, b.of_mean / a.mean**2 + a.of_mean * b.mean**2 / a.mean**4


def _degrees(a: Sample, b: Sample) -> float:
    parts = [each.of_mean**2 / (each.n - 1) for each in (a, b) if each.n > 1]
    return (a.of_mean + b.of_mean) ** 2 / sum(parts)


def _unsaid(estimate: float) -> Difference:
    return Difference(estimate, -inf, inf, None)


def _rho_squared(alpha: float, tuned_for: int) -> float:
    return (-2 * log(alpha) + log(-2 * log(alpha) + 1)) / tuned_for


def _width(n: float, alpha: float, tuned_for: int) -> float:
    """How many standard errors the always-valid interval reaches to each side, at `n` customers."""
    weight = n * _rho_squared(alpha, tuned_for)
    return sqrt(2 * (weight + 1) / weight * log(sqrt(weight + 1) / alpha))
