"""Whatever is done to coupons, in whatever order: no fen is lost, none is given twice, no budget is overdrawn."""

from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from shop import Shop
from sqlmodel import Session, col, select

from domain.catalogue import sources
from domain.conditions.facts import CustomerFacts
from domain.coupons import checkout, issuing, redeeming
from domain.coupons.baskets import Line, worst_case
from domain.coupons.tables import CampaignUse, Coupon, CouponOrder
from domain.customers.resolution import lock_customers
from domain.intake.tables import Event
from domain.journeys.tables import Enrollment
from domain.published.library import read_library
from workflows.language.policy import CouponTerms

SPEC = """
    journey: gifts
    trigger: {event: form.filled}
    entry: {again: always}
    steps: [{wait: 1d}]
"""
COUNT, MONEY = 4, 4000
KINDS: dict[str, dict[str, Any]] = {
    "ten": {"amount_off": 1000},
    "half": {"percent_off": 50, "ceiling": 3000},
    "once": {"amount_off": 700, "refund": "forfeit"},
}
LIMITS = {"name": "券", "valid": "1h", "combines": True, "budget_count": COUNT, "budget_money": MONEY}
REFUSED = (issuing.IssueRefusedError, issuing.CouponStateError)


class Books(RuleBasedStateMachine):
    """Two customers and three campaigns, which no other example has."""

    rounds = 0

    def __init__(self, shop: Shop) -> None:
        super().__init__()
        type(self).rounds += 1
        self.name = f"r{self.rounds}"
        self.shop = shop
        shop.publish(SPEC, coupons={f"{self.name}-{kind}": terms | LIMITS for kind, terms in KINDS.items()})
        self.owners = shop.customers(f"{self.name}-li", f"{self.name}-wang")
        shop.post("form.filled", f"{self.name}-li")
        shop.post("form.filled", f"{self.name}-wang")
        with shop.db() as session:
            mine = select(Enrollment).where(col(Enrollment.customer_id).in_(self.owners))
            self.enrollments = {row.customer_id: row.id for row in session.exec(mine)}
        self.issued = 0
        self.refunds = 0
        self.asked: list[checkout.Request] = []

    def try_to(self, act: Any) -> Any:
        try:
            with self.shop.db.begin() as session:
                return act(session, self.shop.clock.now())
        except REFUSED:
            return None

    def ask(self, ask: checkout.Request) -> None:
        """In every example, one to three asks are settled together."""
        self.asked.append(ask)
        if len(self.asked) > self.rounds % 3:
            self.try_to(lambda session, now: redeeming.carry_out(session, self.asked, now))
            self.asked = []

    def coupons_of(self, session: Session) -> list[Coupon]:
        mine = select(Coupon).where(col(Coupon.customer_id).in_(self.owners)).order_by(col(Coupon.issued_at))
        return list(session.exec(mine.order_by(col(Coupon.code))))

    @rule(kind=st.sampled_from(list(KINDS)), who=st.integers(0, 1), times=st.integers(1, 3))
    def issue(self, kind: str, who: int, times: int) -> None:
        def act(session: Session, now: Any) -> Coupon:
            (customer,) = lock_customers(session, [self.owners[who]]).values()
            enrollment = session.get_one(Enrollment, self.enrollments[customer.id])
            facts = CustomerFacts(session, read_library(session), customer, now)
            return issuing.issue(session, facts, enrollment, f"s{self.issued}", f"{self.name}-{kind}")

        for _ in range(times):
            self.issued += self.try_to(act) is not None

    @rule(
        order=st.integers(0, 3), who=st.integers(0, 1), picks=st.sets(st.integers(0, 11), min_size=1, max_size=2),
        prices=st.lists(st.integers(1, 4000), min_size=1, max_size=3), quantity=st.integers(1, 3),
    )  # fmt: skip
    def lock(self, order: int, who: int, picks: set[int], prices: list[int], quantity: int) -> None:
        with self.shop.db() as session:
            codes = [coupon.code for coupon in self.coupons_of(session)]
        lines = [Line("x", quantity, price) for price in prices]
        wanted = list(dict.fromkeys(codes[pick % len(codes)] for pick in sorted(picks))) if codes else ["none"]
        self.ask(checkout.Lock(self.owners[who], lines, wanted, f"{self.name}-{order}"))

    @rule(order=st.integers(0, 3))
    def redeem(self, order: int) -> None:
        self.ask(checkout.Redeem(f"{self.name}-{order}"))

    @rule(order=st.integers(0, 3))
    def cancel(self, order: int) -> None:
        self.ask(checkout.Cancel(f"{self.name}-{order}"))

    @rule(order=st.integers(0, 3), units=st.none() | st.tuples(st.integers(0, 2), st.integers(1, 3)))
    def refund(self, order: int, units: tuple[int, int] | None) -> None:
        self.refunds += 1
        wanted = None if units is None else [units]
        self.ask(checkout.Refund(f"{self.name}-{order}", str(self.refunds), wanted))

    @rule(pick=st.integers(0, 11))
    def revoke(self, pick: int) -> None:
        def act(session: Session, now: Any) -> None:
            lock_customers(session, self.owners)
            found = self.coupons_of(session)
            issuing.move(session, found[pick % len(found) :][:1] if found else [], "revoked", now)

        self.try_to(act)

    @rule(pick=st.integers(0, 11))
    def redeem_elsewhere(self, pick: int) -> None:
        with self.shop.db() as session:
            found = self.coupons_of(session)
        if found:
            coupon = found[pick % len(found)]
            who = ("li", "wang")[self.owners.index(coupon.customer_id)]
            self.shop.post("coupon.redeemed", f"{self.name}-{who}", code=coupon.code, order_id="elsewhere")

    @rule(minutes=st.integers(1, 40))
    def later(self, minutes: int) -> None:
        self.shop.clock.set(self.shop.clock.now() + timedelta(minutes=minutes))

    @rule(limit=st.integers(1, 5))
    def sweep(self, limit: int) -> None:
        self.try_to(lambda session, now: issuing.expire(session, now, limit))

    @invariant()
    def the_books_are_right(self) -> None:
        with self.shop.db() as session:
            found = self.coupons_of(session)
            orders = select(CouponOrder).where(col(CouponOrder.order_id).startswith(f"{self.name}-"))
            for order in session.exec(orders):
                assert sum(part["discount"] for each in order.refunds.values() for part in each["lines"]) <= sum(
                    map(sum, order.shares.values())
                )
            uses = {use.campaign: (use.issued, use.money) for use in session.exec(select(CampaignUse))}
            told = session.exec(select(Event).where(Event.source == sources.COUPONS).order_by(col(Event.id))).all()
        assert len(found) == self.issued
        for kind in KINDS:
            campaign = f"{self.name}-{kind}"
            mine = [coupon for coupon in found if coupon.campaign == campaign]
            live = [coupon for coupon in mine if coupon.status in ("issued", "locked")]
            redeemed = [coupon for coupon in mine if coupon.status == "redeemed"]
            over = [coupon for coupon in mine if coupon.status in ("expired", "revoked")]
            assert len(mine) == len(live) + len(redeemed) + len(over)
            worst = worst_case(CouponTerms.model_validate({**KINDS[kind], **LIMITS}))
            assert {coupon.cost for coupon in live} <= {worst}
            assert all(0 <= coupon.cost <= worst for coupon in redeemed)
            assert {coupon.cost for coupon in over} <= {0}
            count, money = uses.get(campaign, (0, 0))
            assert (count, money) == (len(live) + len(redeemed), sum(coupon.cost for coupon in mine))
            assert count <= COUNT
            assert money <= MONEY
        for coupon in found:
            of_coupon = [event for event in told if event.data["code"] == coupon.code]
            last = [event for event in of_coupon if event.type != "coupon.discrepancy"][-1]
            from_us = coupon.order_id != "elsewhere"
            if from_us:
                assert last.event_id == f"{coupon.code}/{coupon.moves}"
                assert coupon.status == _LEADS_TO[last.type]
            assert (coupon.locked_until is not None) == (coupon.status == "locked")
            assert (coupon.order_id is not None) == (coupon.status in ("locked", "redeemed"))


_LEADS_TO = {type: to for (_, to), type in issuing.EVENT.items()}


def test_the_books_are_right_whatever_happens(shop: Shop) -> None:
    run_state_machine_as_test(
        lambda: Books(shop), settings=settings(max_examples=12, stateful_step_count=25, deadline=None)
    )
