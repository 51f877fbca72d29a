"""The forecast of many products: 10,000 over two years, for the next 30 days, at four quantiles.

`python -m benchmarks forecast`. In the order of products and days; demand is Poisson, from a unit in a week to hundreds
a day.
"""

import time
from collections.abc import Iterator
from datetime import date

from numpy.random import default_rng

from domain.forecast.calendar import special_days
from domain.forecast.history import History
from domain.forecast.quantiles import next_quantiles
from domain.forecast.smoothing import walk

PRODUCTS, DAYS, AHEAD = 10_000, 730, 30
TAUS = (0.1, 0.5, 0.75, 0.9)
FIRST = date(2024, 3, 4)


def measure() -> Iterator[tuple[str, ...]]:
    """One row: seconds for all."""
    random = default_rng(1)
    demand = random.poisson(random.lognormal(1, 1.5, PRODUCTS), (DAYS, PRODUCTS)).astype(float)
    names, flags = special_days(FIRST, DAYS + AHEAD)
    history = History(FIRST, demand, None, None, flags, names)
    began = time.perf_counter()
    found = next_quantiles(history, walk(history, AHEAD), TAUS)
    seconds = time.perf_counter() - began
    assert found.shape == (len(TAUS), AHEAD, PRODUCTS)
    yield f"forecast of {PRODUCTS:,} products for {AHEAD} days", f"{seconds:.1f} s", "", "", "≤ 60 s"
