"""How much to order."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.stock.reordering import Demand, demand_of, propose
from domain.stock.selling import Day
from workflows.language.stock_rules import StockRule
from workflows.terms.values import Duration


def rule(**values: object) -> StockRule:
    return StockRule.model_validate(
        {name: Duration.of(each) if isinstance(each, str) else each for name, each in values.items()}
    )


def days(sold: Sequence[float], stocked: float = 1.0) -> Demand:
    return demand_of(Day(units, stocked) for units in sold)


def test_the_textbooks_example() -> None:
    """Worked by hand: d = 10, σ = 2, L = 4, σL = 1, z(95%) = 1.645: 1.645·√(4·4 + 100·1) = 17.7; s = 40 + 17.7."""
    found = propose(days([8, 12] * 10), 0, rule(lead_time="4d", lead_time_spread="1d", cover="7d"))
    assert (found.safety_stock, found.reorder_point) == (18, 58)
    assert found.quantity == 58 + 70
    assert propose(days([8, 12] * 10), 30, rule(lead_time="4d", lead_time_spread="1d", cover="7d")).quantity == 98
    assert propose(days([8, 12] * 10), 59, rule(lead_time="4d", lead_time_spread="1d", cover="7d")).quantity == 0


def test_no_more_than_sells_before_it_perishes() -> None:
    """In 5 days 50 are sold; of the 30 that are left none is there in 3 days, of 50 there are 20."""
    short = rule(lead_time="3d", cover="14d", shelf_life="5d", pack=6)
    assert propose(days([10] * 10), 30, short).ceiling == 48
    assert propose(days([10] * 10), 30, short).quantity == 48
    assert propose(days([10] * 10), 50, short).ceiling == 30


def test_what_the_show_is_about_to_sell_counts_as_gone() -> None:
    assert propose(days([10] * 7), 100, StockRule()).quantity == 0
    assert propose(days([10] * 7), 100, StockRule(), rush=90) == propose(days([10] * 7), 10, StockRule())
    assert propose(days([10] * 7), 100, StockRule(), rush=10**9) == propose(days([10] * 7), 0, StockRule())


def test_what_never_sold_is_not_ordered() -> None:
    assert propose(days([]), 0, StockRule()).quantity == 0
    assert propose(days([0] * 7), 0, StockRule()).quantity == 0


class TestDemand:
    def test_of_whole_days_it_is_the_mean_and_the_deviation(self) -> None:
        assert days([8, 12] * 10) == Demand(10, 2)

    def test_time_sold_out_shows_none(self) -> None:
        """Ten by noon and nothing left: twenty a day. Days that had nothing at all change nothing."""
        assert days([10] * 14, stocked=0.5) == Demand(20, 0)
        assert demand_of([*[Day(10, 0.5)] * 14, *[Day()] * 9]) == Demand(20, 0)

    def test_a_single_rush_is_not_what_every_day_brings(self) -> None:
        assert demand_of([Day(70, 0.01)]).per_day == pytest.approx(10)

    def test_what_sold_though_the_book_had_nothing_counts_whole_days(self) -> None:
        assert days([10] * 14, stocked=0) == Demand(10, 0)

    def test_more_came_back_than_sold(self) -> None:
        assert days([-5] * 7).per_day == 0

    def test_places_add_up(self) -> None:
        assert Demand(10, 3) + Demand(5, 4) == Demand(15, 5)


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
    found = propose(days(sold), left, rule(pack=pack, service_level=level, shelf_life=f"{shelf}d" if shelf else None))
    assert found.quantity >= 0
    assert found.quantity % pack == 0
    assert found.safety_stock >= 0
    assert found.ceiling is None or found.quantity <= found.ceiling
    assert found.quantity == 0 or left <= found.reorder_point
    assert math.isfinite(found.quantity)


@pytest.mark.parametrize("more", [1, 12, 100])
def test_the_more_there_is_the_less_is_ordered(more: int) -> None:
    quantities = [propose(days([20, 40]), left, rule(pack=more)).quantity for left in range(0, 200, 5)]
    assert quantities == sorted(quantities, reverse=True)
