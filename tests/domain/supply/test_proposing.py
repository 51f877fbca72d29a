"""What a delivery should bring: properties of every proposal, and what decides it."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.stock.reordering import Demand
from domain.supply.proposing import Position, propose_delivery
from workflows.language.supply import Supplier

UNITS = st.floats(0, 500)


def supplier(terms: dict[str, Any], **more: Any) -> Supplier:
    return Supplier.model_validate({"products": {"milk": terms}, **more})


def position(units: float = 0.0, days: int = 20, demand: float = 10.0, deviation: float = 3.0, **more: Any) -> Position:
    return Position("milk", Demand(demand, deviation), [(days, units)] if units else [], **more)


@given(
    units=UNITS, in_transit=UNITS, demand=st.floats(0, 100), deviation=st.floats(0, 50), days=st.integers(0, 60),
    pack=st.sampled_from(["1", "0.75", "6", "24"]), shelf=st.integers(1, 60), most=st.integers(24, 500),
    minimum=st.integers(0, 24), lead=st.integers(1, 14), joint=st.integers(0, 300),
)  # fmt: skip
def test_every_proposal_is_whole_packs_within_what_sells_and_what_is_agreed(
    units: float, in_transit: float, demand: float, deviation: float, days: int,
    pack: str, shelf: int, most: int, minimum: int, lead: int, joint: int,
) -> None:  # fmt: skip
    terms = {"pack": Decimal(pack), "shelf_life": f"{shelf}d", "max": most, "minimum": minimum}
    asked = position(units, days, demand, deviation, in_transit=in_transit)
    line = propose_delivery([asked], supplier(terms, lead_time=f"{lead}d", minimum=joint)).lines[0]
    assert line.quantity >= 0
    assert line.quantity % Decimal(pack) == 0
    assert line.quantity == 0 or line.quantity >= minimum
    assert line.quantity == 0 or float(line.quantity) + line.usable <= most + 0.002
    assert line.ceiling is not None
    assert float(line.quantity) <= line.ceiling + 0.002
    assert float(line.quantity) <= demand * shelf + 0.002


@given(units=UNITS, more=UNITS)
def test_the_more_there_is_the_less_is_ordered(units: float, more: float) -> None:
    one, other = (propose_delivery([position(each)], supplier({})).units for each in (units, units + more))
    assert other <= one


@pytest.mark.parametrize(
    ("terms", "more", "at", "because"),
    [
        ({}, {}, position(500), "enough"),
        ({}, {}, position(), "level"),
        ({"shelf_life": "2d"}, {"service_level": 99}, position(deviation=30), "shelf_life"),
        ({"min": 100, "max": 200}, {}, position(), "min"),
        ({"min": 1, "max": 20}, {}, position(), "max"),
        ({"min": 60, "shelf_life": "30d"}, {}, position(demand=0, deviation=0), "shelf_life"),
        ({"min": 60, "shelf_life": "30d"}, {}, position(demand=0, deviation=0, known=False), "min"),
        ({"minimum": 90}, {}, position(), "minimum"),
        ({}, {"minimum": 1000, "delivery_days": ["monday"]}, position(95, days=60), "postponed"),
    ],
)
def test_what_decides_is_told(terms: dict[str, Any], more: dict[str, Any], at: Position, because: str) -> None:
    delivery = propose_delivery([at], supplier(terms, **more))
    assert delivery.lines[0].because == because
    assert delivery.postponed == (because == "postponed")


BREAKS = {"price": 500, "breaks": [{"at_least": 100, "price": 490}, {"at_least": 200, "price": 300}]}


@pytest.mark.parametrize(
    ("terms", "units", "price"),
    [
        pytest.param(BREAKS, 200, 300, id="the one that saves most"),
        pytest.param({**BREAKS, "max": 150}, 100, 490, id="within the maximum"),
        pytest.param({**BREAKS, "shelf_life": "6d"}, 39, 500, id="within what sells in time"),
        pytest.param(
            {"price": 500, "breaks": [{"at_least": 280, "price": 499}]}, 39, 500, id="it must be worth keeping"
        ),
        pytest.param({"price": 500, "breaks": [{"at_least": 281, "price": 9}]}, 39, 500, id="it must sell in 28 days"),
    ],
)
def test_an_order_is_raised_to_a_price_break_that_is_worth_it(terms: dict[str, Any], units: int, price: int) -> None:
    brings = supplier(terms)
    (line,) = propose_delivery([position()], brings).lines
    assert (line.quantity, line.because == "break") == (units, units > 39)
    assert brings.products["milk"].price_of(line.quantity) == price


def test_a_delivery_that_lacks_its_minimum_is_filled_with_what_lasts_shortest() -> None:
    terms = {"products": {"milk": {"pack": 10}, "cake": {"pack": 10}, "nuts": {"pack": 10}}, "minimum": 150}
    demand = Demand(10, 0)
    delivery = propose_delivery(
        [Position("milk", demand), Position("cake", demand, [(90, 60)]), Position("nuts", demand, [(90, 400)])],
        Supplier.model_validate(terms),
    )
    assert delivery.units == 150
    milk, cake, nuts = delivery.lines
    assert (nuts.quantity, cake.because) == (0, "joint")
    assert abs(float(milk.quantity) - 60 - float(cake.quantity)) <= 10


def test_what_expires_before_it_could_sell_is_no_stock_and_is_told() -> None:
    soon = position(100, days=2)
    assert soon.usable(5) == pytest.approx(20)
    assert soon.wasted == pytest.approx(80)
    assert position(100, days=2, reserved=5, in_transit=30).usable(5) == pytest.approx(45)
