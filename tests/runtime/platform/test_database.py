"""What Postgres is told of each kind of connection: none waits, works or idles for ever, but for a migration."""

import pytest
from sqlalchemy import text

from runtime.platform.database import API, CLI, WORKER, Patience, connect

SETTINGS = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")


@pytest.mark.parametrize(
    ("patience", "told"),
    [
        (API, ["3s", "30s", "30s"]),
        (WORKER, ["10s", "2min", "2min"]),
        (CLI, ["30s", "30min", "30min"]),
        (None, ["0", "0", "0"]),
    ],
)
def test_each_kind_of_connection_has_an_end_to_its_patience(
    postgres_url: str, patience: Patience | None, told: list[str]
) -> None:
    engine, _ = connect(postgres_url, patience, pool_size=1)
    with engine.connect() as connection:
        assert [connection.execute(text(f"SHOW {name}")).scalar() for name in SETTINGS] == told
    engine.dispose()
