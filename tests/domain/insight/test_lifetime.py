"""Models of what customers will order: parameters found again, and nothing said of too little."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import gammaln

from domain.insight import lifetime
from domain.insight.lifetime import Histories, PurchaseModel, TooFewOrdersError, fit_purchases, fit_values

TRUE = PurchaseModel(r=0.8, alpha=10.0, a=0.9, b=3.0, log_likelihood=0)
Floats = NDArray[np.float64]


@pytest.fixture(scope="module")
def shop() -> tuple[Histories, Floats]:
    """Twenty thousand customers who order and are lost as the model says, and how many order in the 20 weeks after."""
    random = np.random.default_rng(5)
    n, span = 20_000, 20.0
    age = random.uniform(20, 60, n)
    rate, leaving = random.gamma(TRUE.r, 1 / TRUE.alpha, n), random.beta(TRUE.a, TRUE.b, n)
    repeats, recency, later = np.zeros(n), np.zeros(n), np.zeros(n)
    at, here = np.zeros(n), np.ones(n, dtype=np.bool_)
    while here.any():
        at = at + np.where(here, random.exponential(1 / rate), 0)
        known, after = here & (at <= age), here & (at > age) & (at <= age + span)
        repeats += known
        recency = np.where(known, at, recency)
        later += after
        here = (known | after) & (random.random(n) >= leaving)
    return Histories(repeats, recency, age), later


def test_parameters_are_found_again(shop: tuple[Histories, Floats]) -> None:
    model = fit_purchases(shop[0])
    assert [model.r, model.alpha, model.a, model.b] == pytest.approx([TRUE.r, TRUE.alpha, TRUE.a, TRUE.b], rel=0.15)


def test_of_many_different_histories_all_count_and_rounding_times_changes_little(
    shop: tuple[Histories, Floats], monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = fit_purchases(shop[0])
    monkeypatch.setattr(lifetime, "MOST_ROWS", 1000)
    rounded = fit_purchases(shop[0])
    numbers = [(each.r, each.alpha, each.a, each.b) for each in (exact, rounded)]
    assert numbers[0] != numbers[1]
    assert numbers[1] == pytest.approx(numbers[0], rel=0.01)


def test_what_is_expected_is_what_comes(shop: tuple[Histories, Floats]) -> None:
    known, later = shop
    assert TRUE.expected(known, 20).sum() == pytest.approx(later.sum(), rel=0.03)
    assert TRUE.chance(known, 20).sum() == pytest.approx((later > 0).sum(), rel=0.03)


def test_what_orders_are_worth_is_found_again() -> None:
    random = np.random.default_rng(9)
    repeats = random.integers(0, 8, 30_000).astype(np.float64)
    scale = random.gamma(4.0, 1 / 8000.0, 30_000)  # of whom q is 4 and gamma 8000 fen
    mean = np.where(repeats > 0, random.gamma(6.0 * np.maximum(repeats, 1), 1 / (scale * np.maximum(repeats, 1))), 0)
    model = fit_values(repeats, mean)
    assert [model.p, model.q, model.gamma] == pytest.approx([6.0, 4.0, 8000.0], rel=0.15)
    p, q, gamma, x, m = model.p, model.q, model.gamma, repeats[repeats > 0], mean[repeats > 0]
    density = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(gamma) + (p * x - 1) * np.log(m)
    density += p * x * np.log(x) - (p * x + q) * np.log(gamma + m * x)
    assert model.log_likelihood == pytest.approx(density.sum())
    assert model.expected(repeats, mean).mean() == pytest.approx(6.0 * 8000 / 3, rel=0.05)


def test_of_too_few_orders_nothing_is_said() -> None:
    few = Histories(np.array([0.0, 2.0]), np.array([0.0, 3.0]), np.array([5.0, 5.0]))
    with pytest.raises(TooFewOrdersError, match="1 customers ordered again"):
        fit_purchases(few)
    with pytest.raises(TooFewOrdersError):
        fit_values(few.repeats, np.array([0.0, 100.0]))
