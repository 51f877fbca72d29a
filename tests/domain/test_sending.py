"""A message goes out once, whatever happens at the same time, before, or in between."""

from datetime import datetime, timedelta

import pytest
from shop import Provider, Shop

from activities.adapters.webhook import NobodyCalled
from activities.journey import JourneyActivities
from domain.clock import VirtualClock
from domain.delivery import Delivery
from domain.sending import claim
from domain.tables import CampaignUse, Coupon, Message
from workflows.commands import Answer
from workflows.plan import CHANNELS

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
    def test_one_whose_text_cannot_be_made_fails_alone(self, shop: Shop, text: str) -> None:
        shop.publish(ONE, texts={"hello": text + "."})
        shop.customers("a", "b", "c")
        shop.take(*(shop.incoming("form.filled", name, bad=int(name == "b")) for name in "abc"))
        answers = shop.give("send", shop.group("hello"))
        assert [(answer.kind, answer.result) for answer in sorted(answers, key=lambda each: each.enrollment)] == [
            ("done", "sent"),
            ("over", "failed"),
            ("done", "sent"),
        ]
        assert len(shop.provider.taken) == 2


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

        activities = JourneyActivities(shop.db, shop.clock, dict.fromkeys(CHANNELS, Late()), NobodyCalled())
        (answer,) = activities.send(shop.group("hello"))
        assert (answer.kind, answer.result) == ("over", "goal")
        assert [message.status for message in shop.rows(Message)] == ["sent"]
        assert shop.timeline() == [("ended", "goal"), ("sent", "hello")]

    def test_a_clock_that_is_set_back_during_the_call_loses_nothing(self, shop: Shop) -> None:
        shop.publish(ONE)
        shop.customers("li")
        shop.post("form.filled", "li")
        before, reached = shop.clock.now(), shop.clock.now() + timedelta(hours=1)
        group = shop.group("hello")
        group = group.model_copy(update={"members": tuple(m.model_copy(update={"at": reached}) for m in group.members)})
        readings = iter([reached, before, before, before])

        class Unsteady(VirtualClock):
            def now(self) -> datetime:
                return next(readings)

        activities = JourneyActivities(shop.db, Unsteady(before), dict.fromkeys(CHANNELS, Provider()), NobodyCalled())
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

    def test_goes_nowhere_with_a_text_that_cannot_be_made(self, shop: Shop) -> None:
        shop.publish(GIFT, coupons=FIVE, texts={"gift": "{{ 1 // 0 }}"})
        shop.customers("li")
        shop.post("form.filled", "li")
        shop.give("send", shop.group("gift"))
        assert shop.timeline() == [("ended", "RenderError")]
        assert (shop.rows(Coupon), shop.rows(CampaignUse)) == ([], [])

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
