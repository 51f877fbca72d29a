"""The schema in Postgres is the one that domain/tables describes."""

from alembic import command
from sqlalchemy import Engine, NullPool, create_engine, make_url, text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from runtime.platform.database import alembic_config, upgrade

Migrated = tuple[Engine, sessionmaker[Session]]


def test_models_and_migrations_agree(migrated: Migrated) -> None:
    with migrated[0].connect() as connection:
        command.check(alembic_config(connection))


def test_upgrading_twice_changes_nothing(migrated: Migrated, postgres_url: str) -> None:
    upgrade(postgres_url)
    test_models_and_migrations_agree(migrated)


def test_what_the_first_release_kept_is_carried_over(postgres_url: str) -> None:
    address = make_url(postgres_url)
    with create_engine(address, isolation_level="AUTOCOMMIT", poolclass=NullPool).connect() as connection:
        connection.execute(text("CREATE DATABASE earlier"))
    engine = create_engine(address.set(database="earlier"), poolclass=NullPool)
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0001")
        connection.execute(text(FIRST_RELEASE))
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "head")
        said = connection.execute(text("SELECT status, written_at IS NOT NULL, refused FROM messages")).one()
        cost = connection.execute(text("SELECT cost FROM coupons")).scalar_one()
        moved = connection.execute(text("SELECT lot_id, quantity FROM stock_moves")).one()
    assert (tuple(said), cost, tuple(moved)) == (("sent", True, []), 500, ("l1", 7))


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
