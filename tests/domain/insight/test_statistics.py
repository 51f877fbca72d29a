"""Intervals and verdicts: known answers, and how often chance alone is called a difference."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from domain.insight.statistics import (
    ALPHA,
    TUNED_FOR,
    Moments,
    Sample,
    cuped,
    difference,
    doubt,
    level,
    mismatch,
    sample_needed,
    sequential_difference,
    verdict,
)

A, B = Sample(1396.87, 52377.9767, 3407), Sample(2422.7, 134698.29, 3461)
OTHER_A = Sample(1396.87, 52377.9767, 3000)


def rounded(*values: float | None) -> list[float | None]:
    return [None if value is None else round(value, 5) for value in values]


@pytest.mark.parametrize(
    ("relative", "estimate", "low", "high", "p"),
    [(False, 0.29, 0.04538, 0.53462, 0.02016), (True, 0.70732, -0.03526, 1.44989, 0.06191)],
)
def test_means_with_one_look(relative: bool, estimate: float, low: float, high: float, p: float) -> None:
    found = difference(A, B, relative=relative)
    assert rounded(found.estimate, found.low, found.high, found.p) == [estimate, low, high, p]


def test_means_with_any_number_of_looks() -> None:
    lift = sequential_difference(OTHER_A, B, relative=True, tuned_for=1000)
    assert rounded(lift.estimate, lift.low, lift.high) == [0.50336, -0.55844, 1.56516]


def test_proportions_with_any_number_of_looks() -> None:
    a, b = Sample.of_proportion(1396, 3000), Sample.of_proportion(2422, 3461)
    lift = sequential_difference(a, b, relative=True, tuned_for=5000)
    assert rounded(lift.estimate, lift.low, lift.high) == [0.50386, 0.40098, 0.60675]


@pytest.mark.parametrize(("counts", "p"), [([1000, 1200], 2.0079e-5), ([5000, 5100], 0.31972)])
def test_sizes_that_are_no_chance(counts: list[int], p: float) -> None:
    assert mismatch(counts, [50, 50]) == pytest.approx(p, rel=1e-4)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_the_always_valid_chance_is_that_at_which_the_interval_begins_to_touch_zero(share: float) -> None:
    a, b = Sample.of_proportion(int(share * 2000), 2000), Sample.of_proportion(int(share * 1.05 * 2000) + 5, 2000)
    rho = (-2 * np.log(ALPHA) + np.log(-2 * np.log(ALPHA) + 1)) / TUNED_FOR
    chance = sequential_difference(a, b).p
    assert chance is not None
    gap = sequential_difference(a, b)
    weight = 4000 * rho
    half = np.sqrt((a.of_mean + b.of_mean) * 2 * (weight + 1) / weight * np.log(np.sqrt(weight + 1) / chance))
    assert chance == 1 or half == pytest.approx(gap.estimate)


@pytest.fixture(scope="module")
def looks() -> NDArray[np.bool_]:
    """Of 2,000 comparisons of the same with the same, with 20 looks each: which were called a difference."""
    random = np.random.default_rng(7)
    called = np.zeros(2000, dtype=np.bool_)
    reached = np.cumsum(random.binomial(250, 0.1, size=(2000, 2, 20)), axis=2)
    for trial in range(2000):
        for look in range(20):
            n = 250 * (look + 1)
            a, b = (Sample.of_proportion(int(reached[trial, side, look]), n) for side in (0, 1))
            called[trial] |= sequential_difference(a, b).excludes_zero
    return called


def test_however_often_one_looks_chance_is_seldom_called_a_difference(looks: NDArray[np.bool_]) -> None:
    assert looks.mean() <= ALPHA


def test_a_lift_is_found_as_often_as_planned_at_the_size_that_is_planned() -> None:
    n = sample_needed(0.1, 0.2)
    random = np.random.default_rng(11)
    reached = random.binomial(n, [0.1, 0.12], size=(4000, 2)).tolist()
    found = [
        sequential_difference(Sample.of_proportion(a, n), Sample.of_proportion(b, n)).excludes_zero for a, b in reached
    ]
    assert np.mean(found) == pytest.approx(0.8, abs=0.03)


def test_so_it_is_where_revenue_is_judged_beside_the_goal() -> None:
    n = sample_needed(0.1, 0.2, alpha=ALPHA / 2)
    random = np.random.default_rng(12)
    found = []
    for _ in range(1500):
        pairs = []
        for share in (0.1, 0.12):
            reached = random.binomial(n, share)
            paid = random.gamma(4, 2500, reached)
            pairs.append((Sample.of_proportion(reached, n), Sample(float(paid.sum()), float(paid @ paid), n)))
        goal, revenue = (sequential_difference(a, b).p for a, b in zip(*pairs, strict=True))
        found.append(goal is not None and goal <= level([goal, revenue]))
    assert 0.8 <= np.mean(found) < 0.9


@pytest.mark.parametrize(("base", "lift"), [(0, 0.2), (1, 0.2), (0.9, 0.2), (0.1, 0), (0.1, -1)])
def test_what_cannot_be_planned_is_told(base: float, lift: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        sample_needed(base, lift)


def sample(values: NDArray[np.float64]) -> Sample:
    return Sample(float(values.sum()), float((values**2).sum()), len(values))


def test_what_the_time_before_foretold_is_taken_off_and_the_difference_stays() -> None:
    random = np.random.default_rng(3)
    before = random.gamma(2, 50, 20_000)
    group = random.random(20_000) < 0.5
    outcome = before + random.normal(0, 20, 20_000) + np.where(group, 4.0, 0.0)
    plain = [sample(outcome[part]) for part in (~group, group)]
    parts = [
        Moments(sample(outcome[part]), sample(before[part]), float(outcome[part] @ before[part]))
        for part in (~group, group)
    ]
    wide, narrow = difference(*plain), difference(*cuped(parts))
    assert narrow.high - narrow.low < (wide.high - wide.low) / 3
    assert narrow.low < 4 < narrow.high


def test_the_time_before_takes_off_what_it_does_customer_by_customer() -> None:
    random = np.random.default_rng(4)
    before, outcome = random.normal(5, 2, (2, 40)), random.normal(9, 3, (2, 40))
    before[1] += 1
    inside = [(part - part.mean()) for part in before]
    slope = sum(x @ (y - y.mean()) for x, y in zip(inside, outcome, strict=True)) / sum(x @ x for x in inside)
    by_hand = [sample(y - slope * (x - before.mean())) for x, y in zip(before, outcome, strict=True)]
    parts = [Moments(sample(y), sample(x), float(x @ y)) for x, y in zip(before, outcome, strict=True)]
    for adjusted_sample, expected in zip(cuped(parts), by_hand, strict=True):
        assert [adjusted_sample.total, adjusted_sample.squares] == pytest.approx([expected.total, expected.squares])


@pytest.mark.parametrize(
    ("a", "b", "chance", "words"),
    [
        (Sample.of_proportion(100, 1000), Sample.of_proportion(200, 1000), 0.5, "better"),
        (Sample.of_proportion(200, 1000), Sample.of_proportion(100, 1000), 0.5, "worse"),
        (Sample.of_proportion(100, 1000), Sample.of_proportion(110, 1000), 0.5, "keep going"),
        (Sample.of_proportion(100, 1000), Sample.of_proportion(200, 1000), 0.0001, "can't be trusted"),
        (Sample.of_proportion(5, 99), Sample.of_proportion(990, 1000), 0.5, "can't be trusted"),
        (Sample.of_proportion(5, 100), Sample.of_proportion(990, 1000), 0.5, "better"),
        (Sample.of_proportion(500_000, 10**6), Sample.of_proportion(500_100, 10**6), 0.5, "no difference worth having"),
        (Sample.of_proportion(0, 1000), Sample.of_proportion(100, 1000), 0.5, "better"),
        (Sample.of_proportion(0, 1000), Sample.of_proportion(0, 1000), 0.5, "keep going"),
        (Sample.of_proportion(1000, 1000), Sample.of_proportion(1000, 1000), 0.5, "no difference worth having"),
        (Sample.of_proportion(0, 1000), Sample.of_proportion(1000, 1000), 0.5, "better"),
        (Sample.of_proportion(1000, 1000), Sample.of_proportion(0, 1000), 0.5, "worse"),
        (Sample(1000, 1e6, 1000), Sample(1e9, 1e18, 1000), 0.5, "keep going"),
        (Sample(0, 0, 0), Sample(0, 0, 0), 1.0, "can't be trusted"),
        (Sample(0, 0, 1), Sample(5, 25, 1), 1.0, "can't be trusted"),
    ],
)
def test_the_verdict(a: Sample, b: Sample, chance: float, words: str) -> None:
    assert verdict(a, b, doubt=doubt(a, b, chance_of_sizes=chance), p=sequential_difference(a, b).p) == words


def test_several_comparisons_are_judged_together() -> None:
    assert level([0.01, 0.04, None, 0.03, 0.5]) == pytest.approx(0.05 / 4)
    assert level([0.01, 0.02, 0.03]) == pytest.approx(0.05)
    assert level([0.9, 0.8]) == pytest.approx(0.05 / 2)
    assert level([]) == level([None]) == 0.05


CHANCES = st.integers(0, 999).map(lambda n: n / 1000 + 0.00037)
"""None of them is a level, so that rounding decides nothing."""


@given(st.lists(CHANCES, min_size=1, max_size=6))
def test_as_many_are_called_real_as_benjamini_and_hochberg_do(chances: list[float]) -> None:
    assert [p <= level(chances) for p in chances] == (false_discovery_control(chances) <= 0.05 + 1e-12).tolist()


def test_where_one_of_several_is_called_its_interval_excludes_zero() -> None:
    a = Sample.of_proportion(400, 4000)
    others = [Sample.of_proportion(reached, 4000) for reached in (400, 430, 460, 480, 500, 520)]
    alpha = level([sequential_difference(a, b).p for b in others])
    for b in others:
        gap = sequential_difference(a, b, alpha=alpha)
        assert gap.excludes_zero == (gap.p is not None and gap.p <= alpha)
