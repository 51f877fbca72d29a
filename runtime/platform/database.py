"""The way to Postgres: an engine, its sessions, and the schema."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from alembic import command
from alembic.config import Config
from psycopg.errors import UndefinedObject
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError

import migrations
from domain.intake.ingest import ingest_given
from domain.store.work import Database
from runtime import StartError

_LONG = re.compile(rb"\d{19}")
UPGRADE_LOCK = 4_210_667_001
OPTIONS = "-c timezone=UTC -c random_page_cost=1.1"
"""Pages come from memory or flash: nothing is gained by reading a whole table where an index leads to the rows."""


@dataclass(frozen=True)
class Patience:
    """How many seconds Postgres lets a kind of connection wait for a lock, work, and keep a transaction idle."""

    lock: int
    statement: int
    idle: int

    @property
    def options(self) -> str:
        """What Postgres is told when a connection is made."""
        return (
            f"{OPTIONS} -c lock_timeout={self.lock}s -c statement_timeout={self.statement}s"
            f" -c idle_in_transaction_session_timeout={self.idle}s"
        )


API = Patience(lock=3, statement=30, idle=30)
WORKER = Patience(lock=10, statement=120, idle=120)
"""Of activities, housekeeping and the relay, which keeps its transaction while it talks to Temporal."""
CLI = Patience(lock=30, statement=1800, idle=1800)


def connect(url: str, patience: Patience | None = CLI, *, pool_size: int = 10) -> tuple[Engine, Database]:
    """An engine that survives a restart of Postgres, and its database. Times come back in UTC; errors show no data.

    Only migrations have no end to their `patience`.
    """
    engine = create_engine(
        url,
        pool_size=pool_size,
        pool_pre_ping=True,
        hide_parameters=True,
        json_deserializer=_read_json,
        connect_args={"options": patience.options if patience else OPTIONS, "connect_timeout": 3},
    )
    return engine, Database(engine, ingest_given)


def _read_json(written: bytes) -> Any:
    """Integers of more than 64 bits, which orjson would round, are left to Python."""
    return json.loads(written) if _LONG.search(written) else orjson.loads(written)


def trouble(engine: Engine) -> str | None:
    """Why Postgres does not answer; None if it does."""
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except OperationalError as problem:
        return str(problem.orig).splitlines()[-1]
    return None


def upgrade(url: str) -> None:
    """Bring the schema up to date. Several at once wait for each other."""
    engine, _ = connect(url, None, pool_size=1)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK})
            command.upgrade(alembic_config(connection), "head")
    finally:
        engine.dispose()


def grant(url: str, role: str) -> None:
    """Let a role read and write all tables, and nothing more: who works needn't be able to change or drop them.

    Raises StartError if there is no such role.
    """
    engine, _ = connect(url, None, pool_size=1)
    name = engine.dialect.identifier_preparer.quote(role)
    try:
        with engine.begin() as connection:
            for what in (
                "USAGE ON SCHEMA public",
                "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public",
                "USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public",
            ):
                connection.exec_driver_sql(f"GRANT {what} TO {name}")
            connection.exec_driver_sql(f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {name}")
    except ProgrammingError as error:
        if not isinstance(error.orig, UndefinedObject):
            raise
        raise StartError(f"there is no role {role} in Postgres; make it first: CREATE ROLE {name} LOGIN") from None
    finally:
        engine.dispose()


def alembic_config(connection: Connection) -> Config:
    """Alembic on this project's migrations, working through `connection`."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
