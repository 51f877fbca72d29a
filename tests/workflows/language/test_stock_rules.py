"""The rules of stock, as they are written."""

from pathlib import Path

import pytest

from workflows.language.stock_rules import StockRules, read_stock_rules
from workflows.source.diagnostics import render

SHIPPED = Path(__file__).parents[3] / "journey_specs" / "_stock.yaml"


def test_the_shipped_rules_are_the_defaults_where_they_say_so() -> None:
    rules, found = read_stock_rules(SHIPPED.read_text(encoding="utf-8"), "_stock.yaml")
    assert found == []
    assert rules is not None
    named = {"buyer", "escalate_to", "lead_time_spread"}
    shipped, usual = rules.of("anything", None), StockRules().of("anything", None)
    assert shipped.model_dump(exclude=named) == usual.model_dump(exclude=named)
    assert rules.of("beans-250", None).pack == 24


def test_a_product_goes_before_its_category_and_that_before_the_defaults() -> None:
    text = "defaults: {pack: 2, ratio: 3}\ncategories: {豆: {pack: 4, cover: 2d}}\nproducts: {b: {cover: 9d}}"
    rules, _ = read_stock_rules(text, "s")
    assert rules is not None
    found = [
        (rule.pack, str(rule.cover), rule.ratio)
        for rule in (rules.of("a", None), rules.of("a", "豆"), rules.of("b", "豆"))
    ]
    assert found == [(2, "7d", 3.0), (4, "2d", 3.0), (4, "9d", 3.0)]


def test_what_is_stored_reads_back_the_same() -> None:
    rules, _ = read_stock_rules(SHIPPED.read_text(encoding="utf-8"), "_stock.yaml")
    assert rules is not None
    stored = StockRules.model_validate(rules.body())
    assert stored.of("beans-250", None) == rules.of("beans-250", None)
    assert stored.body() == rules.body()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("defaults: {ratio: true}", "1:19 E013 must be a number"),
        ("defaults: {ratio: 0.5}", '1:19 E015 "0.5" is not possible; it must be 1.0 or more'),
        ("defaults: {pack: 0}", '1:18 E015 "0" is not possible; it must be above 0'),
        ("defaults: {pack: -12}", '1:18 E015 "-12" is not possible; it must be above 0'),
        ("defaults: {pack: 99999999999999}", '1:18 E015 "99999999999999" is not possible; it must be 1000000 or less'),
        ("defaults: {lead_time: 3}", '1:23 E015 "3" is not a duration; write it like 30m, 1h, 3d or 2w'),
        ("defaults: {service_level: 95}", '1:27 E015 "95" is not a percentage; write it like 95%'),
        ("defaults: {service_level: 100%}", '1:27 E015 "100%" is not possible; it must be 99.99 or less'),
        ("products: {a: {buyr: x}}", '1:16 E010 unknown key "buyr"; did you mean "buyer"?'),
        ("product: {a: {buyer: x}}", '1:1 E010 unknown key "product"; did you mean "products"?'),
        ("defaults：{pack: 1}", '1:9 E005 full-width "：" where YAML needs ": " (a half-width sign and a space)'),
        ("categories: [a]", "1:13 E013 must be a mapping of keys and values"),
    ],
)  # fmt: skip
def test_mistakes(text: str, told: str) -> None:
    rules, found = read_stock_rules(text, "s")
    assert rules is None
    assert render(found[0]) == f"s:{told}"
