"""What a supplier's answer means: agreed, for the buyer to decide, or nothing that anybody could mean."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.supply.answers import AnswerError, answered, exceptions_of
from workflows.language.supply import Supplier

ON = date(2026, 3, 4)
LINES = [
    {"sku": "milk", "quantity": 60, "usable": 20, "ceiling": 120},
    {"sku": "fish", "quantity": 7.5, "usable": 0, "ceiling": None},
]


def supplier(way: str = "order") -> Supplier:
    terms = {"milk": {"pack": 12, "min": 40, "max": 110}, "fish": {"pack": 0.75, "min": 0, "max": 30}}
    return Supplier.model_validate({"way": way, "change_limit": 20, "products": terms})


@pytest.mark.parametrize(
    ("way", "verdict", "changes", "promised", "found"),
    [
        ("order", "confirm", {}, None, []),
        ("order", "refuse", {}, None, ["refused"]),
        ("order", "change", {"milk": 72}, None, []),
        ("order", "change", {"milk": 84}, None, ["more:milk"]),
        ("order", "change", {"milk": 132}, None, ["expires:milk"]),
        ("order", "change", {"milk": 36}, None, ["less:milk"]),
        ("order", "change", {"milk": 0, "fish": "6.75"}, None, ["less:milk"]),
        ("order", "change", {"milk": 0, "fish": 0}, None, ["refused"]),
        ("order", "confirm", {}, date(2026, 3, 6), ["later"]),
        ("order", "confirm", {}, date(2026, 3, 3), []),
        ("vmi", "change", {"milk": 84}, None, []),
        ("vmi", "change", {"milk": 96}, None, ["more:milk"]),
        ("vmi", "change", {"milk": 24}, None, []),
        ("vmi", "change", {"milk": 12}, None, ["less:milk"]),
    ],
)
def test_what_is_agreed_and_what_the_buyer_has_to_look_at(
    way: str, verdict: Any, changes: dict[str, Any], promised: date | None, found: list[str]
) -> None:
    brings = answered(LINES, verdict, {sku: Decimal(units) for sku, units in changes.items()}, supplier(way))
    assert exceptions_of(LINES, brings, ON, promised, supplier(way)) == found


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({}, "lines", "needed"),
        ({"milk": 50}, "lines.milk", "not_whole_packs"),
        ({"fish": "0.8"}, "lines.fish", "not_whole_packs"),
        ({"milk": -12}, "lines.milk", "below_zero"),
        ({"cake": 12}, "lines.cake", "not_asked"),
    ],
)
def test_what_nobody_could_mean_is_refused_by_its_field(changes: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(AnswerError) as refused:
        answered(LINES, "change", {sku: Decimal(units) for sku, units in changes.items()}, supplier())
    assert (refused.value.field, refused.value.reason) == (field, reason)
