"""People who become one, two again, or nobody while messages, waits, caps and coupons of theirs are under way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from identity.people import say, who
from shop import Provider, Shop
from sqlalchemy import text

from domain.channels.delivery import Delivery, Outgoing
from domain.coupons.tables import Coupon
from domain.customers.identifiers import identify
from domain.identity.erasing import erase
from domain.identity.splitting import split
from domain.journeys.tables import Enrollment, TrailEntry, Wait
from domain.ledger.tables import Message

LI, WANG = {"phone": "13800000001"}, {"phone": "13800000002"}
BOTH = LI | {"member_no": "m2"}
NEWS = """
    journey: news
    trigger: {event: cart.updated}
    entry: {again: AGAIN}
    steps: [{id: hi, send: hi, via: [sms]}, {wait: 1d}]
"""
GIFT = """
    journey: gift
    trigger: {event: form.filled}
    entry: {again: always}
    steps: [{id: gift, coupon: five}, {wait: 1d}]
"""
ASK = """
    journey: ask
    trigger: {event: cart.updated}
    entry: {again: never}
    steps: [{id: ask, wait_for: {event: form.filled}, within: 1d}]
"""


@dataclass
class Interrupted(Provider):
    """Something else happens while it has the first messages."""

    by: Callable[[], None] = lambda: None
    calls: list[int] = field(default_factory=list)

    def send_many(self, messages: Sequence[Outgoing]) -> list[Delivery]:
        self.calls.append(len(messages))
        if len(self.calls) == 1:
            self.by()
        return [Delivery("sent", provider_id=f"p{message.key}") for message in super().send_many(messages) and messages]


def interrupt(shop: Shop, by: Callable[[], None]) -> Interrupted:
    provider = Interrupted(by=by)
    shop.channels["sms"] = provider  # type: ignore[index]
    return provider


def two_in(shop: Shop, again: str) -> None:
    """Li and Wang, who agree to be written to, are both in the journey."""
    shop.publish(NEWS.replace("AGAIN", again))
    for ident in (LI, WANG | {"member_no": "m2"}):
        say(shop, "consent.given", {"channel": "sms"}, **ident)
    for ident in (LI, WANG):
        say(shop, "cart.updated", {"cart_id": "k"}, **ident)


@pytest.mark.parametrize("again", ["always", "never"])
def test_joined_while_messages_of_both_are_with_the_provider_both_are_settled(shop: Shop, again: str) -> None:
    two_in(shop, again)
    provider = interrupt(shop, lambda: say(shop, **BOTH))
    shop.give("send", shop.group("hi"))
    assert provider.calls == [2]
    messages = shop.rows(Message)
    assert [(each.status, each.customer_id) for each in messages] == [("sent", who(shop, **LI))] * 2
    endings = [each.ending for each in sorted(shop.rows(Enrollment), key=lambda each: each.id)]
    assert endings == ([None, None] if again == "always" else [None, "merged"])
    shop.give("send", shop.group("hi"))
    assert provider.calls == [2], "nobody is written to twice"
    told = [row.what for row in shop.rows(TrailEntry) if row.what == "sent"]
    assert len(told) == 2


def test_split_while_messages_of_both_are_with_the_provider_each_has_its_own(shop: Shop) -> None:
    two_in(shop, "always")
    say(shop, **BOTH)

    def take_apart() -> None:
        with shop.db.begin() as work:
            split(work, who(shop, **LI), identify(None, WANG), shop.clock.now(), "user:1")

    interrupt(shop, take_apart)
    shop.give("send", shop.group("hi"))
    first, second = sorted(shop.rows(Message), key=lambda each: each.enrollment_id)
    assert (first.status, second.status) == ("sent", "sent")
    assert [first.customer_id, second.customer_id] == [who(shop, **LI), who(shop, **WANG)]


def test_of_who_is_erased_while_a_message_is_with_the_provider_the_ledger_keeps_that_it_went(shop: Shop) -> None:
    two_in(shop, "always")

    def forget() -> None:
        with shop.db.begin() as work:
            erase(work, who(shop, **LI), shop.clock.now())

    interrupt(shop, forget)
    shop.give("send", shop.group("hi"))
    gone, other = sorted(shop.rows(Message), key=lambda each: each.id)
    assert (gone.status, gone.recipient, gone.body, gone.provider_id) == ("sent", "", "", None)
    assert (other.status, other.recipient) == ("sent", "+8613800000002")
    assert [(each.ending, each.reason) for each in sorted(shop.rows(Enrollment), key=lambda each: each.id)] == [
        ("stopped", "erased"), (None, None)
    ]  # fmt: skip
    with shop.db() as session:
        names = session.execute(text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"))
        for (table,) in names.all():
            found = session.execute(text(f"SELECT count(*) FROM {table} AS row WHERE row::text LIKE '%13800000001%'"))
            assert not found.scalar_one(), table


def test_caps_count_what_both_were_sent(shop: Shop) -> None:
    shop.publish(NEWS.replace("AGAIN", "always"), caps={"sms": "2 per 7d"})
    for ident in (LI, WANG | {"member_no": "m2"}):
        say(shop, "consent.given", {"channel": "sms"}, **ident)
        say(shop, "cart.updated", {"cart_id": "k"}, **ident)
    shop.give("send", shop.group("hi"))
    say(shop, **BOTH)
    say(shop, "cart.updated", {"cart_id": "k"}, **LI)
    shop.give("send", shop.group("hi", [3]))
    assert shop.timeline()[-1] == ("suppressed", "capped")
    with shop.db.begin() as work:
        split(work, who(shop, **LI), identify(None, WANG), shop.clock.now(), "user:1")
    say(shop, "cart.updated", {"cart_id": "k"}, **WANG)
    shop.give("send", shop.group("hi", [4]))
    assert len([each for each in shop.rows(Message) if each.status == "sent"]) == 3, "two again, each has its own"


def test_a_coupon_for_one_is_given_once_and_what_both_had_stays(shop: Shop) -> None:
    five = {"name": "满20减5", "amount_off": 500, "threshold": 2000, "valid": "2d", "per_customer": "2"}
    shop.publish(GIFT, coupons={"five": five})
    for ident in (LI, WANG | {"member_no": "m2"}):
        say(shop, "form.filled", **ident)
    shop.give("coupon", shop.group("gift"))
    say(shop, **BOTH)
    say(shop, "form.filled", **LI)
    shop.give("coupon", shop.group("gift", [3]))
    assert shop.timeline()[-1] == ("refused", "per_customer")
    assert [(each.status, each.customer_id) for each in shop.rows(Coupon)] == [("issued", who(shop, **LI))] * 2


def test_a_wait_that_is_split_off_is_woken_by_its_own(shop: Shop) -> None:
    shop.publish(ASK)
    say(shop, **LI)
    say(shop, "cart.updated", {"cart_id": "k"}, **WANG, member_no="m2")
    shop.give("arrive", shop.group("ask"))
    say(shop, **BOTH)
    with shop.db.begin() as work:
        split(work, who(shop, **LI), identify(None, WANG), shop.clock.now(), "user:1")
    shop.clock.set(shop.clock.now() + timedelta(minutes=1))
    say(shop, "form.filled", **LI)
    assert [each.result for each in shop.rows(Wait)] == [None]
    say(shop, "form.filled", **WANG)
    assert [each.result for each in shop.rows(Wait)] == ["happened"]
