"""The policy, the segments and the coupon campaigns."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from workflows.language.checks import References
from workflows.language.policy import CouponTerms, Policy, read_coupons, read_policy, read_segments
from workflows.source.diagnostics import render

SPECS = Path(__file__).parents[3] / "journey_specs"


def text(name: str) -> str:
    return (SPECS / name).read_text()


def shipped() -> Policy:
    policy, found = read_policy(text("_policy.yaml"), "_policy.yaml")
    assert policy is not None
    assert found == []
    return policy


def test_the_shipped_policy() -> None:
    policy = shipped()
    assert policy.timezone == "Asia/Shanghai"
    assert [(hours.start, hours.end) for hours in policy.quiet_hours] == [("22:00", "08:00")]
    assert {name: (cap.count, cap.days) for name, cap in policy.caps.items()} == {
        "sms": (1, 1), "wecom": (1, 1), "wechat": (1, 1), "all": (5, 7),
    }  # fmt: skip
    assert str(policy.attribution) == "3d"
    assert policy.holdout == 0.0


def test_a_test_may_override_parts_of_the_policy() -> None:
    changed = shipped().overridden({"quiet_hours": "none", "caps": {"sms": "3 per 1d"}, "holdout": "2.5%"})
    assert changed.quiet_hours == ()
    assert changed.caps["sms"].count == 3
    assert changed.caps["all"].count == 5
    assert changed.holdout == 2.5
    assert changed.timezone == "Asia/Shanghai"


@pytest.mark.parametrize(
    "changes", [{"quiet": "none"}, {"quiet_hours": "late"}, {"caps": {"sms": 3}}, {"timezone": "Mars/Olympus"}]
)
def test_a_bad_override_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        shipped().overridden(changes)


def test_what_is_stored_reads_back_the_same() -> None:
    for policy in (shipped(), shipped().overridden({"quiet_hours": "none"})):
        assert Policy.model_validate(policy.model_dump(mode="json")) == policy
    campaigns, _ = read_coupons(text("_coupons.yaml"), "_coupons.yaml")
    assert campaigns
    for terms in campaigns.values():
        assert CouponTerms.model_validate(terms.model_dump(mode="json")) == terms


def test_the_shipped_coupons() -> None:
    campaigns, found = read_coupons(text("_coupons.yaml"), "_coupons.yaml")
    assert found == []
    assert campaigns is not None
    cart, clearance = campaigns["cart_minus5"], campaigns["clearance_40"]
    assert (cart.amount_off, cart.threshold, cart.budget_money, cart.budget_count) == (500, 3000, 2_000_000, None)
    assert cart.per_customer is not None
    assert (cart.per_customer.count, cart.per_customer.days) == (1, 30)
    assert (clearance.percent_off, clearance.ceiling, clearance.products) == (40, 3000, "lot")
    assert campaigns["full59_minus10"].per_customer is not None
    assert campaigns["full59_minus10"].per_customer.days is None


def test_what_a_coupon_holds_for_and_goes_with() -> None:
    written = "name: 券, amount_off: 5元, valid: 4d, skus: [beans], categories: [水果, 蔬菜]"
    campaigns, found = read_coupons(f"a: {{{written}, combines: true, refund: forfeit}}", "c")
    assert found == []
    assert campaigns is not None
    terms = campaigns["a"]
    assert (terms.skus, terms.categories) == (("beans",), ("水果", "蔬菜"))
    assert (terms.combines, terms.refund) == (True, "forfeit")
    assert CouponTerms.model_validate(terms.model_dump(mode="json")) == terms


def test_the_shipped_segments() -> None:
    segments, found = read_segments(text("_segments.yaml"), "_segments.yaml", References())
    assert found == []
    assert segments is not None
    assert list(segments) == ["高价值客户", "看过直播未下单"]


POLICY = "timezone: Asia/Shanghai\nquiet_hours: none\ncaps: {}\n"


@pytest.mark.parametrize(
    ("written", "first"),
    [
        ("caps: {}\nquiet_hours: none\n", '1:1 E011 "timezone" is missing'),
        ("timezone: Asia/Shanghai\ncaps: {}\n", '1:1 E011 "quiet_hours" is missing'),
        (
            POLICY.replace("Shanghai", "Shangai"),
            '1:11 E038 unknown timezone "Asia/Shangai"; did you mean "Asia/Shanghai"?',
        ),
        (
            POLICY.replace("none", "22:00"),
            '2:14 E015 "22:00" is not quiet hours; write `22:00-08:00`, a weekday like `sunday`, '
            "a list of these, or none",
        ),
        (
            POLICY.replace("none", "08:00-08:00"),
            "2:14 E044 quiet hours that end when they begin; write none if there are none",
        ),
        (POLICY.replace("{}", "{smss: 1 per 1d}"), '3:8 E012 unknown channel "smss"; did you mean "sms"?'),
        (POLICY.replace("{}", "{sms: 1}"), '3:13 E015 "1" is not a cap; write it like `1 per 1d` or `5 per 7d`'),
        (
            POLICY.replace("{}", "{sms: {count: 1, days: 1}}"),
            "3:13 E015 this is not a cap; write it like `1 per 1d` or `5 per 7d`",
        ),
        (POLICY + "holdout: 5\n", '4:10 E015 "5" is not a percentage; write it like 5%'),
        (POLICY + "holdout: 101%\n", '4:10 E015 "101%" is not possible; it must be 100 or less'),
    ],
)
def test_mistakes_in_the_policy(written: str, first: str) -> None:
    policy, found = read_policy(written, "p")
    assert policy is None
    assert render(found[0]) == f"p:{first}"


@pytest.mark.parametrize(
    ("written", "first"),
    [
        ("{name: 券, valid: 4d}", "1:4 E041 a coupon has exactly one of `amount_off` and `percent_off`"),
        ("{name: 券, amount_off: 10, valid: 4d}", '1:26 E015 "10" is not an amount of money; write it like 10元'),
        ("{name: 券, amount_off: 0元, valid: 4d}", '1:26 E015 "0元" is not possible; it must be 1 or more'),
        ("{name: 券, amount_off: 1元, ceiling: 2元, valid: 4d}", "1:4 E041 `ceiling` goes with `percent_off` only"),
        (
            "{name: 券, percent_off: 40, valid: 4d, budget: {number: 5}}",
            '1:51 E010 unknown key "number"; known here are count, money',
        ),
        (
            "{name: 券, percent_off: 40, valid: 4d, per_customer: often}",
            '1:56 E015 "often" is not a limit; write it like `1` or `1 per 30d`',
        ),
        ("{name: 券, percent_off: 40}", '1:4 E011 "valid" is missing'),
        ("{name: 券, percent_off: 40, valid: 4d, combines: yes}", "1:52 E013 must be true or false"),
        ("{name: 券, percent_off: 40, valid: 4d, skus: []}", "1:48 E020 this list is empty"),
        (
            "{name: 券, percent_off: 40, valid: 4d, refund: keep}",
            '1:50 E014 "keep" is not possible here; write restore or forfeit',
        ),
        (
            "{name: 券, percent_off: 40, valid: 4d, products: lot, categories: [水果]}",
            "1:4 E041 `products` chooses by itself; `skus` and `categories` name others",
        ),
        (
            "{name: 券, percent_off: 40, valid: 4d, budget: {money: 100元}}",
            "1:4 E041 `budget.money` with `percent_off` needs a `ceiling`, the most that one can cost",
        ),
    ],
)
def test_mistakes_in_coupons(written: str, first: str) -> None:
    campaigns, found = read_coupons(f"a: {written}", "c")
    assert campaigns is None
    assert render(found[0]) == f"c:{first}"


@pytest.mark.parametrize(
    ("written", "first"),
    [
        ("a: {segment: b}\nb: {not: {segment: a}}", "1:1 E042 segments refer to each other in a circle: a → b → a"),
        ("a: {segment: a}", "1:1 E042 segments refer to each other in a circle: a → a"),
        ("a: {segment: c}", '1:14 E026 unknown segment "c"'),
        ("a: {field: trigger.total, above: 1}", '1:12 E029 "trigger.total" is not known here: nothing has begun'),
        ("a: {tag: x, segment: b}\nb: {tag: y}", "1:13 E018 a condition has exactly one of"),
    ],
)
def test_mistakes_in_segments(written: str, first: str) -> None:
    segments, found = read_segments(written, "s", References())
    assert segments is None
    assert render(found[0]).startswith(f"s:{first}")
