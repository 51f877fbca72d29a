"""Between tests the database is emptied."""

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
