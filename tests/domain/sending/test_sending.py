"""A message goes out once, whatever happens at the same time, before, or in between."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from shop import Provider, Shop
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from activities.journey import JourneyActivities
from domain.channels import accounts
from domain.channels.delivery import Account, Delivery
from domain.channels.tables import ProviderAccount
from domain.coupons.tables import CampaignUse, Coupon
from domain.customers.tables import Identifier
from domain.intake.ingest import ingest_given
from domain.journeys.tables import Enrollment, TrailEntry
from domain.ledger.tables import Message
from domain.sending import claiming
from domain.sending.claiming import claim
from domain.store.clock import VirtualClock
from domain.store.work import Database, UnitOfWork
from domain.texts import rendering
from runtime.platform.database import Patience, connect
from workflows.plan.commands import Answer, Group, unpack
from workflows.terms.channels import CHANNELS

ONE = """
    journey: one
    trigger: {event: form.filled}
    entry: {again: always}
    goal: {event: order.paid, within: 7d}
    steps: [{id: hello, send: hello, via: [sms]}, {wait: 1d}]
"""
GIFT = """
    journey: gift
    trigger: {event: form.filled}
    entry: {again: always}
    steps: [{id: gift, send: gift, via: [sms], coupon: five}, {wait: 1d}]
"""
FIVE = {"five": {"name": "5", "amount_off": 500, "valid": "2d", "budget_count": 3, "budget_money": 5000}}


def results(answers: list[Answer]) -> list[str]:
    return sorted(answer.result for answer in answers)


def claimed(shop: Shop) -> None:
    """Claim every message and lose the worker before the provider has answered."""
    with shop.db.begin() as session:
        claim(session, shop.group(shop.plan.first or ""), shop.clock.now(), shop.channels)


class TestCaps:
    def test_fifty_at_once_under_a_cap_of_one_send_one(self, shop: Shop) -> None:
        shop.publish(ONE, caps={"sms": "1 per 1d"})
        shop.customers("li")
        for _ in range(50):
            shop.post("form.filled", "li")
        answers = shop.give_each("send", shop.group("hello"))
        assert results(answers) == ["sent"] + ["suppressed"] * 49
        assert len(shop.provider.taken) == 1
        assert shop.timeline().count(("suppressed", "capped")) == 49

    @pytest.mark.parametrize(("status", "second"), [("sent", "capped"), ("unknown", "capped"), ("failed", "hello")])
    def test_a_permanent_failure_gives_its_place_back_and_an_unknown_fate_does_not(
        self, shop: Shop, status: str, second: str
    ) -> None:
        shop.publish(ONE, caps={"all": "1 per 7d"})
        shop.customers("li")
        shop.post("form.filled", "li")
        shop.provider.says = {"+8613800000000": Delivery(status)}  # type: ignore[arg-type]
        shop.give("send", shop.group("hello"))
        shop.provider.says = {}
        shop.post("form.filled", "li")
        shop.give("send", shop.group("hello", [2]))
        assert shop.timeline() == [(status, "hello"), ("sent" if second == "hello" else "suppressed", second)]


class TestABatch:
    def test_one_bad_recipient_disturbs_nobody_else(self, shop: Shop) -> None:
        shop.publish(ONE)
        shop.customers("a", "b", "c")
        shop.take(*(shop.incoming("form.filled", name) for name in "abc"))
        shop.provider.says = {"+8613800000001": Delivery("failed", reason="no such number")}
        assert results(shop.give("send", shop.group("hello"))) == ["failed", "sent", "sent"]
        assert sorted(shop.timeline()) == [("failed", "no such number"), ("sent", "hello"), ("sent", "hello")]

    @pytest.mark.parametrize("text", ['{% if trigger.bad %}{{ "\\x00" }}{% endif %}', "{{ 1 // (1 - trigger.bad) }}"])
    def test_a_text_that_cannot_be_made_fails_the_message_alone_and_the_journey_goes_on(
        self, shop: Shop, text: str
    ) -> None:
        shop.publish(ONE, texts={"hello": text + "."})
        shop.customers("a", "b", "c")
        shop.take(*(shop.incoming("form.filled", name, bad=int(name == "b")) for name in "abc"))
        answers = shop.give("send", shop.group("hello"))
        assert [(answer.kind, answer.result) for answer in sorted(answers, key=lambda each: each.enrollment)] == [
            ("done", "sent"),
            ("done", "failed"),
            ("done", "sent"),
        ]
        assert len(shop.provider.taken) == 2
        assert sorted(shop.timeline()) == [("failed", "text"), ("sent", "hello"), ("sent", "hello")]
        assert {each.ending for each in shop.rows(Enrollment)} == {None}

    @pytest.mark.parametrize(
        ("text", "because"),
        [
            ("{{ nobody.name }}", "'nobody' is undefined"),
            ("{{ trigger.cheese + 1 }}", "'cheese' is undefined"),
            ("{{ trigger[customer.name] + 1 }}", "line 1: UndefinedError"),
            ("\n{{ 1 // 0 }}", "line 2: ZeroDivisionError"),
            ("{{ customer.name | when }}", '"when" takes an instant, like stream.starts_at'),
        ],
    )
    def test_why_is_told_without_the_customers_data(self, shop: Shop, text: str, because: str) -> None:
        shop.publish(ONE, texts={"hello": text})
        shop.customers("li")
        shop.post("customer.updated", "li", name="张三")
        shop.post("form.filled", "li")
        assert results(shop.give("send", shop.group("hello"))) == ["failed"]
        (entry,) = [each for each in shop.rows(TrailEntry) if each.what == "failed"]
        assert (entry.value, entry.via, entry.reason, entry.because) == ("hello", "sms", "text", because)

    def test_a_member_whose_customer_is_held_for_long_is_set_aside(self, shop: Shop, postgres_url: str) -> None:
        engine, hasty = connect(postgres_url, Patience(lock=1, statement=30, idle=30))
        shop.activities = JourneyActivities(hasty, shop.clock, shop.channels)
        shop.publish(ONE)
        shop.customers("a", "b", "c")
        shop.take(*(shop.incoming("form.filled", name) for name in "abc"))
        with shop.db() as other:
            other.connection().execute(text("SELECT FROM customers WHERE id = 2 FOR UPDATE"))
            answers = shop.give("send", shop.group("hello"))
        assert [(each.kind, each.enrollment) for each in answers] == [("done", 1), ("later", 2), ("done", 3)]
        assert answers[1].seconds == 5
        assert results(shop.give("send", shop.group("hello"))) == ["sent"] * 3
        assert len(shop.provider.taken) == 3
        engine.dispose()

    def test_a_pass_whose_texts_take_long_lets_the_customers_go_and_goes_on(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        passes: list[int] = []
        claim = claiming.claim

        def counted(session: Session, group: Group, now: datetime, **rest: Any) -> claiming.Claims:
            passes.append(len(group.members))
            return claim(session, group, now, **rest)

        monkeypatch.setattr(claiming, "RENDERING", 0)
        monkeypatch.setattr(claiming, "claim", counted)
        shop.publish(ONE)
        shop.customers("a", "b", "c")
        shop.take(*(shop.incoming("form.filled", name) for name in "abc"))
        assert results(shop.give("send", shop.group("hello"))) == ["sent"] * 3
        assert passes == [3, 2, 1]

    def test_a_name_that_would_pass_for_another_sender_is_reworded_and_told(self, shop: Shop) -> None:
        shop.publish(ONE, texts={"hello": "{{ customer.name }}，您好"})
        shop.customers("li", "wang")
        shop.post("customer.updated", "li", name="【招商银行】\r\n请到 http://a.example/b 领取")
        shop.post("customer.updated", "wang", name="王")
        shop.take(*(shop.incoming("form.filled", name) for name in ("li", "wang")))
        shop.give("send", shop.group("hello"))
        assert [each.body for each in shop.provider.taken] == ["招商银行 请到 领取，您好", "王，您好"]
        told = [(each.customer_id, each.value) for each in shop.rows(TrailEntry) if each.what == "reworded"]
        assert told == [(1, "customer.name")]


class TestCrashes:
    @pytest.mark.parametrize(("repeatable", "result", "calls"), [(True, "sent", 1), (False, "unknown", 0)])
    def test_after_the_claim_only_a_provider_that_takes_the_key_is_called_again(
        self, shop: Shop, repeatable: bool, result: str, calls: int
    ) -> None:
        shop.publish(GIFT, coupons=FIVE)
        shop.provider.repeatable = repeatable
        shop.customers("li")
        shop.post("form.filled", "li")
        claimed(shop)
        for _ in range(2):
            assert results(shop.give("send", shop.group("gift"))) == [result]
        assert len(shop.provider.taken) == calls
        assert shop.timeline() == [("coupon", "five"), (result, shop.rows(Message)[0].reason or "gift")]
        assert [coupon.status for coupon in shop.rows(Coupon)] == ["issued"]

    def test_what_was_in_flight_when_the_goal_was_reached_is_unknown_and_not_sent_again(self, shop: Shop) -> None:
        shop.publish(ONE)
        shop.customers("li")
        shop.post("form.filled", "li")
        claimed(shop)
        shop.post("order.paid", "li", order_id="o1", total=1)
        (answer,) = shop.give("send", shop.group("hello"))
        assert (answer.kind, answer.result) == ("over", "goal")
        assert shop.provider.taken == []
        assert [message.status for message in shop.rows(Message)] == ["unknown"]

    def test_an_answer_that_comes_after_the_goal_is_still_written_down(self, shop: Shop) -> None:
        shop.publish(ONE)
        shop.customers("li")
        shop.post("form.filled", "li")

        class Late(Provider):
            def send_many(self, messages):  # type: ignore[no-untyped-def]
                shop.post("order.paid", "li", order_id="o1", total=1)
                return super().send_many(messages)

        activities = JourneyActivities(shop.db, shop.clock, dict.fromkeys(CHANNELS, Late()))
        (answer,) = activities.send(shop.group("hello"))
        assert (answer.kind, answer.result) == ("over", "goal")
        assert [message.status for message in shop.rows(Message)] == ["sent"]
        assert shop.timeline() == [("ended", "goal"), ("sent", "hello")]

    def test_of_a_group_only_those_whom_something_happened_to_meanwhile_go_another_way(self, shop: Shop) -> None:
        shop.publish(ONE)
        shop.customers("a", "b", "c")
        shop.take(*(shop.incoming("form.filled", name) for name in "abc"))

        class Late(Provider):
            def send_many(self, messages):  # type: ignore[no-untyped-def]
                shop.post("order.paid", "b", order_id="o1", total=1)
                return super().send_many(messages)

        activities = JourneyActivities(shop.db, shop.clock, dict.fromkeys(CHANNELS, Late()))
        answers = unpack(activities.send(shop.group("hello")))
        assert sorted((answer.kind, answer.result) for answer in answers) == [("done", "sent")] * 2 + [("over", "goal")]
        assert [(row.ending, len(row.outcomes)) for row in shop.rows(Enrollment)].count((None, 2)) == 2
        assert [row.status for row in shop.rows(Message)] == ["sent"] * 3

    def test_an_answer_is_written_down_again_if_its_transaction_was_lost(self, shop: Shop) -> None:
        shop.publish(ONE)
        shop.customers("a", "b")
        shop.take(*(shop.incoming("form.filled", name) for name in "ab"))

        class Unlucky(Database):
            @contextmanager
            def begin(self) -> Iterator[UnitOfWork]:
                with super().begin() as work:
                    yield work
                    if shop.provider.taken and not lost:
                        lost.append(work)
                        raise OperationalError("", {}, Exception("no database"))

        lost: list[UnitOfWork] = []
        db = Unlucky(shop.db.bind, ingest_given)
        answers = unpack(JourneyActivities(db, shop.clock, shop.channels).send(shop.group("hello")))
        assert lost
        assert results(answers) == ["sent", "sent"]
        assert shop.timeline() == [("sent", "hello")] * 2
        assert [row.status for row in shop.rows(Message)] == ["sent", "sent"]
        assert [len(row.outcomes) for row in shop.rows(Enrollment)] == [2, 2]

    def test_a_customer_held_for_long_after_the_call_keeps_no_other_answer_from_being_written_down(
        self, shop: Shop, postgres_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("activities.journey.HOLD_SECONDS", 2.5)
        engine, hasty = connect(postgres_url, Patience(lock=1, statement=30, idle=30))
        shop.publish(ONE)
        shop.customers("a", "b", "c")
        shop.take(*(shop.incoming("form.filled", name) for name in "abc"))
        with shop.db() as other:

            class Meanwhile(Provider):
                def send_many(self, messages):  # type: ignore[no-untyped-def]
                    other.connection().execute(text("SELECT FROM customers WHERE id = 2 FOR UPDATE"))
                    return super().send_many(messages)

            shop.channels = dict.fromkeys(CHANNELS, Meanwhile(repeatable=False))
            shop.activities = JourneyActivities(hasty, shop.clock, shop.channels)
            with pytest.raises(OperationalError):
                shop.give("send", shop.group("hello"))
        assert results(shop.give("send", shop.group("hello"))) == ["sent", "sent", "unknown"]
        engine.dispose()

    def test_a_clock_that_is_set_back_during_the_call_loses_nothing(self, shop: Shop) -> None:
        shop.publish(ONE)
        shop.customers("li")
        shop.post("form.filled", "li")
        before, reached = shop.clock.now(), shop.clock.now() + timedelta(hours=1)
        group = shop.group("hello")
        group = group.model_copy(update={"members": tuple(replace(m, at=reached) for m in group.members)})
        readings = iter([reached, before, before, before])

        class Unsteady(VirtualClock):
            def now(self) -> datetime:
                return next(readings)

        activities = JourneyActivities(shop.db, Unsteady(before), dict.fromkeys(CHANNELS, Provider()))
        assert results(activities.send(group)) == ["sent"]
        assert shop.timeline() == [("sent", "hello")]

    def test_two_workers_at_the_same_step_settle_it_once(self, shop: Shop) -> None:
        shop.publish(ONE)
        shop.customers("li")
        shop.post("form.filled", "li")
        group = shop.group("hello")
        answers = shop.at_once(*[lambda: shop.give("send", group)[0]] * 8)
        assert results(answers) == ["sent"] * 8
        assert shop.timeline() == [("sent", "hello")]
        assert {message.key for message in shop.provider.taken} == {shop.rows(Message)[0].id}


class TestRaces:
    def test_a_message_is_never_claimed_after_the_goal(self, shop: Shop) -> None:
        shop.publish(ONE)
        names = [f"c{number}" for number in range(24)]
        shop.customers(*names)
        shop.take(*(shop.incoming("form.filled", name) for name in names))
        group = shop.group("hello")
        calls = []
        for number, name in enumerate(names):
            paid = shop.incoming("order.paid", name, order_id=name, total=1)
            alone = group.model_copy(update={"members": (group.members[number],)})
            calls += [lambda paid=paid: shop.take(paid), lambda alone=alone: shop.give("send", alone)]
        shop.at_once(*calls)
        timeline = shop.timeline()
        assert timeline.count(("ended", "goal")) == 24
        assert timeline.count(("sent", "hello")) == len(shop.provider.taken) == len(shop.rows(Message))

    def test_an_opt_out_holds_from_its_transaction_on(self, shop: Shop) -> None:
        shop.publish(ONE)
        shop.customers("li")
        shop.post("form.filled", "li")
        shop.post("consent.withdrawn", "li", channel="sms")
        shop.give("send", shop.group("hello"))
        assert shop.timeline() == [("suppressed", "no_consent")]

    def test_a_consent_from_a_clock_that_is_ahead_does_not_outdo_it(self, shop: Shop) -> None:
        shop.publish(ONE)
        shop.customers("li")
        shop.post("consent.given", "li", channel="sms", time=shop.clock.now() + timedelta(minutes=4))
        shop.clock.set(shop.clock.now() + timedelta(minutes=1))
        shop.post("consent.withdrawn", "li", channel="sms")
        shop.post("form.filled", "li")
        shop.give("send", shop.group("hello"))
        assert shop.timeline() == [("suppressed", "no_consent")]

    def test_a_withdrawal_that_comes_late_does_not_undo_a_younger_consent(self, shop: Shop) -> None:
        shop.publish(ONE)
        shop.customers("li")
        now = shop.clock.now()
        shop.post("consent.withdrawn", "li", channel="sms", time=now - timedelta(hours=1))
        shop.post("form.filled", "li")
        shop.give("send", shop.group("hello"))
        assert shop.timeline() == [("sent", "hello")]


class TestItsCoupon:
    @pytest.mark.parametrize(
        ("status", "coupon", "issued", "money"),
        [("sent", "issued", 1, 500), ("unknown", "issued", 1, 500), ("failed", "revoked", 0, 0)],
    )
    def test_is_taken_back_when_the_message_is_refused_for_good(
        self, shop: Shop, status: str, coupon: str, issued: int, money: int
    ) -> None:
        shop.publish(GIFT, coupons=FIVE)
        shop.customers("li")
        shop.post("form.filled", "li")
        shop.provider.says = {"+8613800000000": Delivery(status)}  # type: ignore[arg-type]
        shop.give("send", shop.group("gift"))
        assert [each.status for each in shop.rows(Coupon)] == [coupon]
        assert [(use.issued, use.money) for use in shop.rows(CampaignUse)] == [(issued, money)]

    def test_is_not_issued_while_the_message_is_held(self, shop: Shop) -> None:
        shop.publish(GIFT, coupons=FIVE, quiet_hours={"start": "11:00", "end": "13:00"})
        shop.customers("li")
        shop.post("form.filled", "li")
        (answer,) = shop.give("send", shop.group("gift"))
        assert (answer.kind, answer.due) == ("later", shop.clock.now() + timedelta(hours=1))
        assert shop.rows(Coupon) == []

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("{{ coupon.name | when }}", '"when" takes an instant, like stream.starts_at'),
            ("{% macro on() %}{{ on() }}{% endmacro %}{{ on() }}", "line 1: RecursionError"),
            ("{% for a in trigger.many %}{{ a }}{% endfor %}", "it is longer than 5000 characters"),
        ],
    )
    def test_goes_nowhere_with_a_text_that_cannot_be_made(self, shop: Shop, text: str, told: str) -> None:
        shop.publish(GIFT, coupons=FIVE, texts={"gift": text})
        shop.customers("li")
        shop.post("form.filled", "li", many=["text" * 100] * 20)
        shop.give("send", shop.group("gift"))
        assert shop.timeline() == [("failed", "text")]
        assert [each.because for each in shop.rows(TrailEntry) if each.what == "failed"] == [told]
        assert [coupon.status for coupon in shop.rows(Coupon)] == ["revoked"]
        assert [(use.issued, use.money) for use in shop.rows(CampaignUse)] == [(0, 0)]

    def test_may_be_missing_from_the_text_that_goes_without_it(self, shop: Shop) -> None:
        shop.publish(
            GIFT.replace("coupon: five}", "coupon: five, without_coupon: send}"),
            coupons={"five": {**FIVE["five"], "budget_count": 0}},
            texts={"gift": "{% if coupon %}{{ coupon.code }}{% else %}nothing{% endif %}"},
        )
        shop.customers("li")
        shop.post("form.filled", "li")
        shop.give("send", shop.group("gift"))
        assert [message.body for message in shop.provider.taken] == ["nothing"]

    @pytest.mark.parametrize(("days", "told"), [(1, True), (3, False)])
    def test_an_earlier_one_stands_for_it_as_long_as_it_can_be_used(self, shop: Shop, days: int, *, told: bool) -> None:
        """The customer gets one; the second message goes a day or three after it, and it holds for two."""
        step = "via: [sms], coupon: five, without_coupon: send}"
        shop.publish(
            f"""
            journey: gift
            trigger: {{event: form.filled}}
            entry: {{again: always}}
            steps: [{{id: one, send: gift, {step}, {{wait: {days}d}}, {{id: two, send: gift, {step}]
            """,
            coupons={"five": {**FIVE["five"], "valid": "2d", "per_customer": "1"}},
            texts={"gift": "{% if coupon %}{{ coupon.code }}{% else %}nothing{% endif %}"},
        )
        shop.customers("li", consent=("sms",))
        shop.post("form.filled", "li")
        shop.give("send", shop.group("one"))
        shop.clock.set(shop.clock.now() + timedelta(days=days))
        shop.give("send", shop.group("two"))
        first, second = (message.body for message in shop.provider.taken)
        assert second == (first if told else "nothing")


TWO = """
    journey: two
    trigger: {event: form.filled}
    entry: {again: always}
    steps: [{id: gift, send: gift, via: [wecom, sms], coupon: five}, {wait: 1d}]
"""


class TestFailover:
    @pytest.fixture
    def two(self, shop: Shop) -> Shop:
        shop.publish(TWO, coupons=FIVE)
        (customer,) = shop.customers("li", consent=("sms", "wecom"))
        with shop.db.begin() as session:
            session.add(Identifier(kind="external_userid", value="wm1", customer_id=customer))
        shop.post("form.filled", "li")
        return shop

    def channels(self, shop: Shop) -> list[str]:
        return [message.channel for message in shop.provider.taken]

    def test_a_permanent_refusal_goes_on_to_the_next_channel_with_the_same_coupon(self, two: Shop) -> None:
        two.provider.says = {"wm1": Delivery("failed", reason="not a friend")}
        assert results(two.give("send", two.group("gift"))) == ["sent"]
        assert self.channels(two) == ["wecom", "sms"]
        assert two.timeline() == [("coupon", "five"), ("sent", "gift")]
        (message,) = two.rows(Message)
        assert (message.channel, message.refused) == ("sms", [{"channel": "wecom", "reason": "not a friend"}])
        assert [coupon.status for coupon in two.rows(Coupon)] == ["issued"]

    def test_when_every_channel_refuses_it_has_failed_and_the_coupon_is_taken_back(self, two: Shop) -> None:
        two.provider.says = {"wm1": Delivery("failed", reason="a"), "+8613800000000": Delivery("failed", reason="b")}
        assert results(two.give("send", two.group("gift"))) == ["failed"]
        assert two.timeline() == [("coupon", "five"), ("failed", "b")]
        assert [coupon.status for coupon in two.rows(Coupon)] == ["revoked"]
        assert results(two.give("send", two.group("gift"))) == ["failed"]
        assert self.channels(two) == ["wecom", "sms"]

    @pytest.mark.parametrize("status", ["unknown", "pending_staff"])
    def test_what_may_still_arrive_never_falls_over(self, two: Shop, status: str) -> None:
        two.provider.says = {"wm1": Delivery(status)}  # type: ignore[arg-type]
        assert results(two.give("send", two.group("gift"))) == ["unknown" if status == "unknown" else "sent"]
        assert self.channels(two) == ["wecom"]

    def test_a_refused_message_that_no_other_channel_may_carry_has_failed(self, two: Shop) -> None:
        two.provider.says = {"wm1": Delivery("failed", reason="not a friend")}
        two.post("consent.withdrawn", "li", channel="sms")
        assert results(two.give("send", two.group("gift"))) == ["failed"]
        assert two.timeline() == [("coupon", "five"), ("failed", "not a friend")]

    def test_whom_the_channel_cannot_reach_now_is_written_to_over_the_next(self, two: Shop) -> None:
        two.provider.out_of_reach = {"wm1"}
        assert results(two.give("send", two.group("gift"))) == ["sent"]
        assert self.channels(two) == ["sms"]


class TestPutOff:
    BUSY = Delivery("retry", reason="busy", after=60)

    def test_a_message_that_was_certainly_not_taken_keeps_its_claim_and_goes_later(self, shop: Shop) -> None:
        shop.publish(GIFT, coupons=FIVE)
        shop.customers("li")
        shop.post("form.filled", "li")
        shop.provider.says = {"+8613800000000": self.BUSY}
        (answer,) = shop.give("send", shop.group("gift"))
        assert (answer.kind, answer.due) == ("later", shop.clock.now() + timedelta(seconds=60))
        assert [(message.status, message.counts) for message in shop.rows(Message)] == [("claimed", True)]
        shop.provider.says = {}
        shop.clock.set(shop.clock.now() + timedelta(seconds=60))
        assert results(shop.give("send", shop.group("gift"))) == ["sent"]
        assert shop.timeline() == [("coupon", "five"), ("sent", "gift")]

    @pytest.mark.parametrize(
        ("event", "then"),
        [
            (("consent.withdrawn", {"channel": "sms"}), ("suppressed", "no_consent")),
            (("order.paid", {"order_id": "o", "total": 1}), ("ended", "goal")),
        ],
    )
    def test_it_is_withdrawn_with_its_coupon_and_its_place_if_it_may_go_no_longer(
        self, shop: Shop, event: tuple[str, dict[str, Any]], then: tuple[str, str]
    ) -> None:
        shop.publish(GIFT.replace("steps:", "goal: {event: order.paid, within: 7d}\n    steps:"), coupons=FIVE)
        shop.customers("li")
        shop.post("form.filled", "li")
        shop.provider.says = {"+8613800000000": self.BUSY}
        shop.give("send", shop.group("gift"))
        shop.clock.set(shop.clock.now() + timedelta(seconds=60))
        shop.post(event[0], "li", **event[1])
        shop.give("send", shop.group("gift"))
        assert shop.timeline() == [then]
        assert shop.rows(Message) == []
        assert [coupon.status for coupon in shop.rows(Coupon)] == ["revoked"]
        assert [use.issued for use in shop.rows(CampaignUse)] == [0]

    def test_an_opt_out_that_only_the_provider_knew_holds_from_then_on(self, shop: Shop) -> None:
        shop.publish(ONE)
        shop.customers("li")
        shop.post("form.filled", "li")
        shop.provider.says = {"+8613800000000": Delivery("failed", reason="21610", opted_out=True)}
        shop.give("send", shop.group("hello"))
        shop.post("form.filled", "li")
        shop.give("send", shop.group("hello", [2]))
        assert shop.timeline() == [("failed", "21610"), ("suppressed", "no_consent")]
        assert len(shop.provider.taken) == 1


class TestAccounts:
    def crowd(self, shop: Shop, count: int, account: Account) -> None:
        shop.provider.account = account
        shop.publish(ONE)
        names = [f"c{number}" for number in range(count)]
        shop.customers(*names)
        shop.take(*(shop.incoming("form.filled", name) for name in names))

    def test_a_rate_holds_across_workers(self, shop: Shop) -> None:
        self.crowd(shop, 40, Account("a", per_second=1 / 60, at_once=100))
        first = shop.give_each("send", shop.group("hello"))
        assert results(first).count("sent") == 1
        assert {answer.kind for answer in first} == {"done", "later"}
        assert shop.timeline().count(("held", "provider")) == 39
        waiting = [answer.enrollment for answer in first if answer.kind == "later"]
        shop.clock.set(shop.clock.now() + timedelta(minutes=1))
        assert results(shop.give_each("send", shop.group("hello", waiting))).count("sent") == 1

    def test_no_more_are_in_flight_at_once_than_the_account_allows(self, shop: Shop) -> None:
        self.crowd(shop, 40, Account("a", at_once=7))
        sizes: list[int] = []
        send_many = shop.provider.send_many
        shop.provider.send_many = lambda messages: (sizes.append(len(messages)), send_many(messages))[1]  # type: ignore
        assert results(shop.give("send", shop.group("hello"))) == ["sent"] * 40
        assert sizes == [7, 7, 7, 7, 7, 5]

    def test_a_provider_that_asked_for_a_pause_gets_it_whatever_it_answers_others(self, shop: Shop) -> None:
        account, now = Account("a"), shop.clock.now()
        with shop.db.begin() as session:
            accounts.take_capacity(session, account, 3, now)
            accounts.note_answers(session, account, [Delivery("retry", after=60)], now)
            for late in (Delivery("sent"), Delivery("unknown")):
                accounts.note_answers(session, account, [late], now)
                assert accounts.take_capacity(session, account, 1, now) == accounts.Capacity(0, 60)

    def test_a_provider_that_is_down_is_left_alone_until_one_message_gets_through(self, shop: Shop) -> None:
        self.crowd(shop, 30, Account("a", at_once=10))
        down = Delivery("retry", reason="503", after=1)
        shop.provider.says = dict.fromkeys((f"+8613800{number:06}" for number in range(30)), down)
        answers = shop.give("send", shop.group("hello"))
        assert len(shop.provider.taken) == 10
        assert {answer.kind for answer in answers} == {"later"}
        (account,) = shop.rows(ProviderAccount)
        assert (account.failures, account.reason, account.held_until > shop.clock.now()) == (10, "503", True)

        shop.clock.set(account.held_until)
        shop.provider.taken.clear()
        shop.give_each("send", shop.group("hello"))
        assert len(shop.provider.taken) == 1, "only one tries"

        (account,) = shop.rows(ProviderAccount)
        shop.clock.set(account.held_until)
        shop.provider.says = {}
        shop.give("send", shop.group("hello"))
        shop.clock.set(shop.clock.now() + timedelta(seconds=30))
        shop.give("send", shop.group("hello"))
        assert [(row.failures, row.held_until) for row in shop.rows(ProviderAccount)] == [(0, None)]
        assert shop.timeline().count(("sent", "hello")) == 30


def test_a_message_that_waits_for_its_provider_is_not_made_over_and_over(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def counted(name: str, *rest: Any) -> str:
        made.append(name)
        return rendering.render(name, *rest)

    monkeypatch.setattr(claiming, "render", counted)
    shop.publish(ONE)
    shop.provider.account = Account("a", at_once=2)
    shop.customers(*"abcdef")
    shop.take(*(shop.incoming("form.filled", name) for name in "abcdef"))
    assert results(shop.give("send", shop.group("hello"))) == ["sent"] * 6
    assert len(made) == 6


def test_what_its_own_coupon_ends_while_the_message_is_in_flight_is_over_when_it_is_settled(shop: Shop) -> None:
    """The coupon's event comes at the end of the claim's transaction, after what the claim itself has changed."""
    shop.publish(GIFT.replace("steps:", "exit: [{event: coupon.issued}]\n    steps:"), coupons=FIVE)
    shop.customers("li")
    shop.post("form.filled", "li")
    (answer,) = shop.give("send", shop.group("gift"))
    assert (answer.kind, answer.result) == ("over", "exit")
    assert shop.timeline() == [("ended", "exit"), ("coupon", "five"), ("sent", "gift")]
    (enrollment,) = shop.rows(Enrollment)
    assert (enrollment.due_at, enrollment.outcomes) == (None, [])
