"""A refusal holds for everybody whom it names, and for the address, whoever has it."""

from collections.abc import Callable
from datetime import timedelta
from threading import Event as Flag
from typing import Any

import pytest
from shop import Shop
from sqlmodel import update

from domain.customers.consent import read_consents
from domain.customers.identifiers import identify
from domain.customers.resolution import resolve
from domain.customers.tables import Consent, Identifier
from domain.intake.ingest import Incoming, ingest
from domain.intake.preferences import allowed_channels, choose_channels
from domain.journeys.tables import Enrollment, TrailEntry
from domain.ledger.tables import Message
from domain.published.publishing import publish_document
from domain.sending import tracking
from domain.sending.claiming import claim
from domain.sending.replies import Reply, take_reply

SPEC = """
    journey: gift
    trigger: {event: form.filled}
    entry: {again: always}
    steps: [{id: gift, send: gift, via: [sms]}]
"""
PHONE = "+8613800000000"
BOTH = {"phone": PHONE, "unionid": "u2"}


@pytest.fixture
def gift(shop: Shop) -> Shop:
    """Customer 1 has the phone and consented; customer 2 is known by a unionid, and has agreed too.

    No event joins them.
    """
    shop.publish(SPEC)
    with shop.db.begin() as work:
        publish_document(work, "_identity", {"joins": [], "never": {}})
    shop.customers("li")
    say(shop, "consent.given", {"unionid": "u2"})
    return shop


def say(shop: Shop, type: str, who: dict[str, str], at: timedelta = timedelta(), **data: Any) -> None:
    shop.posted += 1
    said = {"channel": "sms"} | data
    time = shop.clock.now() + at
    shop.take(Incoming("test", f"said-{shop.posted}", type, time, said, identify(None, who)))


def newcomer(shop: Shop, name: str) -> int:
    """Somebody who has agreed, and has no phone."""
    with shop.db.begin() as session:
        (found,) = resolve(session, [identify(f"member_no:{name}", None)], shop.clock.now())
    say(shop, "consent.given", {"member_no": name})
    return found.customer_id


def move(shop: Shop, phone: str, customer: int) -> None:
    """The phone belongs to another customer from now on."""
    with shop.db.begin() as session:
        session.get_one(Identifier, ("phone", phone)).customer_id = customer


def outcome(shop: Shop, who: str = "li") -> str:
    """What becomes of a message to the customer of this name."""
    shop.clock.set(shop.clock.now() + timedelta(minutes=1))
    shop.post("form.filled", who)
    newest = max(row.id for row in shop.rows(Enrollment))
    shop.give("send", shop.group("gift", [newest]))
    (entry,) = [
        row for row in shop.rows(TrailEntry)
        if row.enrollment_id == newest and row.what in ("sent", "suppressed", "failed")
    ]  # fmt: skip
    return entry.reason or entry.what


def test_a_refusal_that_names_two_customers_holds_for_both(gift: Shop) -> None:
    say(gift, "consent.withdrawn", BOTH)
    assert outcome(gift) == "no_consent"
    with gift.db() as session:
        assert read_consents(session, [2], []).of(2, "sms", None) == {"marketing": False}


def test_consent_that_names_two_customers_is_of_one(gift: Shop) -> None:
    say(gift, "consent.withdrawn", {"phone": PHONE})
    say(gift, "consent.given", BOTH, timedelta(seconds=1))
    assert outcome(gift) == "no_consent"


def by_event(shop: Shop) -> None:
    say(shop, "consent.withdrawn", {"phone": PHONE})


def by_reply(shop: Shop) -> None:
    with shop.db.begin() as session:
        take_reply(session, "twilio", Reply("SM1", PHONE, "回复R"), shop.clock.now())


def by_event_of_a_reply(shop: Shop) -> None:
    """A gateway of the shop's own tells what was answered."""
    say(shop, "message.replied", {"phone": PHONE}, text="回复R")


def by_provider(shop: Shop) -> None:
    """The provider refuses a message to the phone, which is somebody else's by then."""
    shop.post("form.filled", "li")
    with shop.db.begin() as session:
        claim(session, shop.group("gift"), shop.clock.now(), shop.channels)
    move(shop, PHONE, 2)
    with shop.db.begin() as session:
        tracking.opt_out(session, session.get_one(Message, 1), shop.clock.now())


def by_preferences(shop: Shop) -> None:
    with shop.db.begin() as session:
        choose_channels(session, 1, set(), shop.clock.now())


@pytest.mark.parametrize("refuse", [by_event, by_reply, by_event_of_a_reply, by_provider, by_preferences])
def test_an_address_stays_refused_when_somebody_else_has_it(gift: Shop, refuse: Callable[[Shop], None]) -> None:
    refuse(gift)
    wang = newcomer(gift, "wang")
    move(gift, PHONE, wang)
    assert outcome(gift, "wang") == "no_consent"
    say(gift, "consent.given", {"phone": PHONE})
    assert outcome(gift, "wang") == "sent"


@pytest.mark.parametrize(
    ("text", "channel"),
    [("TD谢谢", "wecom"), ("Please stop", "wecom"), ("Ｒ", "wecom"), ("怎么退订单", None), ("谢谢", None), ("", None)],
)
def test_a_reply_that_an_event_tells_refuses_the_channel_of_the_message(
    gift: Shop, text: str, channel: str | None
) -> None:
    gift.publish(SPEC.replace("[sms]", "[wecom]"))
    gift.customers("li", consent=["wecom"])
    say(gift, "customer.registered", {"member_no": "li", "external_userid": "wm1"})
    assert outcome(gift) == "sent"
    gift.post("message.replied", "li", text=text)
    refused = [row.channel for row in gift.rows(Consent) if not row.given]
    assert refused == [channel] * (channel is not None)
    assert outcome(gift) == ("no_consent" if channel else "sent")


def test_consent_from_before_the_phone_was_theirs_lifts_nothing(gift: Shop) -> None:
    by_event(gift)
    wang = newcomer(gift, "wang")
    gift.clock.set(gift.clock.now() + timedelta(minutes=1))
    say(gift, "consent.given", {"member_no": "wang"})
    move(gift, PHONE, wang)
    assert outcome(gift, "wang") == "no_consent"


@pytest.mark.parametrize("order", [("consent.given", "consent.withdrawn"), ("consent.withdrawn", "consent.given")])
def test_what_was_said_last_holds_in_whatever_order_it_comes_in(gift: Shop, order: tuple[str, str]) -> None:
    ages = {"consent.withdrawn": timedelta(minutes=-2), "consent.given": timedelta(minutes=-1)}
    gift.clock.set(gift.clock.now() + timedelta(hours=1))
    for type in order:
        say(gift, type, {"phone": PHONE}, ages[type])
    assert outcome(gift) == "sent"


def test_another_channel_and_another_purpose_are_left_alone(gift: Shop) -> None:
    say(gift, "consent.withdrawn", BOTH, channel="wechat")
    say(gift, "consent.withdrawn", BOTH, purpose="care")
    assert outcome(gift) == "sent"


def test_their_own_page_tells_of_it_and_can_lift_it(gift: Shop) -> None:
    by_event(gift)
    wang = newcomer(gift, "wang")
    move(gift, PHONE, wang)
    with gift.db.begin() as session:
        assert allowed_channels(session, wang) == {"sms": False}
        choose_channels(session, wang, {"sms"}, gift.clock.now() + timedelta(seconds=1))
    with gift.db() as session:
        assert allowed_channels(session, wang) == {"sms": True}


def test_the_provider_is_told_of_what_the_address_refused(gift: Shop) -> None:
    gift.post("form.filled", "li")
    with gift.db.begin() as session:
        claim(session, gift.group("gift"), gift.clock.now(), gift.channels)
        session.write_rows()
        session.exec(update(Message).values(status="unknown", look_at=gift.clock.now()))
    move(gift, PHONE, 2)
    say(gift, "consent.withdrawn", {"phone": PHONE})
    with gift.db() as session:
        assert [each.refused for each in tracking.due_messages(session, "sms", gift.clock.now())] == [True]


def test_a_send_waits_for_a_refusal_that_is_being_taken(gift: Shop) -> None:
    gift.post("form.filled", "li")
    taken, asked = Flag(), Flag()

    def refuse() -> None:
        said = Incoming("test", "r", "consent.withdrawn", gift.clock.now(), {"channel": "sms"}, identify(None, BOTH))
        with gift.db.begin() as session:
            ingest(session, [said], now=gift.clock.now())
            taken.set()
            asked.wait(0.5)

    def send() -> None:
        taken.wait(10)
        gift.give("send", gift.group("gift"))
        asked.set()

    gift.at_once(refuse, send)
    assert gift.provider.taken == []


def test_refusals_that_name_the_same_two_never_wait_for_each_other(gift: Shop) -> None:
    """Which of the two they are about differs; the locks are taken in the order of the ids."""
    wang = newcomer(gift, "wang")
    with gift.db.begin() as session:
        session.add(Identifier(kind="unionid", value="u0", customer_id=1))
        session.add(Identifier(kind="phone", value="+8613800000009", customer_id=wang))
        session.add(Identifier(kind="unionid", value="u9", customer_id=wang))
    names = [{"unionid": "u0", "phone": "+8613800000009"}, {"unionid": "u9", "phone": PHONE}]
    now, said = gift.clock.now(), {"channel": "sms"}
    refusals = [
        Incoming("test", f"r{number}", "consent.withdrawn", now, said, identify(None, who))
        for number, who in enumerate(names * 8)
    ]
    gift.at_once(*(lambda each=each: gift.take(each) for each in refusals))
    assert {row.customer_id for row in gift.rows(Consent) if not row.given} == {1, wang}
