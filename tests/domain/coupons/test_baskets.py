"""What a coupon takes off, and how it is spread: worked out by hand, and what must hold for all."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.coupons.baskets import (
    MAX_LINES,
    MAX_PRICE,
    MAX_QUANTITY,
    Line,
    discounts,
    returned_share,
    spread,
    worst_case,
)
from workflows.language.policy import CouponTerms


def terms(**more: Any) -> CouponTerms:
    return CouponTerms.model_validate({"name": "券", "valid": "1d", **more})


def lines(*totals: int, category: str | None = None) -> list[Line]:
    return [Line(f"s{place}", 1, total, category) for place, total in enumerate(totals)]


FULL59 = {"amount_off": 1000, "threshold": 5900}


@pytest.mark.parametrize(
    ("written", "prices", "expected"),
    [
        (FULL59, [5900], [1000]),
        (FULL59, [5899], "below_threshold"),
        (FULL59, [2000, 2000, 2000], [334, 333, 333]),
        (FULL59, [5900, 1980], [749, 251]),  # 748.73 and 251.27
        (FULL59, [1, 5899], [0, 1000]),  # 0.17 and 999.83
        (FULL59, [0, 5900], [0, 1000]),
        ({"amount_off": 1000}, [300, 200], [300, 200]),
        ({"amount_off": 2}, [1, 1, 1], [1, 1, 0]),
        ({"amount_off": 1000}, [0], "not_eligible"),
        ({"percent_off": 40}, [1299], [519]),  # 519.6
        ({"percent_off": 40, "ceiling": 3000}, [9990, 10], [2997, 3]),
        ({"percent_off": 100}, [7, 8], [7, 8]),
        ({"percent_off": 1}, [99], "not_eligible"),
        ({"percent_off": 33}, [100, 100, 100], [33, 33, 33]),
        ({"percent_off": 50}, [33, 33, 33], [17, 16, 16]),  # 49 of 99: 16.33 each
    ],
)
def test_by_hand(written: dict[str, Any], prices: list[int], expected: list[int] | str) -> None:
    assert discounts(terms(**written), lines(*prices), prices) == expected


@pytest.mark.parametrize(
    ("written", "eligible"),
    [
        ({"skus": ["beans"]}, ["beans"]),
        ({"categories": ["水果"]}, ["apple", "pear"]),
        ({"skus": ["beans"], "categories": ["水果"]}, ["beans", "apple", "pear"]),
        ({"products": "lot", "sku": "pear"}, ["pear"]),
        ({"products": "lot"}, []),
        ({}, ["beans", "apple", "pear", "milk"]),
    ],
)
def test_only_what_it_holds_for_counts(written: dict[str, Any], eligible: list[str]) -> None:
    basket = [Line("beans", 2, 3000), Line("apple", 1, 500, "水果"), Line("pear", 1, 500, "水果"), Line("milk", 1, 900)]
    found = discounts(terms(percent_off=50, **written), basket, [line.total for line in basket])
    expected = [line.total // 2 if line.sku in eligible else 0 for line in basket]
    assert found == (expected if eligible else "not_eligible")


def test_the_threshold_is_on_what_it_holds_for() -> None:
    basket = [Line("beans", 1, 5899), Line("milk", 1, 9900)]
    assert discounts(terms(**FULL59, skus=["beans"]), basket, [5899, 9900]) == "below_threshold"


weights = st.lists(st.integers(0, MAX_PRICE * MAX_QUANTITY), min_size=1, max_size=30)


@given(weights, st.data())
def test_the_parts_are_the_whole_and_each_within_a_fen_of_its_share(weights: list[int], data: st.DataObject) -> None:
    whole = sum(weights)
    amount = data.draw(st.integers(0, whole))
    parts = spread(amount, weights)
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert 0 <= part <= weight
        assert abs(part * whole - amount * weight) < max(whole, 1)


@given(st.lists(st.integers(1, 10**6), min_size=2, max_size=10), st.integers(1, 10**6))
def test_who_pays_more_never_gets_less_nor_the_earlier_of_equals(weights: list[int], amount: int) -> None:
    parts = spread(min(amount, sum(weights)), weights)
    ranked = sorted(range(len(weights)), key=lambda place: (-weights[place], place))
    assert [parts[place] for place in ranked] == sorted(parts, reverse=True)


@given(
    st.lists(st.tuples(st.integers(1, MAX_QUANTITY), st.integers(0, MAX_PRICE)), min_size=1, max_size=20),
    st.sampled_from(
        [{"amount_off": 1}, {"amount_off": 10**14}, {"percent_off": 37}, {"percent_off": 99, "ceiling": 700}]
    ),
)
def test_never_more_than_there_is_to_pay_nor_than_it_can_cost(basket: list[tuple[int, int]], written: Any) -> None:
    rows = [Line(str(place), quantity, price) for place, (quantity, price) in enumerate(basket)]
    found = discounts(terms(**written), rows, [row.total for row in rows])
    if not isinstance(found, str):
        assert all(0 <= part <= row.total for part, row in zip(found, rows, strict=True))
        assert sum(found) <= (worst_case(terms(**written)) or sum(row.total for row in rows))


@given(st.integers(0, 10**6), st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_what_comes_back_in_parts_adds_up(share: int, parts: list[int]) -> None:
    quantity, before, back = sum(parts), 0, 0
    for part in parts:
        back += returned_share(share, quantity, before, part)
        before += part
        assert 0 <= back <= share
    assert back == share


def test_the_largest_basket_is_a_number_that_json_holds() -> None:
    assert MAX_LINES * MAX_PRICE * MAX_QUANTITY < 2**53
