"""The schema in Postgres is the one that domain/tables describes."""

from typing import Any

from alembic import command
from sqlalchemy import Connection, Engine, NullPool, create_engine, make_url, text

from domain.store.work import Database
from runtime.platform.database import alembic_config, upgrade

Migrated = tuple[Engine, Database]


def test_models_and_migrations_agree(migrated: Migrated) -> None:
    with migrated[0].connect() as connection:
        command.check(alembic_config(connection))


def test_upgrading_twice_changes_nothing(migrated: Migrated, postgres_url: str) -> None:
    upgrade(postgres_url)
    test_models_and_migrations_agree(migrated)


def test_what_the_first_release_kept_is_carried_over(postgres_url: str) -> None:
    engine = _database_at(postgres_url, "earlier", "0001", FIRST_RELEASE)
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "head")
        said = connection.execute(text("SELECT status, written_at IS NOT NULL, refused FROM messages")).one()
        cost = connection.execute(text("SELECT cost FROM coupons")).scalar_one()
        moved = connection.execute(text("SELECT lot_id, quantity FROM stock_moves")).one()
    assert (tuple(said), cost, tuple(moved)) == (("sent", True, []), 500, ("l1", 7))


def test_channels_to_follow_up_and_buyers_notices_are_carried_over_and_back(postgres_url: str) -> None:
    engine = _database_at(postgres_url, "before_notices", "0005", BEFORE_NOTICES)
    with engine.begin() as connection:
        before = _notices_and_outbox(connection)
        command.upgrade(alembic_config(connection), "head")
        outbox = connection.execute(text("SELECT kind, journey, channel FROM outbox ORDER BY id")).all()
        notices = connection.execute(
            text("SELECT replenishment_id, status, reminders, recipient, body FROM replenishment_notices")
        ).all()
        messages = connection.execute(text("SELECT key FROM sandbox_messages")).scalars().all()
        command.downgrade(alembic_config(connection), "0005")
        assert _notices_and_outbox(connection) == before
    assert list(map(tuple, outbox)) == [("follow_up", None, "sms"), ("replenish", None, None), ("fan_out", "j", None)]
    assert list(map(tuple, notices)) == [(7, "overdue", 2, "buyer", "words")]
    assert list(messages) == ["1"]


def _database_at(postgres_url: str, name: str, revision: str, rows: str) -> Engine:
    address = make_url(postgres_url)
    with create_engine(address, isolation_level="AUTOCOMMIT", poolclass=NullPool).connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine = create_engine(address.set(database=name), poolclass=NullPool)
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), revision)
        connection.execute(text(rows))
    return engine


def _notices_and_outbox(connection: Connection) -> tuple[list[Any], list[Any]]:
    kept = connection.execute(text("SELECT key, channel, recipient, body, at FROM sandbox_messages ORDER BY key"))
    return list(kept), list(connection.execute(text("SELECT id, kind, journey FROM outbox ORDER BY id")))


FIRST_RELEASE = """
INSERT INTO customers (id, fields, field_times, created_at) VALUES (1, '{}', '{}', now());
INSERT INTO events (id, source, event_id, type, time, received_at, customer_id, data)
  VALUES (1, 's', 'e', 'order.paid', now(), now(), 1, '{}');
INSERT INTO plans (id, journey, version, source, plan, published_at) VALUES ('p', 'j', 1, '', '{}', now());
INSERT INTO journeys (name, plan_id, paused, stopped, late) VALUES ('j', 'p', true, false, 'send');
INSERT INTO enrollments (id, journey, plan_id, customer_id, key, slot, exclusive, trigger_id, subject, entered_at,
    anchor, generation, claimed, held, outcomes)
  VALUES (1, 'j', 'p', 1, 'k', 's', false, 1, '{}', now(), now(), 0, true, false, '[]');
INSERT INTO messages (id, enrollment_id, customer_id, journey, step, template, kind, channel, body, status, counts, day,
    claimed_at, settled_at) VALUES (1, 1, 1, 'j', 'a', 't', 'marketing', 'sms', '', 'sent', true, now(), now(), now());
INSERT INTO coupons (code, campaign, customer_id, enrollment_id, step, terms, status, issued_at, expires_at)
  VALUES ('C', 'five', 1, 1, 'a', '{"amount_off": 500}', 'issued', now(), now());
INSERT INTO lots (lot_id, sku, expires_on, on_hand, reserved, quarantined) VALUES ('l1', 'milk', now(), 7, 0, 0);
"""
BEFORE_NOTICES = """
INSERT INTO events (id, source, event_id, type, time, received_at, data) VALUES (1, 's', 'e', 'x', now(), now(), '{}');
INSERT INTO replenishments (id, alarm_id, sku, city, status, proposed, pack, basis, created_at, reminders)
  VALUES (7, 1, 'milk', '', 'overdue', 5, 1, '{}', now(), 2);
INSERT INTO outbox (kind, journey, event_id, attempts)
  VALUES ('follow_up', 'sms', NULL, 0), ('replenish', 'replenishment', 1, 0), ('fan_out', 'j', 1, 0);
INSERT INTO sandbox_messages (key, channel, recipient, body, at)
  VALUES ('replenishment/7/overdue/2', 'notice', 'buyer', 'words', now()), ('1', 'sms', 'li', 'hello', now());
"""
