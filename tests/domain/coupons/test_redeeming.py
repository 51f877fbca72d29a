"""Coupons at the till: each is used once, and whoever comes second is told why."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from shop import Shop
from sqlalchemy import Engine
from sqlalchemy import event as sql
from sqlmodel import col, select

from domain.conditions.facts import CustomerFacts
from domain.coupons import checkout, issuing, redeeming
from domain.coupons.baskets import Line
from domain.coupons.checkout import Conflict, CouponsRefused, HeldCoupons, NotLeft, RefundedDiscount
from domain.coupons.tables import CampaignUse, Coupon, CouponOrder
from domain.customers.resolution import lock_customers
from domain.intake.tables import Event
from domain.journeys.tables import Enrollment
from domain.published.library import read_library

GIFTS = """
    journey: gifts
    trigger: {event: form.filled}
    entry: {again: always}
    steps: [{id: gift, coupon: CAMPAIGN}, {wait: 1d}]
"""
TEN = {"name": "满59减10", "amount_off": 1000, "threshold": 5900, "valid": "2d"}
HALF = {"name": "半价", "percent_off": 50, "ceiling": 3000, "valid": "2d"}
BASKET = (Line("beans", 1, 5900), Line("filters", 2, 990))


class Till:
    """A till of the shop; each call is a transaction."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def give(self, name: str = "li", campaign: str = "ten", count: int = 1, **more: Any) -> list[str]:
        """Issue coupons of a campaign to a customer."""
        terms = {"ten": TEN | more, "half": HALF | more, "combi": TEN | {"combines": True} | more}
        self.shop.publish(GIFTS.replace("CAMPAIGN", campaign), coupons=terms)
        known = {coupon.code for coupon in self.shop.rows(Coupon)}
        for _ in range(count):
            self.shop.post("form.filled", name)
        self.shop.give("coupon", self.shop.group("gift"))
        return [coupon.code for coupon in self.shop.rows(Coupon) if coupon.code not in known]

    def quote(self, codes: Sequence[str], lines: Sequence[Line] = BASKET, who: int = 1) -> checkout.Quote:
        with self.shop.db() as session:
            return redeeming.quote(session, [checkout.Basket(who, lines, codes)], self.shop.clock.now())[0]

    def settle(self, *asks: checkout.Request, now: datetime | None = None) -> list[Any]:
        """The answers, or why not."""
        with self.shop.db.begin() as session:
            found = redeeming.carry_out(session, asks, now or self.shop.clock.now())
        return [
            [refusal.reason for refusal in each.refusals]
            if isinstance(each, CouponsRefused)
            else each.detail
            if isinstance(each, Conflict)
            else each
            for each in found
        ]

    def lock(self, order: str, codes: Sequence[str], lines: Sequence[Line] = BASKET, who: int = 1) -> Any:
        return self.settle(checkout.Lock(who, lines, codes, order))[0]

    def redeem(self, order: str) -> Any:
        return self.settle(checkout.Redeem(order))[0]

    def cancel(self, order: str) -> Any:
        return self.settle(checkout.Cancel(order))[0]

    def refund(self, order: str, refund: str, units: Sequence[tuple[int, int]] | None = None) -> Any:
        return self.settle(checkout.Refund(order, refund, units))[0]

    def sweep(self) -> None:
        with self.shop.db.begin() as session:
            issuing.expire(session, self.shop.clock.now(), 100)

    def revoke(self, code: str) -> Any:
        """What there is against it, if anything."""
        with self.shop.db.begin() as session:
            coupon = session.get_one(Coupon, code)
            lock_customers(session, [coupon.customer_id])
            session.refresh(coupon)
            try:
                return issuing.move(session, [coupon], "revoked", self.shop.clock.now())
            except issuing.CouponStateError as conflict:
                return str(conflict)

    def later(self, **span: float) -> None:
        self.shop.clock.set(self.shop.clock.now() + timedelta(**span))

    def status(self, code: str) -> str:
        with self.shop.db() as session:
            return session.get_one(Coupon, code).status

    def statuses(self) -> Counter[str]:
        return Counter(coupon.status for coupon in self.shop.rows(Coupon))

    def use(self, campaign: str = "ten") -> tuple[int, int]:
        with self.shop.db() as session:
            use = session.get_one(CampaignUse, campaign)
            return use.issued, use.money

    def told(self, code: str) -> list[str]:
        with self.shop.db() as session:
            rows = session.exec(select(Event).where(col(Event.type).startswith("coupon.")).order_by(col(Event.id)))
            return [row.type.removeprefix("coupon.") for row in rows if row.data["code"] == code]


@pytest.fixture
def till(shop: Shop) -> Till:
    shop.customers("li", "wang")
    return Till(shop)


class TestLife:
    def test_issued_locked_redeemed_and_each_is_told(self, till: Till) -> None:
        (code,) = till.give()
        locked = till.lock("o1", [code])
        assert (locked.status, locked.quote.discount, locked.quote.lines) == ("locked", 1000, [749, 251])
        assert till.status(code) == "locked"
        assert till.redeem("o1").status == "redeemed"
        assert till.told(code) == ["issued", "locked", "redeemed"]
        assert till.use() == (1, 1000)

    def test_the_same_call_again_gives_the_same_answer(self, till: Till) -> None:
        (code,) = till.give()
        assert till.lock("o1", [code]) == till.lock("o1", [code])
        assert till.redeem("o1") == till.redeem("o1") == till.lock("o1", [code])
        assert till.told(code) == ["issued", "locked", "redeemed"]

    def test_another_basket_is_a_conflict_until_it_is_cancelled(self, till: Till) -> None:
        (code,) = till.give()
        till.lock("o1", [code])
        assert "another basket" in till.lock("o1", [code], BASKET[:1])
        assert till.cancel("o1") == till.cancel("o1")
        assert till.lock("o1", [code], BASKET[:1]).quote.lines == [1000]
        assert till.told(code) == ["issued", "locked", "released", "locked"]

    def test_what_an_order_holds_no_other_gets_until_its_time_is_over(self, till: Till) -> None:
        (code,) = till.give()
        till.lock("o1", [code])
        assert till.lock("o2", [code]) == ["locked"]
        till.later(minutes=15)
        assert till.redeem("o1") == ["expired"]
        assert till.lock("o2", [code]).status == "locked"
        assert till.redeem("o1") == ["expired"]
        assert till.redeem("o2").status == "redeemed"
        assert till.lock("o3", [code]) == ["locked"]

    def test_the_sweep_lets_go_and_ends_and_gives_the_budget_back(self, till: Till) -> None:
        free, held = till.give(count=2)
        assert till.use() == (2, 2000)
        till.later(days=2, minutes=-1)
        till.lock("o1", [held])
        till.later(minutes=1)
        till.sweep()
        assert (till.status(free), till.status(held)) == ("expired", "locked")
        assert till.use() == (1, 1000)
        till.later(minutes=14)
        till.sweep()
        till.sweep()
        assert till.told(held) == ["issued", "locked", "released", "expired"]
        assert till.use() == (0, 0)

    def test_a_lock_taken_in_time_holds_past_the_coupon_s_end(self, till: Till) -> None:
        (code,) = till.give()
        till.later(days=2, minutes=-1)
        till.lock("o1", [code])
        till.later(minutes=10)
        assert till.redeem("o1").status == "redeemed"

    def test_what_it_did_not_come_to_goes_back_into_the_budget(self, till: Till) -> None:
        (code,) = till.give(campaign="half")
        assert till.use("half") == (1, 3000)
        till.lock("o1", [code], [Line("milk", 1, 999)])
        till.redeem("o1")
        assert till.use("half") == (1, 499)

    @pytest.mark.parametrize("status", ["locked", "redeemed", "expired"])
    def test_only_an_issued_one_can_be_taken_back(self, till: Till, status: str) -> None:
        (code,) = till.give()
        till.lock("o1", [code])
        if status == "redeemed":
            till.redeem("o1")
        if status == "expired":
            till.later(days=3)
            till.sweep()
        assert till.revoke(code) == f"coupon is {status} and can't become revoked"

    def test_one_taken_back_is_worth_nothing_and_its_step_can_get_another(self, till: Till) -> None:
        (code,) = till.give()
        with till.shop.db.begin() as session:
            enrollment = session.exec(select(Enrollment)).one()
            (customer,) = lock_customers(session, [enrollment.customer_id]).values()
            facts = CustomerFacts(session, read_library(session), customer, till.shop.clock.now())
            issuing.revoke(session, enrollment.id, "gift")
            assert issuing.held(session, enrollment.id, "gift") is None
            another = issuing.issue(session, facts, enrollment, "gift", "ten").code
        assert till.quote([code]).refusals[0].reason == "expired"
        assert till.quote([another]).discount == 1000
        assert till.use() == (1, 1000)
        assert till.told(code) == ["issued", "revoked"]

    def test_a_journey_can_wait_for_it(self, till: Till) -> None:
        till.shop.publish(
            """
            journey: gifts
            trigger: {event: form.filled}
            entry: {again: always}
            exit: [{event: coupon.revoked}]
            steps:
              - {id: gift, coupon: ten}
              - {id: used, wait_for: {event: coupon.redeemed}, within: 1d, then: [{stop: used}]}
            """,
            coupons={"ten": TEN},
        )
        till.shop.post("form.filled", "li")
        till.shop.post("form.filled", "wang")
        till.shop.give("coupon", till.shop.group("gift"))
        till.shop.give("arrive", till.shop.group("used"))
        ours, theirs = sorted(till.shop.rows(Coupon), key=lambda coupon: coupon.customer_id)
        till.lock("o1", [ours.code])
        till.redeem("o1")
        till.revoke(theirs.code)
        answers = till.shop.give("arrive", till.shop.group("used"))
        assert [answer.result for answer in answers] == ["stopped", "exit"]


class TestRefusals:
    def test_each_has_its_reason(self, till: Till) -> None:
        mine, spent, old = till.give(count=3)
        (theirs,) = till.give("wang")
        till.lock("o0", [spent])
        till.redeem("o0")
        assert till.quote([spent, theirs, "22222222223", mine]).refusals == [
            checkout.Refusal(spent, "locked"),
            checkout.Refusal(theirs, "not_yours"),
            checkout.Refusal("22222222223", "unknown", slip=True),
        ]
        assert till.quote([mine], BASKET[1:]).refusals[0].reason == "below_threshold"
        till.later(days=2)
        assert till.quote([old]).refusals[0].reason == "expired"
        till.sweep()
        assert till.quote([old]).refusals[0].reason == "expired"

    @pytest.mark.parametrize("state", ["issued", "locked", "redeemed", "expired", "revoked"])
    def test_of_somebody_else_s_nothing_more_is_said(self, till: Till, state: str) -> None:
        (code,) = till.give("wang")
        if state in ("locked", "redeemed"):
            till.lock("o1", [code], who=2)
        if state == "redeemed":
            till.redeem("o1")
        if state == "expired":
            till.later(days=2)
            till.sweep()
        if state == "revoked":
            till.revoke(code)
        assert till.quote([code]).refusals == [checkout.Refusal(code, "not_yours")]
        assert till.lock("o2", [code]) == ["not_yours"]

    def test_another_customer_s_order(self, till: Till) -> None:
        (mine,) = till.give()
        (theirs,) = till.give("wang")
        till.lock("o1", [mine])
        assert till.lock("o1", [theirs], who=2) == "The order is another customer's."
        assert till.status(theirs) == "issued"

    def test_one_to_an_order_unless_all_combine(self, till: Till) -> None:
        (one, two), (three, four) = till.give(count=2), till.give(campaign="combi", count=2)
        lines = [Line("beans", 2, 5900)]
        for codes, refused in [((one, two), two), ((one, three), three), ((three, one), one)]:
            found = till.quote(codes, lines)
            assert (found.discount, found.refusals) == (1000, [checkout.Refusal(refused, "not_eligible")])
        assert till.quote((three, four), lines).discount == 2000
        assert till.quote((three, four)).refusals == []  # 7,880 fen, then 6,880
        assert till.quote((three, four), BASKET[:1]).refusals == [checkout.Refusal(four, "below_threshold")]

    def test_all_or_none_are_locked(self, till: Till) -> None:
        (one,) = till.give()
        assert till.lock("o1", [one, "X"]) == ["unknown"]
        assert till.status(one) == "issued"
        assert till.shop.rows(CouponOrder) == []


class TestRefunds:
    def test_the_whole(self, till: Till) -> None:
        (code,) = till.give()
        till.lock("o1", [code])
        assert till.refund("o1", "r1") == "The order has used no coupons."
        till.redeem("o1")
        assert till.refund("o1", "r1") == RefundedDiscount(
            1000,
            [{"line": 0, "quantity": 1, "discount": 749}, {"line": 1, "quantity": 2, "discount": 251}],
            [code],
        )
        assert till.refund("o1", "r1") == till.refund("o1", "r1", None)
        assert till.refund("o1", "r2") == RefundedDiscount(0, [], [])
        assert till.told(code)[-1] == "restored"
        assert till.use() == (1, 1000)
        assert till.lock("o2", [code]).status == "locked"

    def test_line_by_line_adds_up(self, till: Till) -> None:
        (code,) = till.give(campaign="half")
        till.lock("o1", [code])
        till.redeem("o1")
        parts = [till.refund("o1", f"r{n}", [unit]) for n, unit in enumerate([(1, 1), (0, 1), (1, 1)])]
        assert [part.discount for part in parts] == [377, 2246, 377]
        assert [part.restored for part in parts] == [[], [], [code]]
        assert till.refund("o1", "r0", [(1, 1)]) == parts[0]
        assert "something else" in till.refund("o1", "r0", [(0, 1)])

    def test_no_more_than_there_is(self, till: Till) -> None:
        (code,) = till.give()
        till.lock("o1", [code])
        till.redeem("o1")
        till.refund("o1", "r1", [(1, 1)])
        for units, place in [([(0, 1), (1, 2)], 1), ([(2, 1)], 0)]:
            with till.shop.db.begin() as session:
                (why,) = redeeming.carry_out(session, [checkout.Refund("o1", "r2", units)], till.shop.clock.now())
            assert isinstance(why, NotLeft)
            assert why.index == place

    @pytest.mark.parametrize("why", ["forfeit", "expired", "budget"])
    def test_when_it_stays_used(self, till: Till, why: str) -> None:
        limits: dict[str, dict[str, Any]] = {"forfeit": {"refund": "forfeit"}, "budget": {"budget_money": 3000}}
        (code,) = till.give(campaign="half", **limits.get(why, {}))
        till.lock("o1", [code], [Line("milk", 1, 1000)])
        till.redeem("o1")
        if why == "expired":
            till.later(days=2)
        if why == "budget":  # somebody lowers it meanwhile
            till.shop.publish(GIFTS.replace("CAMPAIGN", "half"), coupons={"half": HALF | {"budget_money": 2999}})
        assert till.refund("o1", "r1").restored == []
        assert till.status(code) == "redeemed"
        assert till.use("half") == (1, 0)


class TestRefundsThatAreEvents:
    """`order.refunded`, of shops that don't call for it or call as well."""

    @pytest.mark.parametrize("elsewhere", [False, True])
    @pytest.mark.parametrize("parts", [[None], [4900, 1980], [None, None]])
    def test_the_whole_order_frees_its_coupon(self, till: Till, elsewhere: bool, parts: list[int | None]) -> None:
        (code,) = till.give(campaign="half")
        if elsewhere:
            till.shop.post("coupon.redeemed", "li", code=code, order_id="o1")
        else:
            till.lock("o1", [code])
            till.redeem("o1")
        till.shop.post("order.paid", "li", order_id="o1", total=6880)
        for part in parts:
            assert till.status(code) == "redeemed" or part is None
            till.shop.post("order.refunded", "li", order_id="o1", **({} if part is None else {"total": part}))
        assert (till.status(code), till.use("half")) == ("issued", (1, 3000))
        assert till.told(code)[-1] == "restored"
        assert till.lock("o2", [code]).status == "locked"

    @pytest.mark.parametrize("refund", ["restore", "forfeit"])
    def test_the_till_is_still_told_what_belongs_to_it_and_nothing_is_given_twice(
        self, till: Till, refund: str
    ) -> None:
        (code,) = till.give(refund=refund)
        till.lock("o1", [code])
        till.redeem("o1")
        till.refund("o1", "r1", [(1, 1)])
        till.shop.post("order.refunded", "li", order_id="o1")
        assert till.use() == ((1, 1000) if refund == "restore" else (1, 0))
        rest = till.refund("o1", "r2")
        assert (rest.discount, rest.restored) == (875, [])
        assert till.use() == ((1, 1000) if refund == "restore" else (1, 0))

    def test_another_s_order_frees_nothing(self, till: Till) -> None:
        (code,) = till.give()
        till.lock("o1", [code])
        till.redeem("o1")
        till.shop.post("order.refunded", "wang", order_id="o1")
        assert till.status(code) == "redeemed"


def test_one_that_is_used_elsewhere_after_its_lock_was_over_is_used(till: Till) -> None:
    (code,) = till.give()
    till.lock("o1", [code])
    till.shop.post("coupon.redeemed", "li", code=code, order_id="o2")
    assert till.status(code) == "locked"
    till.later(minutes=15)
    till.shop.post("coupon.redeemed", "li", code=code, order_id="o2")
    assert till.status(code) == "redeemed"
    assert till.redeem("o1") == ["expired"]
    assert till.use() == (1, 1000)


class TestTogether:
    """Asks of several tills, settled in one transaction."""

    def test_who_cannot_be_served_does_not_disturb_the_others(self, till: Till) -> None:
        one, two = till.give(count=2)
        asks = [checkout.Lock(1, BASKET, [code], order) for code, order in ((one, "o1"), (one, "o2"), (two, "o2"))]
        more = [checkout.Redeem("o1"), checkout.Redeem("o3"), checkout.Refund("o1", "r1"), checkout.Cancel("o2")]
        first, refused, second, redeemed, unknown, refund, cancelled = till.settle(*asks, *more)
        assert [first.status, refused, second.status, redeemed.status] == ["locked", ["locked"], "locked", "redeemed"]
        assert [unknown, refund.restored, cancelled.status] == [checkout.UnknownOrder(), [one], "open"]
        assert till.told(one) == ["issued", "locked", "redeemed", "restored"]
        assert (till.statuses(), till.use()) == ({"issued": 2}, (2, 2000))

    def test_six_cost_as_many_statements_as_two(self, till: Till, migrated: tuple[Engine, object]) -> None:
        owners = till.shop.customers(*(name for name in "abcdef"))
        locks = [checkout.Lock(who, BASKET, till.give(name), name) for who, name in zip(owners, "abcdef", strict=True)]
        spent: list[str] = []

        def spy(*args: Any) -> None:
            spent.append(args[2])

        sql.listen(migrated[0], "before_cursor_execute", spy)
        for ask in (locks, [checkout.Redeem(name) for name in "abcdef"]):
            till.settle(*ask[:2])
            two, spent[:] = len(spent), []
            till.settle(*ask)
            assert len(spent) == two
            spent.clear()
        sql.remove(migrated[0], "before_cursor_execute", spy)


class TestAtOnce:
    """Many threads, one Postgres; whatever comes first, the books are right."""

    def test_two_orders_and_one_code(self, till: Till) -> None:
        (code,) = till.give()

        def pay(order: str) -> str:
            locked = till.lock(order, [code])
            return till.redeem(order).status if isinstance(locked, HeldCoupons) else locked[0]

        found = till.shop.at_once(*(lambda n=n: pay(f"o{n}") for n in range(12)))
        assert Counter(found) == {"redeemed": 1, "locked": 11}
        assert till.told(code) == ["issued", "locked", "redeemed"]

    def test_one_order_many_times(self, till: Till) -> None:
        (code,) = till.give()
        found = till.shop.at_once(*(lambda: (till.lock("o1", [code]), till.redeem("o1"))[1] for _ in range(12)))
        assert found == [found[0]] * 12
        assert till.told(code) == ["issued", "locked", "redeemed"]

    def test_redeeming_and_expiring(self, till: Till) -> None:
        codes = till.give(count=12)
        for number, code in enumerate(codes):
            till.lock(f"o{number}", [code])
        till.later(minutes=15, seconds=-1)
        sooner = till.shop.clock.now()
        till.later(days=3)

        def redeem(number: int) -> Any:
            (found,) = till.settle(checkout.Redeem(f"o{number}"), now=sooner)
            return found.status if isinstance(found, HeldCoupons) else found[0]

        calls = [call for n in range(12) for call in ((lambda n=n: redeem(n)), till.sweep)]
        found = [each for each in till.shop.at_once(*calls) if each is not None]
        assert Counter(found) == till.statuses()
        assert till.use() == (till.statuses()["redeemed"], 1000 * till.statuses()["redeemed"])

    def test_locking_and_cancelling(self, till: Till) -> None:
        (code,) = till.give()
        till.lock("o1", [code])
        till.shop.at_once(
            *(call for _ in range(8) for call in (lambda: till.cancel("o1"), lambda: till.lock("o1", [code])))
        )
        told = till.told(code)[1:]
        assert told == [("locked", "released")[n % 2] for n in range(len(told))]
        assert till.status(code) == {"locked": "locked", "released": "issued"}[told[-1]]

    def test_one_refund_many_times(self, till: Till) -> None:
        (code,) = till.give(campaign="half")
        till.lock("o1", [code])
        till.redeem("o1")
        found = till.shop.at_once(*(lambda: till.refund("o1", "r1", [(1, 1)]) for _ in range(8)))
        assert found == [found[0]] * 8
        different = till.shop.at_once(*(lambda n=n: till.refund("o1", f"s{n}") for n in range(8)))
        assert sum(each.discount for each in different) == 3000 - found[0].discount
        assert [each.restored for each in different].count([code]) == 1
        assert till.use("half") == (1, 3000)
