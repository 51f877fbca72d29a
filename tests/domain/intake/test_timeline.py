"""The timeline of a customer: what was decided, and what an event didn't begin, in order and in pages."""

from datetime import timedelta

import pytest
from running_shop import CART, SHANGHAI, WELCOME, arrivals, open_shop, order, plan_of, run
from sqlmodel import col, select

from domain.coupons.tables import Coupon
from domain.customers.identifiers import IdentifierError, identify
from domain.customers.resolution import find_customer
from domain.customers.tables import Customer
from domain.intake.ingest import Incoming, ingest
from domain.intake.timeline import TimelineCursor, timeline
from domain.journeys import lifecycle
from domain.store.clock import VirtualClock
from domain.store.work import Database
from workflows.terms.wording import Wording
from workflows.verbs.base import Decision
from workflows.words.telling import render

EN, ZH = Wording("en", {"five": "立减五元"}), Wording("zh", {"five": "立减五元"})
WHO = identify(None, {"phone": "+8613800000001"})


@pytest.fixture
def lived(db: Database, clock: VirtualClock) -> Database:
    """A customer's month: welcomed, a cart that was empty, another that wasn't, and a second order."""
    start = clock.now()
    open_shop(db, start, WELCOME, CART)
    evening = start + timedelta(hours=11)  # 23:00
    events = [
        *arrivals(1, start),
        (start + timedelta(minutes=1), 1, "cart.updated", {"cart_id": "k0", "total": 0}),
        order(evening, 1, 1),
        (start + timedelta(days=8), 1, "cart.updated", {"cart_id": "k1", "total": 900}),
        order(start + timedelta(days=20), 1, 2),
    ]
    run(db, clock, events, start + timedelta(days=30))
    return db


def whole(db: Database, *, journey: str | None = None, limit: int = 100) -> list[Decision]:
    with db() as session:
        customer = session.get_one(Customer, 1)
        return [decision for _, decision in timeline(session, customer, journey=journey, limit=limit)]


class TestTimeline:
    def test_tells_every_decision_with_its_reason(self, lived: Database, clock: VirtualClock) -> None:
        start = clock.now() - timedelta(days=20)
        lines = [f"{(each.at - start).days} {each.journey} {render(each, EN, SHANGHAI)}" for each in whole(lived)]
        assert lines == [
            "0 cart not entered on cart.updated: the trigger's condition doesn't hold"
            " (because event.total is 0元, not above 0元)",
            "0 welcome entered",
            "0 welcome thanks held until 2026-03-03 08:00",
            "0 welcome sent thanks by wecom",
            "1 welcome step 3 took the branch “else” (because customer.city is 上海, not 杭州)",
            "1 welcome coupon 立减五元 issued",
            "1 welcome sent thanks by sms",
            "2 welcome step answer: timed out",
            "2 welcome came to its end",
            "8 cart entered",
            "8 cart coupon 立减五元 issued",
            "8 cart sent remind by wecom",
            "8 cart came to its end",
            "20 welcome not entered on order.paid: the trigger's condition doesn't hold"
            " (because customer.orders is 2, not 1)",
        ]  # fmt: skip

    def test_tells_it_in_chinese(self, lived: Database) -> None:
        lines = [render(each, ZH, SHANGHAI) for each in whole(lived, journey="welcome")]
        assert lines[0] == "进入旅程"
        assert lines[1] == "thanks 暂缓到 2026-03-03 08:00 再发送"
        assert lines[2] == "发送 thanks，经企业微信"
        assert lines[-1].startswith("没有进入（已下单）：触发条件不满足（因为 ")

    def test_tells_what_became_of_coupons(self, lived: Database, clock: VirtualClock) -> None:
        with lived.begin() as work:
            coupon = work.exec(select(Coupon).order_by(col(Coupon.issued_at))).first()
            assert coupon
            at, data = coupon.issued_at + timedelta(hours=1), {"code": coupon.code, "order_id": "o9"}
            ingest(work, [Incoming("till", "r1", "coupon.redeemed", at, data, WHO)], now=clock.now())
        (used,) = [each for each in whole(lived, journey="welcome") if each.what == "coupon.redeemed"]
        assert render(used, EN, SHANGHAI) == "coupon 立减五元 was used on order o9"
        assert render(used, ZH, SHANGHAI) == "优惠券 立减五元 用于订单 o9"
        assert [each for each in whole(lived, journey="cart") if each.what == "coupon.redeemed"] == []

    def test_a_use_that_does_not_fit_is_told_as_that(self, lived: Database, clock: VirtualClock) -> None:
        with lived.begin() as work:
            coupon = work.exec(select(Coupon).order_by(col(Coupon.issued_at))).first()
            assert coupon
            at, code = coupon.issued_at + timedelta(hours=1), coupon.code
            for order in ("o9", "o10"):
                data = {"code": code, "order_id": order}
                ingest(work, [Incoming("till", order, "coupon.redeemed", at, data, WHO)], now=clock.now())
        told = [render(each, ZH, SHANGHAI) for each in whole(lived, journey="welcome")]
        assert [line for line in told if "订单" in line] == [
            "优惠券 立减五元 用于订单 o9",
            "优惠券 立减五元 被报告由订单 o10 使用，与记录对不上，没有改动",
        ]

    @pytest.mark.parametrize("size", [1, 2, 3, 5])
    def test_pages_join_to_the_whole(self, lived: Database, size: int) -> None:
        found: list[Decision] = []
        with lived() as session:
            customer, after = session.get_one(Customer, 1), None
            while page := timeline(session, customer, after=after, limit=size):
                found += [decision for _, decision in page]
                after = TimelineCursor.of(str(page[-1][0]))
        assert found == whole(lived)

    def test_two_journeys_not_entered_on_one_event_are_paged_too(self, db: Database, clock: VirtualClock) -> None:
        start = clock.now()
        open_shop(db, start, CART, CART.replace("journey: cart", "journey: basket"))
        run(db, clock, [(start, 1, "cart.updated", {"cart_id": "k", "total": 0})] * 3, start + timedelta(days=1))
        found: list[str] = []
        with db() as session:
            customer, after = session.get_one(Customer, 1), None
            while page := timeline(session, customer, after=after, limit=1):
                after = page[0][0]
                found.append(page[0][1].journey)
        assert found == ["basket", "cart"] * 3

    def test_an_event_before_the_journey_was_published_is_no_miss(self, db: Database, clock: VirtualClock) -> None:
        start = clock.now()
        run(db, clock, [(start, 1, "cart.updated", {"cart_id": "k", "total": 0})], start + timedelta(days=1))
        open_shop(db, start + timedelta(hours=1), CART)
        assert whole(db) == []

    def test_goes_by_the_version_that_was_live_also_if_it_had_been_before(
        self, db: Database, clock: VirtualClock
    ) -> None:
        start = clock.now()
        open_shop(db, start, CART)
        for hours, least in enumerate((0, 9, 0)):
            text = CART.replace("above: 0元", f"above: {least}元")
            with db.begin() as session:
                lifecycle.publish(session, plan_of(text), text, start + timedelta(hours=hours), "li")
        run(
            db,
            clock,
            [(start + timedelta(hours=3), 1, "cart.updated", {"cart_id": "k", "total": 0})],
            start + timedelta(days=1),
        )
        assert [render(each, EN, SHANGHAI) for each in whole(db)] == [
            "not entered on cart.updated: the trigger's condition doesn't hold"
            " (because event.total is 0元, not above 0元)"
        ]  # fmt: skip

    @pytest.mark.parametrize("text", ["", "1", "x_1_1_", "1_7_1_", "1_1_-1_", "1_1_9223372036854775808_", "1e300_1_1_"])
    def test_a_wrong_place_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=r".*"):
            TimelineCursor.of(text)


class TestFindCustomer:
    def test_by_id_and_by_identifier(self, lived: Database) -> None:
        with lived() as session:
            found = [find_customer(session, name) for name in ("1", "phone:138-0000-0001", "external_userid:wm1")]
            assert [each.id if each else None for each in found] == [1, 1, 1]
            assert find_customer(session, "2") is None
            assert find_customer(session, "9" * 40) is None

    def test_refuses_what_names_nobody(self, db: Database) -> None:
        with db() as session, pytest.raises(IdentifierError):
            find_customer(session, "colour:red")


class TestTold:
    def test_what_has_no_words_yet_is_told_as_it_is(self, clock: VirtualClock) -> None:
        decision = Decision(at=clock.now(), journey="j", what="new", value="thing", reason="odd")
        assert render(decision, EN, SHANGHAI) == "new: thing: odd"

    @pytest.mark.parametrize(
        ("reason", "sentence", "chinese"),
        [
            (lifecycle.REPLACED, "a new version was published", "发布了新版本"),
            (lifecycle.STOPPED, "the journey was stopped", "旅程已停止"),
            (lifecycle.BY_OPERATOR, "stopped by an operator", "由操作人员停止"),
            ("held_by_pause", "held by a pause", "到期时旅程已暂停"),
            ("run_ended", "run ended by an operator", "运行由操作人员终止"),
        ],
    )
    def test_a_reason_has_words_whether_stored_as_code_or_as_the_sentence_of_old(
        self, clock: VirtualClock, reason: str, sentence: str, chinese: str
    ) -> None:
        for stored in (reason, sentence):
            decision = Decision(at=clock.now(), journey="j", what="ended", value="stopped", reason=stored)
            assert render(decision, ZH, SHANGHAI) == f"提前结束：{chinese}"
            assert render(decision, EN, SHANGHAI) == f"stopped: {sentence}"
