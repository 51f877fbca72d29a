"""`_supply.yaml` is read, and each mistake told at its line."""

from pathlib import Path

import pytest

from workflows.language.supply import Supply, read_supply

SHIPPED = Path(__file__).parents[3] / "journey_specs" / "_supply.yaml"
HEAD = "suppliers:\n  a:\n    "


def test_the_shipped_terms_are_in_order() -> None:
    supply, found = read_supply(SHIPPED.read_text(encoding="utf-8"), "_supply.yaml")
    assert found == []
    assert supply is not None
    assert Supply.model_validate(supply.model_dump(mode="json")) == supply
    brought = supply.of("beans-250")
    assert brought is not None
    assert (brought[0], brought[1].between(), brought[2].pack) == ("hengyuan", 3, 24)
    assert supply.of("tea") is None


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("lead_time: -2d", 3, "duration"),
        ("lead_time: 0d", 3, "duration"),
        ("way: consignment", 3, "order or vmi or quick"),
        ("delivery_days: [someday]", 3, "sunday"),
        ("service_level: 120%", 3, ""),
        ("minimum: -1", 3, ""),
        ("products: {milk: {pack: 0}}", 3, ""),
        ("products: {milk: {shelf_life: 0d}}", 3, "duration"),
        ("products: {milk: {min: 9, max: 3}}", 3, "`min` is more than `max`"),
        ("products: {milk: {pack: 9, max: 3}}", 3, "more than `max`"),
        ("way: vmi\n    products:\n      milk: {pack: 6}", 5, "write both"),
        ("products: {milk: {}}\n  b:\n    products: {milk: {}}", 5, "a brings it already"),
        ("products: {milk: {breaks: [{at_least: 5, price: 3}]}}", 3, "`breaks` need a `price`"),
        ("products: {milk: {price: 3, breaks: [{at_least: 5, price: 3}]}}", 3, "at a lower price"),
        (
            "products: {milk: {price: 9, breaks: [{at_least: 5, price: 3}, {at_least: 5, price: 2}]}}",
            3,
            "each more units",
        ),
        ("lead_time_spread: -1d", 3, "duration"),
        ("weight: 3", 3, "weight"),
    ],
)
def test_a_mistake_is_told_at_its_line(text: str, line: int, words: str) -> None:
    supply, found = read_supply(HEAD + text + "\n", "_supply.yaml")
    assert supply is None
    assert [(each.line, words in each.message) for each in found] == [(line, True)]
