"""What a customer will order, and what it will be worth: BG/NBD and Gamma-Gamma, fitted by maximum likelihood.

BG/NBD: Fader, Hardie and Lee, "Counting Your Customers the Easy Way", Marketing Science 24 (2005), equations 6 to 10.
Gamma-Gamma: Fader and Hardie, "The Gamma-Gamma Model of Monetary Value" (2013). Time has any one unit throughout.
"""

from collections.abc import Callable
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaln, hyp2f1

Floats = NDArray[np.float64]

LEAST_CUSTOMERS = 100
"""Who ordered again, below which nothing is fitted."""


MOST_ROWS = 50_000
"""Of more different histories, times are rounded to so many parts of the longest that customers who are then alike can
be counted together.
"""
PARTS = 100


class TooFewOrdersError(Exception):
    """So few customers ordered again that a model of them would say nothing."""


@dataclass(frozen=True)
class Histories:
    """One entry a customer: orders after the first, when the last of them was, and how long it is since the first.

    `recency` is the time from the first order to the last, `age` that from the first order to now.
    """

    repeats: Floats
    recency: Floats
    age: Floats


@dataclass(frozen=True)
class PurchaseModel:
    """How often customers order and when they are lost: the four parameters of BG/NBD, and how well they fit."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float

    def alive(self, known: Histories) -> Floats:
        """The chance that each customer isn't lost."""
        r, alpha, a, b = astuple(self)[:4]
        x = known.repeats
        odds = a / (b + np.maximum(x, 1) - 1) * ((alpha + known.age) / (alpha + known.recency)) ** (r + x)
        return np.asarray(1 / (1 + np.where(x > 0, odds, 0.0)))

    def chance(self, known: Histories, span: float) -> Floats:
        """The chance that each customer orders at least once within the span from now."""
        none = ((self.alpha + known.age) / (self.alpha + known.age + span)) ** (self.r + known.repeats)
        return np.asarray(self.alive(known) * (1 - none))

    def expected(self, known: Histories, span: float) -> Floats:
        """How many orders are expected of each customer within the span from now."""
        r, alpha, a, b = astuple(self)[:4]
        x, later = known.repeats, alpha + known.age + span
        lost = hyp2f1(r + x, b + x, a + b + x - 1, span / later) * ((alpha + known.age) / later) ** (r + x)
        return np.asarray((a + b + x - 1) / (a - 1) * (1 - lost) * self.alive(known))


@dataclass(frozen=True)
class ValueModel:
    """What orders are worth: the three parameters of Gamma-Gamma, and how well they fit."""

    p: float
    q: float
    gamma: float
    log_likelihood: float

    def expected(self, repeats: Floats, mean: Floats) -> Floats:
        """What an order of each customer is worth; `mean` is that of their orders after the first (any if none)."""
        known = self.p * repeats
        return np.asarray((self.gamma + np.where(repeats > 0, mean * repeats, 0.0)) * self.p / (known + self.q - 1))


def _exp(logs: Floats) -> Floats:
    """The parameters that these are the logarithms of, none so small or large that it can't be reckoned with."""
    return np.asarray(np.exp(np.clip(logs, -30, 30)))


def fit_purchases(known: Histories) -> PurchaseModel:
    """Raises TooFewOrdersError."""
    _enough(known.repeats)
    x, recency, age, weights = _alike(known)

    def loss(logs: Floats) -> float:
        r, alpha, a, b = _exp(logs)
        begun = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        kept = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
        still = -(r + x) * np.log(alpha + age)
        lost = np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + recency)
        either = np.logaddexp(still, np.where(x > 0, lost, -np.inf))
        return -float(weights @ (begun + kept + either))

    logs, value = _least(loss, np.log(np.array([0.5, float(np.mean(known.age)) / 4, 1.0, 2.0])))
    r, alpha, a, b = (float(each) for each in _exp(logs))
    return PurchaseModel(r, alpha, a, b, log_likelihood=-value)


def fit_values(repeats: Floats, mean: Floats) -> ValueModel:
    """`mean` is what an order after the first was worth, of customers who have one. Raises TooFewOrdersError."""
    some = (repeats > 0) & (mean > 0)
    _enough(repeats[some])
    x, m = repeats[some], mean[some]
    unit = float(np.mean(m))
    scaled = m / unit
    spent = scaled * x
    times, place = np.unique(x, return_inverse=True)
    weights, logs_of_mean = np.bincount(place), np.bincount(place, weights=np.log(scaled))

    def loss(logs: Floats) -> float:
        p, q, gamma = _exp(logs)
        logs_of_all = np.bincount(place, weights=np.log(gamma + spent))
        total = gammaln(p * times + q) - gammaln(p * times) - gammaln(q) + q * np.log(gamma) + p * times * np.log(times)
        return -float(weights @ total + (p * times - 1) @ logs_of_mean - (p * times + q) @ logs_of_all)

    logs, value = _least(loss, np.log(np.array([2.0, 3.0, 2.0])))
    p, q, gamma = (float(each) for each in _exp(logs))
    return ValueModel(p, q, gamma * unit, log_likelihood=-value - float(len(x) * np.log(unit)))


def _alike(known: Histories) -> tuple[Floats, Floats, Floats, NDArray[np.int64]]:
    """The different histories, and how many customers have each."""
    rows = np.stack([known.repeats, known.recency, known.age], axis=1)
    if len(rows) > MOST_ROWS:
        unit = float(np.max(known.age)) / PARTS or 1.0
        rows[:, 1:] = np.rint(rows[:, 1:] / unit) * unit
    order = np.lexsort(rows.T)
    rows = rows[order]
    starts = np.flatnonzero(np.append(True, (rows[1:] != rows[:-1]).any(axis=1)))
    return (*rows[starts].T, np.diff(np.append(starts, len(rows))))


def _enough(repeats: Floats) -> None:
    again = int(np.count_nonzero(repeats > 0))
    if again < LEAST_CUSTOMERS:
        raise TooFewOrdersError(f"{again} customers ordered again; a model needs {LEAST_CUSTOMERS}")


def _least(loss: Callable[[Floats], float], start: Floats) -> tuple[Floats, float]:
    """Where the loss is least, and the loss there; what is sought are logarithms of the parameters."""
    result = minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-7, "maxiter": 1000})
    return np.asarray(result.x, dtype=np.float64), float(result.fun)
