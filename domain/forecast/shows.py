"""What a show will sell of a product, before it begins and while it runs.

*Before.* The logarithm of units a minute is taken to be linear in what is known beforehand: the product and its
category, host, time of day, weekend, and how far price and reservations are from the product's usual ones. It is fitted
to the shows that are over by Bayesian linear regression with a prior on each coefficient, which draws what few shows
tell towards what all of them tell (Gelman et al., Bayesian Data Analysis, 3rd ed., 14.8); the predictive distribution's
variance has the uncertainty of the coefficients in it, too.

*While it runs.* The units of a show are Poisson, overdispersed, about a level that is gamma distributed with the mean
and variance foretold; what was sold of the part of a show that usually sells by now moves it (the conjugate posterior:
ibid., 2.6). The remaining units are negative binomial.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.stats import nbinom

from domain.forecast.history import Floats

PARTS = 10
"""Equal parts of a show, of which it is known what they usually sell."""

FEW = 3
"""Shows of a product, of which fewer lean on its category."""

WARM = 15
"""Minutes of a show after which what it sold counts."""

_PRIOR_SPREAD, _PRIOR_SHOWS = 0.4, 4.0
_DISPERSION = 2.0
_CURVE_PRIOR = 30.0
_WIDEST = 1.5
_PRECISION = {
    "all": 0.01,
    "category": 0.5,
    "sku": 1.0,
    "host": 4.0,
    "hour": 4.0,
    "weekend": 4.0,
    "price": 1.0,
    "wish": 1.0,
}
_PRIOR_MEAN = {"price": -1.0, "wish": 0.3}
"""Before anything is known: a tenth off the price sells a tenth more, ten times the reservations twice as much."""


@dataclass(frozen=True)
class Offer:
    """A product in a show, as it is planned or was: local `hour` of its beginning, price in fen."""

    sku: str
    category: str | None
    minutes: float
    hour: int
    weekend: bool
    host: str | None = None
    price: float | None = None
    reservations: float | None = None


@dataclass(frozen=True)
class Sold:
    """What a show that is over sold of an offer, in all and in each of its ten parts."""

    offer: Offer
    units: float
    parts: Sequence[float] = field(default_factory=tuple)


@dataclass(frozen=True)
class ShowForecast:
    """Units of a product in a whole show: expected, and by quantile.

    `shows` is how many shows of the product, and `of_category` of its category, it stands on. `updated` is whether
    what the show sold so far counts.
    """

    expected: float
    quantiles: Mapping[float, float]
    shows: int
    of_category: int
    updated: bool

    @property
    def of(self) -> str:
        """Whether it stands on the product itself, on its category, on all shows, or on nothing."""
        if self.shows >= FEW:
            return "product"
        return "category" if self.of_category >= FEW else "shows" if math.isfinite(self.expected) else "nothing"


class ShowModel:
    """What shows that are over tell of others. Without any, nothing."""

    def __init__(self, past: Sequence[Sold]) -> None:
        self.past = past
        self._means = {
            "price": _usual([(each.offer.sku, each.offer.price) for each in past]),
            "wish": _usual([(each.offer.sku, each.offer.reservations) for each in past]),
        }
        self._columns: dict[tuple[str, str], int] = {}
        rows = [self._features(each.offer, learn=True) for each in past]
        width = len(self._columns)
        design = np.zeros((len(rows), width))
        for at, row in enumerate(rows):
            for column, value in row:
                design[at, column] = value
        rates = np.array([math.log((each.units + 0.5) / each.offer.minutes) for each in past])
        self._level = float(rates.mean()) if len(past) else 0.0
        precision = np.array([_PRECISION[kind] for kind, _ in self._columns])
        prior = np.array([_PRIOR_MEAN.get(kind, 0.0) for kind, _ in self._columns])
        spread = _PRIOR_SPREAD**2
        self._inverse = np.linalg.inv(design.T @ design + np.diag(precision)) if width else np.zeros((0, 0))
        self._weights: Floats = self._inverse @ (design.T @ (rates - self._level) + precision * prior)
        errors = rates - self._level - design @ self._weights
        free = max(0.0, len(past) - float(np.trace(design @ self._inverse @ design.T))) if len(past) else 0.0
        self._spread = (float(errors @ errors) + _PRIOR_SHOWS * spread) / (free + _PRIOR_SHOWS)

    def _features(self, offer: Offer, *, learn: bool = False) -> list[tuple[int, float]]:
        told: list[tuple[str, str, float]] = [
            ("all", "", 1.0),
            ("sku", offer.sku, 1.0),
            ("hour", str(offer.hour // 3), 1.0),
            ("weekend", str(offer.weekend), 1.0),
        ]
        if offer.category:
            told.append(("category", offer.category, 1.0))
        if offer.host:
            told.append(("host", offer.host, 1.0))
        for kind, value in (("price", offer.price), ("wish", offer.reservations)):
            usual = self._means[kind].get(offer.sku)
            if value is not None and usual is not None:
                told.append((kind, "", math.log(value + 1) - usual))
        rows = []
        for kind, name, value in told:
            if learn:
                self._columns.setdefault((kind, name), len(self._columns))
            if (kind, name) in self._columns:
                rows.append((self._columns[kind, name], value))
        return rows

    def foretell(self, offer: Offer, taus: Sequence[float], *, sold: float = 0.0, elapsed: float = 0.0) -> ShowForecast:
        """What the show will sell, with what it has sold in `elapsed` minutes."""
        shows = sum(each.offer.sku == offer.sku for each in self.past)
        of_category = sum(bool(offer.category) and each.offer.category == offer.category for each in self.past)
        warm = elapsed >= WARM
        if not self.past and not warm:
            return ShowForecast(math.nan, dict.fromkeys(taus, math.nan), shows, of_category, updated=False)
        mean, variance = (
            self._before(offer, shows) if self.past else (sold / max(self._share(offer, elapsed), 0.02), _WIDEST)
        )
        shape = 1 / max(math.expm1(variance), 1e-6)
        share = self._share(offer, elapsed) if warm else 0.0
        level, shape = (
            (mean * (shape + sold / _DISPERSION) / (shape + mean * share / _DISPERSION), shape + sold / _DISPERSION)
            if warm and mean > 0
            else (mean, shape)
        )
        left = level * (1 - share)
        already = sold if warm else 0.0
        spread = _DISPERSION * left + left * left / shape
        quantiles = {tau: max(sold, already + _quantile(tau, left, spread)) for tau in taus}
        return ShowForecast(max(sold, already + left), quantiles, shows, of_category, warm)

    def _before(self, offer: Offer, shows: int) -> tuple[float, float]:
        """The mean, and the variance of the logarithm."""
        row = np.zeros(len(self._columns))
        for column, value in self._features(offer):
            row[column] = value
        unknown = 0.0 if shows else self._spread / _PRECISION["sku"]
        variance = min(_WIDEST, self._spread * (1 + float(row @ self._inverse @ row)) + unknown)
        log = self._level + float(row @ self._weights)
        return max(0.0, offer.minutes * math.exp(log + variance / 2) - 0.5), variance

    def _share(self, offer: Offer, elapsed: float) -> float:
        """What part of a show's units are usually sold in so many minutes."""
        curve = self._curve(offer.sku)
        place = min(1.0, elapsed / offer.minutes) * PARTS
        whole = int(place)
        return float(min(1.0, curve[:whole].sum() + (curve[whole] * (place - whole) if whole < PARTS else 0.0)))

    def _curve(self, sku: str) -> Floats:
        parts = [(each.offer.sku, np.array(each.parts)) for each in self.past if len(each.parts) == PARTS]
        of_all = sum((units for _, units in parts), np.zeros(PARTS)) + _CURVE_PRIOR / PARTS
        of_all = of_all / of_all.sum()
        own = sum((units for of, units in parts if of == sku), np.zeros(PARTS)) + _CURVE_PRIOR * of_all
        curve: Floats = own / own.sum()
        return curve


def _usual(values: Sequence[tuple[str, float | None]]) -> Mapping[str, float]:
    """The mean of the logarithm by product."""
    logs: dict[str, list[float]] = {}
    for sku, value in values:
        if value is not None:
            logs.setdefault(sku, []).append(math.log(value + 1))
    return {sku: sum(found) / len(found) for sku, found in logs.items()}


def _quantile(tau: float, mean: float, variance: float) -> float:
    if mean <= 0:
        return 0.0
    size = mean * mean / (variance - mean)
    return float(nbinom.ppf(tau, size, size / (size + mean)))
