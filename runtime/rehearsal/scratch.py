"""A scratch Postgres, and copying into it. The live database is only read, in one snapshot that locks nothing."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from psycopg import Connection, sql
from sqlalchemy import Engine, text
from sqlmodel import SQLModel

from domain.customers.sums import sum_up_orders
from domain.store.work import Database
from runtime.platform.database import connect, upgrade
from runtime.platform.embedded import embedded_postgres

SHELF = ("publication", "documents", "message_texts", "plans", "journeys")
"""The tables that hold what is published."""


@contextmanager
def scratch() -> Iterator[tuple[Engine, Database]]:
    """An empty database on a Postgres of its own, which is gone when the block ends, however it ends."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        embedded_postgres(Path(folder), durable=False) as url,
    ):
        upgrade(url)
        engine, db = connect(url, pool_size=2)
        try:
            yield engine, db
        finally:
            engine.dispose()


def empty_tables(engine: Engine) -> None:
    """Delete all rows; new ones are numbered on. Nobody else may write meanwhile. Needs a superuser.

    Truncating takes a new file for each table and index, which costs a hundred times as much for a few rows.
    """
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # in any order
        connection.execute(text("; ".join(f"DELETE FROM {table.name}" for table in SQLModel.metadata.sorted_tables)))


class Copier:
    """Copies rows as they are. References aren't checked, so that tables may come in parts and in any order."""

    def __init__(self, live: Connection[Any], into: Connection[Any]) -> None:
        self._live = live
        self._into = into

    def copy(self, table: str, where: str = "TRUE", values: Mapping[str, Any] | None = None, to: str = "") -> None:
        """Copy the rows of a table for which a condition holds, perhaps into one of another name."""
        names = sql.SQL(", ").join(map(sql.Identifier, SQLModel.metadata.tables[table].columns.keys()))
        chosen = sql.SQL("COPY (SELECT {} FROM {} WHERE {}) TO STDOUT").format(
            names,
            sql.Identifier(table),
            sql.SQL(where),
        )
        write = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(to or table), names)
        with (
            self._live.cursor() as source,
            self._into.cursor() as target,
            source.copy(chosen, values) as leaving,
            target.copy(write) as coming,
        ):
            for block in leaving:
                coming.write(block)

    def copy_all(self, tables: Iterable[str]) -> None:
        for table in tables:
            self.copy(table)

    def run(self, statement: str, values: Mapping[str, Any] | None = None) -> None:
        """Execute a statement in the scratch database."""
        self._into.execute(statement, values)


@contextmanager
def copying(live: Engine, into: Engine) -> Iterator[Copier]:
    """Copy from one snapshot of the live database. What comes in anew is numbered after what was copied."""
    with live.connect() as reading, into.begin() as writing:
        reading.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        reading.execute(text("SELECT 1"))
        writing.execute(text("SET LOCAL session_replication_role = replica"))
        yield Copier(_raw(reading), _raw(writing))
        sum_up_orders(writing)
        for table in SQLModel.metadata.sorted_tables:
            if "id" in table.columns and table.name not in _UNNUMBERED:
                writing.execute(
                    text(
                        f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'),"
                        f" coalesce((SELECT max(id) FROM {table.name}), 0) + 1, false)"
                    )
                )
        writing.execute(text("SET LOCAL session_replication_role = origin"))
    with into.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


_UNNUMBERED = frozenset({"publication", "clock", "plans", "play_versions"})


def _raw(connection: Any) -> Connection[Any]:
    driver: Connection[Any] = connection.connection.driver_connection
    return driver
