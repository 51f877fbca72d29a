"""Tests of what plays on a scratch database share one Postgres for it, and call commands without a process each."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from emptying import start_over
from sqlalchemy import Engine, text

from domain.store.work import Database
from runtime.rehearsal.scratch import scratch

Scratch = tuple[Engine, Database]


@pytest.fixture(scope="session")
def spare_postgres() -> Iterator[Scratch]:
    with scratch() as found:
        yield found


@pytest.fixture
def one_scratch(spare_postgres: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulations and back-tests find an empty scratch database at once."""

    @contextmanager
    def ready() -> Iterator[Scratch]:
        start_over(spare_postgres[0])
        with spare_postgres[0].begin() as connection:
            connection.execute(text("DROP TABLE IF EXISTS recorded"))
        yield spare_postgres

    for module in ("backtest", "simulate", "trying"):
        monkeypatch.setattr(f"runtime.rehearsal.{module}.scratch", ready)


@pytest.fixture
def aftershow(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Calls the command on the test's database and gives what it prints."""

    def call(*arguments: str) -> str:
        from runtime.cli.app import app

        monkeypatch.setenv("AFTERSHOW_DATABASE_URL", postgres_url)
        monkeypatch.setenv("AFTERSHOW_LANG", "zh")
        app(arguments, standalone_mode=False)
        return capsys.readouterr().out

    return call
