"""What shows will sell, on simulated ones."""

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.random import Generator, default_rng

from domain.forecast.shows import PARTS, Offer, ShowModel, Sold

TAUS = (0.1, 0.5, 0.75, 0.9)
SHAPE = np.array([0.5, 0.8, 1.0, 1.3, 1.6, 1.4, 1.2, 0.9, 0.7, 0.6])
RATES = {"tea": 2.0, "cake": 0.8, "nuts": 5.0, "milk": 0.4}


def offer(random: Generator, sku: str) -> Offer:
    minutes, hour = float(random.choice([90, 120, 180])), int(random.choice([12, 19, 20]))
    price, wanted = float(random.choice([3900, 3900, 2900])), float(random.integers(20, 400))
    weekend, host = bool(random.random() < 0.3), str(random.choice(["甲", "乙"]))
    return Offer(sku, "food", minutes, hour, weekend, host, price, wanted)


def show(random: Generator, offered: Offer) -> Sold:
    """A show whose level varies by 30 %, beside what its host, price and reservations do; its units come in bunches."""
    mean = RATES.get(offered.sku, 1.5) * offered.minutes * random.lognormal(0, 0.3)
    mean *= {"甲": 1.0, "乙": 0.6}[offered.host or "甲"] * ((offered.price or 3900) / 3900) ** -1.5
    mean *= ((offered.reservations or 100) / 100) ** 0.3
    parts = random.negative_binomial(np.maximum(mean * SHAPE / PARTS, 1e-9), 0.5).astype(float)
    return Sold(offered, float(parts.sum()), tuple(parts))


def past(random: Generator, shows: int = 20) -> list[Sold]:
    return [show(random, replace(offer(random, sku), sku=sku)) for _ in range(shows) for sku in RATES]


def test_at_half_time_the_units_of_a_show_are_foretold_to_within_a_quarter() -> None:
    random = default_rng(4)
    model = ShowModel(past(random))
    errors, before, covered = [], [], []
    for _ in range(60):
        for sku in RATES:
            told = show(random, offer(random, sku))
            first = model.foretell(told.offer, TAUS)
            half = model.foretell(told.offer, TAUS, sold=sum(told.parts[:5]), elapsed=told.offer.minutes / 2)
            errors.append(abs(half.expected - told.units) / told.units)
            before.append(abs(first.expected - told.units) / told.units)
            covered.append(told.units <= half.quantiles[0.9])
    assert np.mean(errors) <= 0.25
    assert np.mean(errors) < 0.8 * np.mean(before)
    assert np.mean(covered) == pytest.approx(0.9, abs=0.06)


def test_what_is_known_beforehand_counts() -> None:
    random = default_rng(5)
    model = ShowModel(past(random, 40))
    usual = Offer("tea", "food", 120, 20, weekend=False, host="甲", price=3900, reservations=100)
    base = model.foretell(usual, TAUS).expected
    for change in ({"host": "乙"}, {"reservations": 20}, {"price": 5900}, {"minutes": 60}):
        assert model.foretell(replace(usual, **change), TAUS).expected < 0.9 * base  # type: ignore[arg-type]


def test_a_product_of_few_shows_stands_on_its_category_and_its_band_is_wider() -> None:
    model = ShowModel(past(default_rng(6)))
    known = model.foretell(Offer("tea", "food", 120, 20, weekend=False), TAUS)
    new = model.foretell(Offer("new", "food", 120, 20, weekend=False), TAUS)
    stranger = model.foretell(Offer("pan", "kitchen", 120, 20, weekend=False), TAUS)
    assert [each.of for each in (known, new, stranger)] == ["product", "category", "shows"]
    assert new.quantiles[0.9] / new.quantiles[0.5] > known.quantiles[0.9] / known.quantiles[0.5]


def test_a_year_without_shows_tells_nothing_until_this_one_has_sold_for_a_while() -> None:
    model, offered = ShowModel([]), Offer("tea", None, 120, 20, weekend=False)
    assert (model.foretell(offered, TAUS, sold=9, elapsed=10).of, model.foretell(offered, TAUS).updated) == (
        "nothing",
        False,
    )
    warm = model.foretell(offered, TAUS, sold=30, elapsed=30)
    assert warm.expected == pytest.approx(120, rel=0.35)
    assert warm.quantiles[0.1] >= 30


@pytest.mark.parametrize("elapsed", [0.0, 14.9, 15.0, 60.0, 120.0, 500.0])
def test_no_more_is_foretold_than_is_left_of_the_show_and_never_less_than_was_sold(elapsed: float) -> None:
    model = ShowModel(past(default_rng(7)))
    told = model.foretell(Offer("tea", "food", 120, 20, weekend=False), TAUS, sold=400, elapsed=elapsed)
    assert told.quantiles[0.1] >= 400
    assert list(told.quantiles.values()) == sorted(told.quantiles.values())
    assert all(math.isfinite(value) for value in told.quantiles.values())
    if elapsed >= 120:
        assert told.expected == pytest.approx(400)
