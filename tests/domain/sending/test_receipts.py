"""Receipts, whose message they are about, and what is none of ours."""

from datetime import timedelta

import pytest
from shop import Shop
from sqlmodel import col, update

from domain.intake.tables import Event
from domain.ledger.tables import Message
from domain.sending.receipts import LATE, Receipt, take

SPEC = """
journey: hello
name: 你好
trigger: {event: order.paid}
entry: {again: always}
steps: [{id: hi, send: hi, via: [sms]}]
"""


@pytest.fixture
def sent(shop: Shop) -> list[int]:
    """The keys of two messages, the second of which the provider calls SM2."""
    shop.publish(SPEC)
    shop.customers("li", "wang")
    for name in ("li", "wang"):
        shop.post("order.paid", name, order_id=name, total=100)
    shop.give("send", shop.group(shop.plan.first or ""))
    keys = sorted(row.id for row in shop.rows(Message))
    with shop.db.begin() as session:
        session.exec(update(Message).where(col(Message.id) == keys[1]).values(provider_id="SM2"))
    return keys


def told(shop: Shop, *receipts: Receipt) -> list[int]:
    """The messages that events came in about."""
    with shop.db.begin() as session:
        assert take(session, "provider", receipts, shop.clock.now()) <= len(receipts)
    rows = sorted(shop.rows(Event), key=lambda row: row.id)
    return [row.data["message"] for row in rows if row.type.startswith("message.")]


def test_each_is_about_the_message_of_its_key_or_name(shop: Shop, sent: list[int]) -> None:
    now = shop.clock.now()
    receipts = (
        Receipt("a", "sms", "replied", now, key=sent[1]),
        Receipt("b", "sms", "replied", now, key=sent[0]),
        Receipt("c", "sms", "replied", now, provider_id="SM2"),
        Receipt("d", "sms", "replied", now, key=sent[0], provider_id="SM1"),
        Receipt("e", "sms", "replied", now, key=sent[0], provider_id="SM2"),
    )
    assert told(shop, *receipts) == [sent[1], sent[0], sent[1], sent[0], sent[1]]


def test_a_receipt_tells_the_providers_name(shop: Shop, sent: list[int]) -> None:
    now = shop.clock.now()
    told(shop, Receipt("a", "sms", "delivered", now, key=sent[0], provider_id="SM1"))
    assert told(shop, Receipt("b", "sms", "read", now, provider_id="SM1")) == [sent[0], sent[0]]


def test_one_that_waited_for_another_knows_what_that_one_said(shop: Shop, sent: list[int]) -> None:
    now = shop.clock.now()
    with shop.db.begin() as session:
        seen = session.get_one(Message, sent[0])
        told(shop, Receipt("b", "sms", "read", now, key=sent[0]))
        take(session, "provider", [Receipt("a", "sms", "delivered", now, key=sent[0])], now)
        session.refresh(seen)
        assert seen.status == "read"


def test_what_is_about_none_of_ours_is_left_out(shop: Shop, sent: list[int]) -> None:
    now = shop.clock.now()
    receipts = (
        Receipt("a", "sms", "failed", now),
        Receipt("b", "sms", "failed", now, key=4711, provider_id="SM9"),
        Receipt("c", "wecom", "failed", now, key=sent[0]),
        Receipt("d", "wecom", "failed", now, provider_id="SM2"),
        Receipt("e", "sms", "failed", now, key=sent[1], provider_id="SM1"),
    )
    assert told(shop, *receipts) == []


def test_what_is_said_a_month_later_is_left_out(shop: Shop, sent: list[int]) -> None:
    shop.clock.set(shop.clock.now() + LATE - timedelta(seconds=1))
    assert told(shop, Receipt("a", "sms", "failed", shop.clock.now(), key=sent[0])) == [sent[0]]
    shop.clock.set(shop.clock.now() + timedelta(seconds=1))
    assert told(shop, Receipt("b", "sms", "failed", shop.clock.now(), key=sent[1])) == [sent[0]]
