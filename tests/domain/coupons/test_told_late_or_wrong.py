"""What tills tell of coupons that they didn't lock: late, twice, or of somebody else's."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop import Shop

from domain.coupons import checkout, issuing, redeeming
from domain.coupons.baskets import Line
from domain.coupons.campaigns import life
from domain.coupons.codes import make_code, tidy
from domain.coupons.tables import CampaignUse, Coupon
from domain.intake.tables import Event
from workflows.language.policy import Validity, read_coupons

GIFTS = """
    journey: gifts
    trigger: {event: form.filled}
    entry: {again: always}
    steps: [{id: gift, coupon: ten}, {wait: 1d}]
"""
TEN: dict[str, Any] = {"name": "满30减10", "amount_off": 1000, "threshold": 3000, "valid": "2d"}


def give(shop: Shop, name: str = "li", **more: Any) -> str:
    """The code of a coupon that was issued to a customer."""
    shop.publish(GIFTS, coupons={"ten": TEN | more})
    known = {coupon.code for coupon in shop.rows(Coupon)}
    shop.post("form.filled", name)
    shop.give("coupon", shop.group("gift"))
    (code,) = {coupon.code for coupon in shop.rows(Coupon)} - known
    return code


def sweep(shop: Shop) -> None:
    with shop.db.begin() as work:
        issuing.expire(work, shop.clock.now(), 100)


def use(shop: Shop) -> tuple[int, int]:
    (row,) = shop.rows(CampaignUse)
    return row.issued, row.money


def status(shop: Shop) -> list[str]:
    return [coupon.status for coupon in shop.rows(Coupon)]


def discrepancies(shop: Shop) -> list[dict[str, Any]]:
    return [event.data for event in shop.rows(Event) if event.type == "coupon.discrepancy"]


@pytest.fixture
def li(shop: Shop) -> Shop:
    shop.customers("li", "wang")
    return shop


@pytest.mark.parametrize("swept", [True, False])
def test_one_that_was_taken_in_time_is_redeemed_and_booked_however_late_that_is_told(li: Shop, swept: bool) -> None:
    code, issued_at = give(li), li.clock.now()
    li.clock.set(issued_at + timedelta(days=3))
    if swept:
        sweep(li)
        assert (status(li), use(li)) == (["expired"], (0, 0))
    li.post("coupon.redeemed", "li", time=issued_at + timedelta(days=2, seconds=-1), code=code, order_id="o1")
    assert (status(li), use(li), discrepancies(li)) == (["redeemed"], (1, 1000), [])


@pytest.mark.parametrize("swept", [True, False])
def test_one_that_was_over_by_then_is_a_discrepancy(li: Shop, swept: bool) -> None:
    code, issued_at = give(li), li.clock.now()
    li.clock.set(issued_at + timedelta(days=3))
    if swept:
        sweep(li)
    li.post("coupon.redeemed", "li", time=issued_at + timedelta(days=2), code=code, order_id="o1")
    assert [told["reason"] for told in discrepancies(li)] == ["expired"]
    sweep(li)
    assert (status(li), use(li)) == (["expired"], (0, 0))


def test_a_second_order_is_a_discrepancy_and_the_same_one_told_again_is_none(li: Shop) -> None:
    code = give(li)
    for order in ("o1", "o1", "o2"):
        li.post("coupon.redeemed", "li", code=code, order_id=order)
    assert discrepancies(li) == [
        {"reason": "used_twice", "code": code, "campaign": "ten", "order_id": "o2", "other_order_id": "o1"}
    ]
    assert use(li) == (1, 1000)


def test_a_till_that_takes_what_a_web_order_holds_is_a_discrepancy(li: Shop) -> None:
    code = give(li)
    with li.db.begin() as work:
        redeeming.carry_out(work, [checkout.Lock(1, [Line("a", 1, 3000)], [code], "web")], li.clock.now())
    li.post("coupon.redeemed", "li", code=code, order_id="web")
    assert discrepancies(li) == []
    li.post("coupon.redeemed", "li", code=code, order_id="till")
    assert [(told["reason"], told["other_order_id"]) for told in discrepancies(li)] == [("held", "web")]
    assert status(li) == ["locked"]


def test_another_customer_s_and_one_taken_back_are_discrepancies(li: Shop) -> None:
    code = give(li)
    li.post("coupon.redeemed", "wang", code=code, order_id="o1")
    with li.db.begin() as work:
        coupon = work.get_one(Coupon, code)
        issuing.take_back(work, coupon)
    li.post("coupon.redeemed", "li", code=code, order_id="o2")
    assert [told["reason"] for told in discrepancies(li)] == ["not_yours", "revoked"]
    assert "other_order_id" not in discrepancies(li)[0]
    assert status(li) == ["revoked"]


def test_a_till_may_spell_a_code_as_it_likes(li: Shop) -> None:
    code = give(li)
    wide = "".join(chr(ord(character) + 0xFEE0) for character in code)
    li.post("coupon.redeemed", "li", code=f"{wide[:5].lower()}–{wide[5:]}\u200b", order_id="o1")
    assert status(li) == ["redeemed"]
    with li.db() as session:
        told = [event.type for event in life(session, session.get_one(Coupon, code))]
    assert told == ["coupon.issued", "coupon.redeemed"]


@given(
    st.builds(make_code),
    st.lists(
        st.sampled_from(["-", "–", "—", "‐", "−", "－", " ", "\u3000", "\xa0", "\t", "\u200b", "\ufeff"]), max_size=4
    ),
    st.booleans(),
)
def test_what_is_between_the_characters_of_a_code_counts_for_nothing(code: str, marks: list[str], wide: bool) -> None:
    typed = "".join(chr(ord(character) + 0xFEE0) for character in code.lower()) if wide else code
    for place, mark in enumerate(marks):
        typed = typed[: 3 * place] + mark + typed[3 * place :]
    assert tidy(typed) == code


SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("valid", "ends_at"),
    [
        ("until 2026-12-31", datetime(2027, 1, 1, tzinfo=SHANGHAI)),
        ("30d to the end of the day", datetime(2026, 4, 2, tzinfo=SHANGHAI)),
        ("12h  to the end of the day", datetime(2026, 3, 4, tzinfo=SHANGHAI)),
        ("30d", datetime(2026, 4, 1, 20, 30, tzinfo=SHANGHAI)),
    ],
)
def test_how_long_one_holds(valid: str, ends_at: datetime) -> None:
    issued_at = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)
    validity = Validity.model_validate(valid)
    assert validity.after(issued_at, SHANGHAI) == ends_at
    assert Validity.model_validate(str(validity)) == validity


@pytest.mark.parametrize(
    "valid", ["until 2026-02-30", "until tomorrow", "30d to the end", "0d", "2026-12-31", "forever"]
)
def test_any_other_span_is_refused_at_its_place(valid: str) -> None:
    _, (diagnostic,) = read_coupons(f"a: {{name: 券, amount_off: 1元, valid: {valid}}}", "_coupons.yaml")
    assert (diagnostic.code, diagnostic.line) == ("E015", 1)


def test_no_coupon_is_given_that_is_over_already(li: Shop) -> None:
    yesterday = (li.clock.now().astimezone(SHANGHAI) - timedelta(days=1)).date()
    assert isinstance(yesterday, date)
    li.publish(GIFTS, coupons={"ten": TEN | {"valid": f"until {yesterday}"}})
    li.post("form.filled", "li")
    li.give("coupon", li.group("gift"))
    assert (li.timeline(), li.rows(Coupon), li.rows(CampaignUse)) == ([("refused", "campaign_over")], [], [])


class TestReprice:
    """`partial_refund: reprice`: what is kept is priced as if only it had been bought."""

    BASKET = (Line("a", 1, 1000), Line("b", 1, 1000), Line("c", 1, 1000))

    def refunds(self, shop: Shop, basket: tuple[Line, ...], *parts: list[tuple[int, int]] | None, **more: Any) -> Any:
        code = give(shop, **more)
        asks: list[Any] = [checkout.Lock(1, basket, [code], "o1"), checkout.Redeem("o1")]
        asks += [checkout.Refund("o1", f"r{number}", part) for number, part in enumerate(parts)]
        with shop.db.begin() as work:
            answers = redeeming.carry_out(work, asks, shop.clock.now())[2:]
        return [(answer.discount, [line["discount"] for line in answer.lines]) for answer in answers]

    def test_below_the_threshold_all_of_the_discount_goes_back(self, li: Shop) -> None:
        parts = ([(0, 1), (1, 1)], [(2, 1)])
        assert self.refunds(li, self.BASKET, *parts, partial_refund="reprice") == [(1000, [500, 500]), (0, [0])]
        assert use(li) == (1, 1000)  # the whole order is back: it may be used again

    def test_by_share_some_of_it_stays(self, li: Shop) -> None:
        assert self.refunds(li, self.BASKET, [(0, 1), (1, 1)]) == [(667, [334, 333])]

    def test_above_the_threshold_none_of_it_goes_back(self, li: Shop) -> None:
        basket = (Line("a", 3, 1000), Line("b", 1, 500))
        assert self.refunds(li, basket, [(1, 1)], [(0, 1)], partial_refund="reprice") == [(0, [0]), (1000, [1000])]

    def test_never_more_goes_back_than_what_was_given_back_cost(self, li: Shop) -> None:
        basket = (Line("a", 1, 2500), Line("b", 1, 500))
        refunds = self.refunds(li, basket, [(1, 1)], None, partial_refund="reprice")
        assert refunds == [(500, [500]), (500, [500])]
