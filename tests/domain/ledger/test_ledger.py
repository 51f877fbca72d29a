"""The ledger goes from state to state as it may, whatever providers, receipts, crashes and operators do."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from shop import Shop
from sqlmodel import col

from activities.journey import JourneyActivities
from activities.tracking import FollowUpActivities
from domain.channels.delivery import Account, Delivery, OpenMessage, Outgoing
from domain.coupons.tables import Coupon
from domain.customers.resolution import lock_customers
from domain.customers.tables import Consent, Identifier
from domain.journeys.tables import Enrollment
from domain.ledger import states
from domain.ledger.tables import Message, MessageRow
from domain.sending import tracking
from workflows.terms.channels import CHANNELS

SPEC = """
    journey: gift
    trigger: {event: form.filled}
    entry: {again: always}
    goal: {event: order.paid, within: 7d}
    steps: [{id: gift, send: gift, via: [wecom, sms], coupon: five}, {wait: 1d}]
"""
FIVE = {"five": {"name": "5", "amount_off": 500, "valid": "30d"}}

fates = st.sampled_from(["sent", "refused", "busy", "lost", "accepted, then killed", "killed, never accepted"])
receipts = st.sampled_from(["message.delivered", "message.read", "message.failed"])


class KilledError(Exception):
    """The worker is gone in the middle of a call."""


class Truth:
    """A provider that knows what it has really taken, and does what it is told to, whatever it answers."""

    repeatable = False
    account: Account | None = None

    def __init__(self) -> None:
        self.taken: Counter[tuple[int, str]] = Counter()
        self.undelivered: set[tuple[int, str]] = set()
        self.fate = "sent"

    def send_many(self, messages: Sequence[Outgoing]) -> list[Delivery]:
        return [self._one(message) for message in messages]

    def _one(self, message: Outgoing) -> Delivery:
        if self.fate in ("sent", "lost", "accepted, then killed"):
            self.taken[message.key, message.channel] += 1
        match self.fate:
            case "sent":
                return Delivery("sent", provider_id=f"p{message.key}")
            case "refused":
                return Delivery("failed", reason="refused")
            case "busy":
                return Delivery("retry", reason="busy", after=0)
            case "lost":
                return Delivery("unknown", reason="no answer")
            case _:
                raise KilledError

    def look_up(self, messages: Sequence[OpenMessage], _: object) -> list[Delivery]:
        return [
            Delivery("sent")
            if any(self.taken[each.key, channel] for channel in ("wecom", "sms"))
            else Delivery("failed")
            for each in messages
        ]


def test_the_ledger_under_everything_that_can_happen(shop: Shop) -> None:
    shop.publish(SPEC, coupons=FIVE)

    class Life(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.truth = Truth()
            channels = dict.fromkeys(CHANNELS, self.truth)
            self.activities = JourneyActivities(shop.db, shop.clock, channels)
            self.follow_ups = FollowUpActivities(shop.db, shop.clock, channels)
            shop.clock.set(shop.clock.now() + timedelta(minutes=1))
            shop.post("form.filled", who := f"c{shop.posted}")
            enrollment = max(shop.rows(Enrollment), key=lambda each: each.id)
            self.who, self.customer, self.enrollment = who, enrollment.customer_id, enrollment.id
            with shop.db.begin() as session:
                for kind in ("phone", "external_userid"):
                    session.add(Identifier(kind=kind, value=who, customer_id=self.customer))
                for channel in ("sms", "wecom"):
                    session.add(
                        Consent(
                            customer_id=self.customer, channel=channel, purpose="marketing", given=True,
                            at=shop.clock.now(),
                        )
                    )  # fmt: skip
            self.was_failed = False

        @property
        def message(self) -> Message | None:
            return next((row for row in shop.rows(Message) if row.enrollment_id == self.enrollment), None)

        @rule(fate=fates)
        def send(self, fate: str) -> None:
            """The activity runs, for the first time or again after it was lost or put off."""
            self.truth.fate = fate
            with suppress(KilledError):
                self.activities.send(shop.group("gift", [self.enrollment]))

        @precondition(lambda self: self.message is not None)
        @rule(what=receipts)
        def receive(self, what: str) -> None:
            """Only what was taken has receipts; they may come before we know, in any order, and again."""
            message = self.message
            assert message is not None
            if self.truth.taken[message.id, message.channel]:
                if what == "message.failed":
                    self.truth.undelivered.add((message.id, message.channel))
                shop.post(what, self.who, message=message.id)

        @rule(minutes=st.sampled_from([0, 1, 90]))
        def follow_up(self, minutes: int) -> None:
            shop.clock.set(shop.clock.now() + timedelta(minutes=minutes))
            for channel in ("wecom", "sms"):
                self.follow_ups.follow_up(channel)

        @precondition(lambda self: self.message is not None and self.message.status in states.OPEN)
        @rule(to=st.sampled_from(["sent", "failed"]))
        def operator(self, to: states.Status) -> None:
            message = self.message
            assert message is not None
            if self.truth.taken[message.id, message.channel] == (to == "sent"):  # operators look before they say
                with shop.db.begin() as session:
                    lock_customers(session, [self.customer])
                    (row,) = session.read(MessageRow, col(Message.id) == message.id)
                    tracking.settle_message(session, row, to, "looked", shop.clock.now())

        @rule()
        def buy(self) -> None:
            shop.post("order.paid", self.who, order_id=f"o{shop.posted}", total=100)

        @invariant()
        def every_channel_takes_it_once_at_most(self) -> None:
            assert all(count == 1 for count in self.truth.taken.values()), self.truth.taken

        @invariant()
        def another_channel_takes_over_only_what_was_not_delivered(self) -> None:
            delivered = set(self.truth.taken) - self.truth.undelivered
            assert len({key for key, _ in delivered}) == len(delivered), self.truth.taken

        @invariant()
        def the_ledger_says_what_is_true(self) -> None:
            message = self.message
            if message is None or message.status in ("calling", "unknown", "claimed"):
                return
            taken = self.truth.taken[message.id, message.channel]
            assert taken == 1 or message.status == "failed", message.status
            assert message.counts == (message.status != "failed")

        @invariant()
        def a_coupon_lives_as_long_as_its_message_may_arrive(self) -> None:
            message = self.message
            mine = [each.status for each in shop.rows(Coupon) if each.enrollment_id == self.enrollment]
            if message is None:
                assert "issued" not in mine
            elif message.status == "failed" and message.written_at is not None:
                assert mine == ["revoked"]
                self.was_failed = True
            elif not self.was_failed:
                assert mine == ["issued"]

    run_state_machine_as_test(Life, settings=settings(max_examples=40, stateful_step_count=12, deadline=None))


def test_what_a_receipt_says_failed_before_its_answer_came_goes_over_the_next_channel(shop: Shop) -> None:
    shop.publish(SPEC, coupons=FIVE)
    truth = Truth()
    activities = JourneyActivities(shop.db, shop.clock, dict.fromkeys(CHANNELS, truth))
    shop.post("form.filled", "li")
    (customer,) = {each.customer_id for each in shop.rows(Enrollment)}
    with shop.db.begin() as session:
        for kind, channel in (("phone", "sms"), ("external_userid", "wecom")):
            session.add(Identifier(kind=kind, value="li", customer_id=customer))
            session.add(
                Consent(customer_id=customer, channel=channel, purpose="marketing", given=True, at=shop.clock.now())
            )
    truth.fate = "accepted, then killed"
    with suppress(KilledError):
        activities.send(shop.group("gift"))
    (message,) = shop.rows(Message)
    shop.post("message.failed", "li", message=message.id)
    truth.fate = "sent"
    activities.send(shop.group("gift"))
    assert truth.taken == {(message.id, "wecom"): 1, (message.id, "sms"): 1}
