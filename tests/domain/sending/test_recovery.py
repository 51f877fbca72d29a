"""After a restore: what went in the time that is lost isn't sent again, and everybody else gets what is theirs."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from shop import Provider, Shop
from sqlalchemy import Engine, text
from sqlmodel import select

from domain.channels.delivery import Delivery
from domain.intake.ingest import Incoming
from domain.journeys.tables import Enrollment
from domain.ledger.tables import Message
from domain.sending.recovery import SKIPPED, note_loss
from domain.sending.tracking import due_messages, record_answers
from domain.store.clock import VirtualClock
from domain.store.work import Database
from runtime.platform.database import connect

JOURNEY = """
journey: care
trigger: {event: order.paid}
entry: {again: always}
steps:
  - {id: welcome, send: welcome, via: [sms], kind: transactional}
  - {id: rest, wait: 1h}
  - {id: tip, send: tip, via: [sms], kind: transactional}
"""
NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
BACKUP, STOPPED, BACK = (NOON + timedelta(minutes=minutes) for minutes in (55, 70, 90))


def at(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


@contextmanager
def copied(engine: Engine) -> Iterator[Database]:
    """The database as it is now, once more: time goes on there that will be lost."""
    engine.dispose()
    elsewhere = engine.url.set(drivername="postgresql", database="template1").render_as_string(hide_password=False)
    with psycopg.connect(elsewhere, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE lost TEMPLATE "{engine.url.database}"')
        copy, db = connect(engine.url.set(database="lost").render_as_string(hide_password=False))
        try:
            yield db
        finally:
            copy.dispose()
            connection.execute("DROP DATABASE lost")


def order(shop: Shop, who: str, minutes: int, phone: int) -> None:
    now = shop.clock.now()
    idents = (("member_no", who), ("phone", f"+86139000000{phone:02}"))
    shop.take(
        Incoming("shop", f"order-{who}", "order.paid", at(minutes), {"order_id": who, "total": 1}, idents, arrived=now)
    )


def walk(shop: Shop, clock: VirtualClock) -> None:
    """Let everybody do what is due now."""
    for standing, step in (("welcome", "welcome"), ("rest", "tip")):
        due = [
            row.id for row in shop.rows(Enrollment)
            if row.ending is None and row.position == standing and row.due_at <= clock.now()
        ]  # fmt: skip
        if due:
            shop.give("send", shop.group(step, due))


def went(provider: Provider) -> Counter[tuple[str, int]]:
    return Counter((message.body, int(message.recipient[-2:])) for message in provider.taken)


def test_what_went_in_the_time_that_is_lost_isnt_sent_again(
    shop: Shop, clock: VirtualClock, migrated: tuple[Engine, Database]
) -> None:
    shop.publish(JOURNEY)
    clock.set(at(0))
    order(shop, "early", 0, 1)
    order(shop, "down", 0, 4)
    walk(shop, clock)
    clock.set(at(20))
    order(shop, "late", 20, 3)
    walk(shop, clock)
    clock.set(BACKUP)
    provider = shop.provider
    with copied(migrated[0]) as lost_db:
        lost = Shop(lost_db, clock)
        lost.plan, lost.plan_id = shop.plan, shop.plan_id
        lost.provider.taken = provider.taken
        clock.set(at(60))
        lost.provider.says["+8613900000004"] = Delivery("retry")  # it was away for this one
        walk(lost, clock)
        clock.set(at(65))
        order(lost, "new", 65, 2)
        walk(lost, clock)
    provider.taken = [message for message in provider.taken if (message.body, message.recipient[-2:]) != ("tip", "04")]
    assert went(provider) == Counter({("welcome", 1): 1, ("welcome", 4): 1, ("welcome", 3): 1, ("welcome", 2): 1,
                                      ("tip", 1): 1})  # fmt: skip

    clock.set(BACK)
    with shop.db.begin() as work:
        before = work.execute(
            text("SELECT last_value FROM pg_sequences WHERE sequencename = 'messages_id_seq'")
        ).scalar_one()
        assert note_loss(work, BACKUP, STOPPED, clock.now()) == 2
    walk(shop, clock)
    order(shop, "new", 65, 2)  # the shop hadn't heard that it was taken
    walk(shop, clock)
    clock.set(at(125))
    walk(shop, clock)
    clock.set(at(155))
    walk(shop, clock)

    found = went(provider)
    assert {each: count for each, count in found.items() if count > 1} == {}
    assert found.keys() >= {("tip", 3), ("tip", 2)}, "nobody else misses anything"
    asked = {(row.template, row.recipient[-2:]): row for row in shop.rows(Message) if row.reason == "restored"}
    assert {each: row.status for each, row in asked.items()} == dict.fromkeys(
        [("tip", "01"), ("tip", "04"), ("welcome", "02")], "unknown"
    )
    assert min(row.id for row in asked.values()) > before + SKIPPED, "providers know messages by their ids"


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Delivery("sent", "SM1"), "sent"),
        (Delivery("failed", "SM1", "30006"), "failed"),
        (Delivery("failed"), "unknown"),
    ],
)
def test_its_provider_settles_what_it_has_and_the_rest_is_for_a_person(
    shop: Shop, clock: VirtualClock, answer: Delivery, status: str
) -> None:
    """Another coupon's code makes it another text: that it isn't found says nothing."""
    shop.publish(JOURNEY)
    clock.set(BACK)
    with shop.db.begin() as work:
        note_loss(work, BACKUP, STOPPED, clock.now())
    order(shop, "new", 65, 2)
    walk(shop, clock)
    clock.set(at(110))
    with shop.db() as session:
        (asked,) = due_messages(session, "sms", clock.now())
    assert asked.called_at == at(65), "it is looked for where it went"
    with shop.db.begin() as work:
        record_answers(work, [asked], [answer], clock.now())
    with shop.db() as session:
        assert session.exec(select(Message.status)).all() == [status]
        assert due_messages(session, "sms", at(2000)) == []


def test_a_span_that_cant_be_is_refused(shop: Shop) -> None:
    for since, until in ((STOPPED, BACKUP), (BACKUP, at(1000))):
        with shop.db.begin() as work, pytest.raises(ValueError, match="begin before it ends, and end before now"):
            note_loss(work, since, until, BACK)
