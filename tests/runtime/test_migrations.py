"""The schema in Postgres is the one that domain/tables describes."""

from alembic import command
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from runtime.database import alembic_config, upgrade

Migrated = tuple[Engine, sessionmaker[Session]]


def test_models_and_migrations_agree(migrated: Migrated) -> None:
    with migrated[0].connect() as connection:
        command.check(alembic_config(connection))


def test_upgrading_twice_changes_nothing(migrated: Migrated, postgres_url: str) -> None:
    upgrade(postgres_url)
    test_models_and_migrations_agree(migrated)
