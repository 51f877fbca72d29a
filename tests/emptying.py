"""Between tests the database is emptied, or filled with what a test before it made."""

from collections.abc import Callable

from psycopg import sql
from sqlalchemy import Engine, text

TOUCHED = """
SELECT relname FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0
AND relname <> 'alembic_version'
"""
FROM_ONE = """
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
FROM pg_sequences WHERE last_value IS NOT NULL
"""


def start_over(engine: Engine) -> None:
    """No rows, none of their places either, so that new ones stand in their order; numbers from 1 on."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if touched := connection.scalars(text(TOUCHED)).all():
            deleted = "; ".join(f"DELETE FROM {table}" for table in touched)
            connection.execute(text(f"SET LOCAL session_replication_role = replica; {deleted}"))  # in any order
            connection.execute(text(f"VACUUM (TRUNCATE, INDEX_CLEANUP ON) {', '.join(touched)}"))
        connection.execute(text(FROM_ONE))


class Kept:
    """The rows that a fixture made, for all tests of a module that begin with the same."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._rows: dict[str, bytes] | None = None
        self._numbers: list[tuple[str, int]] = []

    def once(self, make: Callable[[], object]) -> None:
        """Fill the empty database: by `make` the first time, by the rows it left from then on."""
        if self._rows is None:
            make()
            self._keep()
        else:
            self._put_back(self._rows)

    def _keep(self) -> None:
        with self._engine.connect() as connection:
            tables = connection.scalars(text(TOUCHED)).all()
            numbers = connection.execute(text("SELECT sequencename, last_value FROM pg_sequences")).all()
            cursor = connection.connection.cursor()
            self._rows = {}
            for table in tables:
                with cursor.copy(sql.SQL("COPY {} TO STDOUT (FORMAT binary)").format(sql.Identifier(table))) as copy:
                    self._rows[table] = b"".join(copy)
        self._numbers = [(name, value) for name, value in numbers if value is not None]

    def _put_back(self, rows: dict[str, bytes]) -> None:
        put = text("SELECT setval(cast(:name AS regclass), :value)")
        with self._engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))  # in any order
            cursor = connection.connection.cursor()
            for table, kept in rows.items():
                with cursor.copy(sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(sql.Identifier(table))) as copy:
                    copy.write(kept)
            for name, value in self._numbers:
                connection.execute(put, {"name": name, "value": value})
