"""Messages whose fate is open are followed up, until somebody can say."""

from datetime import timedelta

import pytest
from shop import Shop

from activities.tracking import FollowUpActivities
from domain.channels.delivery import Account, Delivery
from domain.coupons.tables import CampaignUse, Coupon
from domain.customers.tables import Consent, Identifier
from domain.intake.tables import Event
from domain.ledger.tables import Message
from domain.sending import receipts, tracking
from domain.sending.receipts import Receipt
from domain.sending.tables import EarlyReceipt
from domain.store.tables import Outbox

SPEC = """
    journey: gift
    trigger: {event: form.filled}
    entry: {again: always}
    steps: [{id: gift, send: gift, via: [sms], coupon: five}, {wait: 1d}]
"""
FIVE = {"five": {"name": "5", "amount_off": 500, "valid": "30d"}}
PHONE = "+8613800000000"


@pytest.fixture
def open_message(shop: Shop) -> Shop:
    shop.publish(SPEC, coupons=FIVE)
    shop.customers("li")
    shop.post("form.filled", "li")
    shop.provider.says = {PHONE: Delivery("unknown", reason="no answer")}
    shop.give("send", shop.group("gift"))
    return shop


def look(shop: Shop, after: timedelta = timedelta(hours=1)) -> float | None:
    shop.clock.set(shop.clock.now() + after)
    return FollowUpActivities(shop.db, shop.clock, shop.channels).follow_up("sms")


def test_an_unknown_message_has_its_provider_asked(open_message: Shop) -> None:
    assert [row.payload for row in open_message.rows(Outbox) if row.kind == "follow_up"] == [{"channel": "sms"}]
    assert look(open_message, timedelta(0)) == tracking.PAUSES[0].total_seconds()


@pytest.mark.parametrize(
    ("said", "coupon", "events"), [("sent", "issued", 0), ("failed", "revoked", 1), ("pending_staff", "issued", 0)]
)
def test_what_the_provider_says_is_settled(open_message: Shop, said: str, coupon: str, events: int) -> None:
    open_message.provider.says = {PHONE: Delivery(said, provider_id="SM1")}  # type: ignore[arg-type]
    assert (look(open_message) is None) == (said != "pending_staff")
    (message,) = open_message.rows(Message)
    assert (message.status, message.counts) == (said, said != "failed")
    assert [row.status for row in open_message.rows(Coupon)] == [coupon]
    assert [row.issued for row in open_message.rows(CampaignUse)] == [int(coupon == "issued")]
    assert len([row for row in open_message.rows(Event) if row.type == "message.failed"]) == events


def test_it_is_asked_less_and_less_often_and_given_up_to_a_person_in_the_end(open_message: Shop) -> None:
    waits = []
    while (seconds := look(open_message, timedelta(seconds=waits[-1] if waits else 15))) is not None:
        waits.append(seconds)
    assert waits == sorted(waits)
    assert len(waits) < 100
    assert [message.status for message in open_message.rows(Message)] == ["unknown"]


def test_a_receipt_that_is_faster_settles_it(open_message: Shop) -> None:
    open_message.post("message.delivered", "li", message=open_message.rows(Message)[0].id)
    open_message.provider.says = {PHONE: Delivery("failed")}
    assert look(open_message) is None
    assert [message.status for message in open_message.rows(Message)] == ["delivered"]


def test_a_message_of_the_same_text_is_not_taken_for_this_one(open_message: Shop) -> None:
    with open_message.db.begin() as session:
        session.add(Identifier(kind="phone", value="+8613811111111", customer_id=1))
    open_message.post("form.filled", "li")
    open_message.provider.says = {PHONE: Delivery("sent", provider_id="SM1")}
    open_message.give("send", open_message.group("gift", [2]))
    assert look(open_message) is not None
    assert {message.id: message.status for message in open_message.rows(Message)} == {1: "unknown", 2: "sent"}


def test_an_opt_out_that_is_found_then_holds(open_message: Shop) -> None:
    open_message.provider.says = {PHONE: Delivery("failed", opted_out=True)}
    look(open_message)
    assert [row.given for row in open_message.rows(Consent)] == [True, False]


def test_a_receipt_by_the_providers_name_may_come_before_we_know_the_name(open_message: Shop) -> None:
    open_message.provider.account = Account("a")
    receipt = Receipt("r1", "sms", "delivered", open_message.clock.now(), provider_id="SM2")
    with open_message.db.begin() as session:
        assert receipts.take(session, "test", [receipt, receipt], open_message.clock.now()) == 0
    open_message.post("form.filled", "li")
    open_message.provider.says = {PHONE: Delivery("sent", provider_id="SM2")}
    open_message.give("send", open_message.group("gift", [2]))
    assert {message.id: message.status for message in open_message.rows(Message)} == {1: "unknown", 2: "delivered"}
    assert open_message.rows(EarlyReceipt) == []
