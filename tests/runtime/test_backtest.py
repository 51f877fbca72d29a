"""Back-tests come to what really happened, and leave the live database alone."""

import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from running_shop import CART, WELCOME, a_fortnight, fingerprint, open_shop, plan_of, run
from sqlalchemy import Engine, text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from domain.clock import VirtualClock
from runtime.backtest import Range, backtest
from runtime.outcome import Result, results
from runtime.shelf import Draft

ROOT = Path(__file__).parents[2]
Migrated = tuple[Engine, sessionmaker[Session]]


@pytest.fixture
def span(db: sessionmaker[Session], clock: VirtualClock) -> Range:
    """A fortnight that the shop really ran through."""
    start = clock.now()
    open_shop(db, start, WELCOME, CART)
    until = start + timedelta(days=14)
    run(db, clock, a_fortnight(start), until)
    return Range(start, until)


def lived(db: sessionmaker[Session]) -> list[Result]:
    with db() as session:
        return results(session, ["cart", "welcome"])


class TestBacktest:
    def test_comes_to_what_really_happened(self, migrated: Migrated, db: sessionmaker[Session], span: Range) -> None:
        told: list[tuple[int, int]] = []
        locks: set[str] = set()

        def watch(played: int, total: int, _: datetime) -> None:
            told.append((played, total))
            with migrated[0].connect() as connection:
                query = (
                    "SELECT mode FROM pg_locks WHERE relation::regclass::text IN ('events', 'customers', 'messages')"
                )
                locks.update(connection.scalars(text(query)))

        before = fingerprint(migrated[0])
        found = backtest(migrated[0], ["cart", "welcome"], span, every=False, watch=watch)

        assert found == lived(db)
        welcome = found[1]
        assert welcome.entered == 10
        assert welcome.goals > 0
        assert welcome.suppressed
        assert sum(each.coupons for each in found) == 6
        assert sum(each.cost for each in found) == 3000
        assert told[-1][0] == told[-1][1] > 60
        assert locks == set()
        assert fingerprint(migrated[0]) == before

    def test_begins_with_what_was_known_then(self, migrated: Migrated, db: sessionmaker[Session], span: Range) -> None:
        later = Range(span.since + timedelta(days=5), span.until)
        (welcome,) = backtest(migrated[0], ["welcome"], later, every=False, watch=lambda *_: None)
        assert welcome.entered == 0  # all had ordered before
        assert lived(db)[1].entered == 10

    def test_plays_a_draft_beside_what_is_live(self, migrated: Migrated, span: Range) -> None:
        draft = Draft(plan_of(WELCOME.replace("is: 1", "is: 2").replace("welcome", "second")), {}, {})
        alone = backtest(migrated[0], [draft], span, every=False, watch=lambda *_: None)
        beside = backtest(migrated[0], [draft], span, every=True, watch=lambda *_: None)
        assert [each.journey for each in alone] == ["second"]
        assert {each.journey for each in beside} == {"cart", "second", "welcome"}
        assert alone[0].entered == next(each.entered for each in beside if each.journey == "second") == 3

    def test_an_unknown_journey_is_told(self, migrated: Migrated, span: Range) -> None:
        with pytest.raises(LookupError, match='did you mean "welcome"'):
            backtest(migrated[0], ["welcom"], span, every=False, watch=lambda *_: None)

    def test_the_command_prints_a_table(self, postgres_url: str, span: Range) -> None:
        options = ["--from", f"{span.since:%Y-%m-%d}", "--to", f"{span.until:%Y-%m-%d}", "--lang", "en"]
        result = subprocess.run(
            [sys.executable, "-m", "runtime.cli", "backtest", "welcome", *options],
            cwd=ROOT,
            env=os.environ | {"AFTERSHOW_DATABASE_URL": postgres_url},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        assert "greatest cost (yuan)" in result.stdout
