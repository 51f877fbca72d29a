"""Coupons: exactly as many as there are, to each customer as many as may be."""

from datetime import timedelta

import pytest
from shop import Shop

from domain.coupons.tables import CampaignUse, Coupon

SPEC = """
    journey: gifts
    trigger: {event: form.filled}
    entry: {again: always}
    steps: [{coupon: five}, {wait: 1d}]
"""


def terms(**more: object) -> dict[str, dict[str, object]]:
    return {"five": {"name": "满20减5", "amount_off": 500, "threshold": 2000, "valid": "2d", **more}}


@pytest.mark.parametrize(
    ("limit", "wanted", "given"),
    [
        ({"budget_count": 100}, 150, 100),
        ({"budget_money": 10_499}, 30, 20),
        ({"budget_count": 20, "budget_money": 5_000}, 30, 10),
    ],
)
def test_however_many_ask_at_once_what_is_left_is_given(
    shop: Shop, limit: dict[str, int], wanted: int, given: int
) -> None:
    shop.publish(SPEC, coupons=terms(**limit))
    names = [f"c{number}" for number in range(wanted)]
    shop.customers(*names)
    shop.take(*(shop.incoming("form.filled", name) for name in names))
    answers = shop.give_each("coupon", shop.group("1"))
    assert sorted(answer.result for answer in answers) == ["issued"] * given + ["refused"] * (wanted - given)
    assert len({coupon.code for coupon in shop.rows(Coupon)}) == given
    assert [(use.issued, use.money) for use in shop.rows(CampaignUse)] == [(given, given * 500)]
    assert shop.timeline().count(("refused", "budget")) == wanted - given


def test_one_customer_at_twenty_places_gets_as_many_as_one_may(shop: Shop) -> None:
    shop.publish(SPEC, coupons=terms(per_customer="3 per 2d"))
    shop.customers("li")
    for _ in range(20):
        shop.post("form.filled", "li")
    shop.give_each("coupon", shop.group("1"))
    assert shop.timeline().count(("coupon", "five")) == 3
    assert shop.timeline().count(("refused", "per_customer")) == 17


@pytest.mark.parametrize(("limit", "days"), [("1", [0]), ("1 per 2d", [0, 2, 4]), ("2 per 3d", [0, 1, 3, 4])])
def test_a_customer_s_days_are_counted_by_the_calendar(shop: Shop, limit: str, days: list[int]) -> None:
    shop.publish(SPEC, coupons=terms(per_customer=limit))
    shop.customers("li")
    start = shop.clock.now()
    got = []
    for day in range(5):
        shop.clock.set(start + timedelta(days=day, hours=day))
        shop.post("form.filled", "li")
        (answer,) = shop.give("coupon", shop.group("1", [day + 1]))
        got += [day] if answer.result == "issued" else []
    assert got == days


def test_its_terms_are_frozen_when_it_is_issued(shop: Shop) -> None:
    shop.publish(SPEC, coupons=terms())
    shop.customers("li")
    shop.post("form.filled", "li")
    shop.give("coupon", shop.group("1"))
    shop.publish(SPEC, coupons=terms(amount_off=100))
    (coupon,) = shop.rows(Coupon)
    assert coupon.terms["amount_off"] == 500
    assert coupon.expires_at == shop.clock.now() + timedelta(days=2)


@pytest.mark.parametrize("by", ["code", "step"])
def test_redeeming_it_is_about_the_step_that_gave_it(shop: Shop, by: str) -> None:
    shop.publish(
        """
        journey: gifts
        trigger: {event: form.filled}
        entry: {again: always}
        steps:
          - {id: gift, send: gift, via: [sms], coupon: five}
          - {id: used, wait_for: {redeemed: gift}, within: 1d, then: [{tag: used}]}
        """,
        coupons=terms(),
    )
    shop.customers("li", "wang")
    shop.post("form.filled", "li")
    shop.give("send", shop.group("gift"))
    (coupon,) = shop.rows(Coupon)
    names = {"code": {"code": coupon.code}, "step": {"journey": "gifts", "step": "gift"}}
    shop.post("coupon.redeemed", "wang", code=coupon.code)
    assert [each.status for each in shop.rows(Coupon)] == ["issued"]
    shop.post("coupon.redeemed", "li", **names[by])
    assert [each.status for each in shop.rows(Coupon)] == ["redeemed"]
    assert [answer.result for answer in shop.give("arrive", shop.group("used"))] == ["happened"]
