"""How much to order."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.reordering import propose
from workflows.stock_rules import StockRule
from workflows.values import Duration


def rule(**values: object) -> StockRule:
    return StockRule.model_validate(
        {name: Duration.of(each) if isinstance(each, str) else each for name, each in values.items()}
    )


def test_the_textbooks_example() -> None:
    """Worked by hand: d = 10, σ = 2, L = 4, σL = 1, z(95%) = 1.645: 1.645·√(4·4 + 100·1) = 17.7; s = 40 + 17.7."""
    found = propose([8, 12] * 10, 0, rule(lead_time="4d", lead_time_spread="1d", cover="7d"))
    assert (found.safety_stock, found.reorder_point) == (18, 58)
    assert found.quantity == 58 + 70
    assert propose([8, 12] * 10, 30, rule(lead_time="4d", lead_time_spread="1d", cover="7d")).quantity == 98
    assert propose([8, 12] * 10, 59, rule(lead_time="4d", lead_time_spread="1d", cover="7d")).quantity == 0


def test_no_more_than_sells_before_it_perishes() -> None:
    """In 5 days 50 are sold; of the 30 that are left none is there in 3 days, of 50 there are 20."""
    short = rule(lead_time="3d", cover="14d", shelf_life="5d", pack=6)
    assert propose([10] * 10, 30, short).ceiling == 48
    assert propose([10] * 10, 30, short).quantity == 48
    assert propose([10] * 10, 50, short).ceiling == 30


def test_what_the_show_is_about_to_sell_counts_as_gone() -> None:
    assert propose([10] * 7, 100, StockRule()).quantity == 0
    assert propose([10] * 7, 100, StockRule(), rush=90) == propose([10] * 7, 10, StockRule())
    assert propose([10] * 7, 100, StockRule(), rush=10**9) == propose([10] * 7, 0, StockRule())


def test_what_never_sold_is_not_ordered() -> None:
    assert propose([], 0, StockRule()).quantity == 0
    assert propose([0] * 7, 0, StockRule()).quantity == 0


@given(
    st.lists(st.integers(0, 10**9), max_size=28),
    st.integers(0, 10**9),
    st.integers(1, 10**6),
    st.none() | st.integers(1, 60),
    st.floats(50, 99.99),
)
def test_it_is_always_whole_packs_within_the_ceiling(
    sold: list[int], left: int, pack: int, shelf: int | None, level: float
) -> None:
    found = propose(sold, left, rule(pack=pack, service_level=level, shelf_life=f"{shelf}d" if shelf else None))
    assert found.quantity >= 0
    assert found.quantity % pack == 0
    assert found.safety_stock >= 0
    assert found.ceiling is None or found.quantity <= found.ceiling
    assert found.quantity == 0 or left <= found.reorder_point
    assert math.isfinite(found.quantity)


@pytest.mark.parametrize("more", [1, 12, 100])
def test_the_more_there_is_the_less_is_ordered(more: int) -> None:
    quantities = [propose([20, 40], left, rule(pack=more)).quantity for left in range(0, 200, 5)]
    assert quantities == sorted(quantities, reverse=True)
