"""How fast a product should sell, and when it is out of the ordinary that it sells faster."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.stock.demand import PastShow, learn, upper_tail


def summed_tail(count: int, mean: float, variance: float) -> float:
    size, chance = mean * mean / (variance - mean), mean / variance
    return math.fsum(
        math.exp(
            math.lgamma(n + size)
            - math.lgamma(size)
            - math.lgamma(n + 1)
            + size * math.log(chance)
            + n * math.log1p(-chance)
        )
        for n in range(count, count + 5000)
    )


@given(st.integers(1, 200), st.floats(0.1, 50), st.floats(1.05, 6))
def test_the_tail_is_the_sum_of_its_masses(count: int, mean: float, dispersion: float) -> None:
    assert upper_tail(count, mean, mean * dispersion) == pytest.approx(
        summed_tail(count, mean, mean * dispersion), rel=1e-6, abs=1e-12
    )


@pytest.mark.parametrize(
    ("count", "mean", "chance"), [(5, 2.0, 0.0526530173), (20, 6.0, 5.18016894e-06), (3, 10.0, 0.9972306)]
)
def test_without_dispersion_it_is_a_poisson_tail(count: int, mean: float, chance: float) -> None:
    """Tables of the Poisson distribution."""
    assert upper_tail(count, mean, mean * (1 + 1e-7)) == pytest.approx(chance, rel=1e-5)


def test_no_amount_is_too_large_for_it() -> None:
    for count in (10**6, 10**12, 10**15):
        assert 0 <= upper_tail(count, count / 3, count * 2.0) <= 1
    assert upper_tail(5, 0, 0) == 0
    assert upper_tail(0, 0, 0) == 1


def test_without_a_past_nothing_is_expected() -> None:
    assert learn([]) is None
    assert learn([PastShow({}, {})]) is None


def test_an_hour_with_little_history_is_shrunk_towards_the_products_mean() -> None:
    much = learn([PastShow({20: 60.0, 21: 60.0}, {20: 60, 21: 180}, 4 * 15**2 + 4 * 45**2)] * 10)
    little = learn([PastShow({20: 60.0, 21: 60.0}, {20: 60, 21: 180}, 4 * 15**2 + 4 * 45**2)])
    assert much is not None
    assert little is not None
    assert 1.0 < much.rates[20] < 1.3 < little.rates[20] < 2.0 < little.rates[21] < 2.7 < much.rates[21] < 3.0
    assert much.expected({21: 10.0}) == pytest.approx(10 * much.rates[21])
    assert much.expected({9: 10.0}) == pytest.approx(10 * much.mean)


def test_what_sold_in_bunches_before_surprises_less() -> None:
    even = learn([PastShow({20: 60.0}, {20: 60}, 4 * 15**2)] * 8)
    bunched = learn([PastShow({20: 60.0}, {20: 60}, 60**2)] * 8)
    assert even is not None
    assert bunched is not None
    assert (even.dispersion, bunched.dispersion > 10) == (1.0, True)
    assert even.is_surprised(55, 15.0)
    assert not bunched.is_surprised(55, 15.0)


def test_shows_that_differ_as_a_whole_surprise_less() -> None:
    alike = learn([PastShow({20: 60.0}, {20: 100}, 4 * 25**2)] * 8)
    different = learn(
        [PastShow({20: 60.0}, {20: units}, 4 * (units // 4) ** 2) for units in (20, 40, 60, 80, 120, 140, 160, 180)]
    )
    assert alike is not None
    assert different is not None
    assert alike.spread < 0.03 < 0.15 < different.spread
    assert alike.is_surprised(75, 30.0)
    assert not different.is_surprised(75, 30.0)


@given(st.lists(st.lists(st.integers(0, 10**9), min_size=4, max_size=4), min_size=1, max_size=5), st.integers(0, 10**9))
def test_whatever_was_sold_it_can_be_learnt_from(shows: list[list[int]], sold: int) -> None:
    known = learn([PastShow({20: 60.0}, {20: sum(blocks)}, sum(each * each for each in blocks)) for blocks in shows])
    assert known is not None
    assert known.dispersion >= 1
    assert known.spread > 0
    assert known.is_surprised(sold, known.expected({20: 5.0})) in (True, False)


def test_three_times_the_usual_is_noticed_and_the_usual_is_not() -> None:
    rng = random.Random(1)
    usual = learn([PastShow({20: 60.0}, {20: 300}, 4 * 75**2)] * 4)
    assert usual is not None
    assert usual.is_surprised(50 * 3, 50.0)
    assert not any(usual.is_surprised(sum(rng.random() < 0.05 for _ in range(1000)), 50.0) for _ in range(300))
