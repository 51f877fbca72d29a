"""Back-tests come to what really happened, and leave the live database alone."""

import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from textwrap import dedent

import pytest
from emptying import Kept
from running_shop import CART, WELCOME, a_fortnight, fingerprint, open_shop, plan_of, run
from sqlalchemy import Engine, text
from sqlmodel import col, select

from domain.coupons.tables import CampaignUse
from domain.intake.ingest import Incoming, ingest
from domain.journeys import lifecycle
from domain.ledger.tables import Message
from domain.store.clock import VirtualClock
from domain.store.work import Database
from runtime.rehearsal.backtest import Range, backtest
from runtime.rehearsal.outcome import Result, results
from runtime.rehearsal.shelf import Draft

BIRTHDAY = """
journey: birthday
name: 生日
trigger: {schedule: every day at 09:00, for_each: birthday}
entry: {again: after 300d}
steps: [{id: gift, send: thanks, via: [wecom]}]
"""
CLEARANCE = """
journey: clearance
name: 清仓
trigger: {schedule: every day at 09:00, for_each: near_expiry_lot, where: {field: lot.available, is: 5}}
entry: {again: always}
steps: [{stop: done}]
"""
Migrated = tuple[Engine, Database]


@pytest.fixture
def span(db: Database, clock: VirtualClock, kept: Kept) -> Range:
    """A fortnight that the shop really ran through."""
    start = clock.now()
    until = start + timedelta(days=14)

    def live() -> None:
        open_shop(db, start, WELCOME, CART)
        run(db, clock, a_fortnight(start), until)

    kept.once(live)
    return Range(start, until)


def lived(db: Database) -> list[Result]:
    with db() as session:
        return results(session, ["cart", "welcome"])


@pytest.mark.usefixtures("one_scratch")
class TestBacktest:
    def test_comes_to_what_really_happened(self, migrated: Migrated, db: Database, span: Range) -> None:
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

    def test_begins_with_what_was_known_then(self, migrated: Migrated, db: Database, span: Range) -> None:
        later = Range(span.since + timedelta(days=5), span.until)
        (welcome,) = backtest(migrated[0], ["welcome"], later, every=False, watch=lambda *_: None)
        assert welcome.entered == 0  # all had ordered before
        assert lived(db)[1].entered == 10

    def test_what_was_sent_entered_and_given_before_counts(
        self, migrated: Migrated, db: Database, clock: VirtualClock, span: Range
    ) -> None:
        with db() as session:
            held = session.exec(select(Message.customer_id).where(col(Message.counts))).all()
            budgets = session.exec(select(CampaignUse)).all()
        assert held
        assert budgets
        again = [(span.until + timedelta(minutes=each), each, "order.paid", {"order_id": f"x{each}", "total": 100})
                 for each in (1, 2, 3)]  # fmt: skip
        run(db, clock, again, span.until + timedelta(hours=1))
        next_day = Range(span.until, span.until + timedelta(hours=1))

        def entered(again: str, caps: str) -> Result:
            spec = f"""
                journey: welcome
                trigger: {{event: order.paid}}
                entry: {{again: {again}}}
                policy: {{caps: {{all: {caps}}}}}
                steps: [{{id: hello, send: thanks, via: [sms, wecom]}}, {{coupon: five}}]
            """
            draft = Draft(plan_of(dedent(spec)), {}, {})
            (found,) = backtest(migrated[0], [draft], next_day, every=False, watch=lambda *_: None)
            return found

        assert entered("never", "9 per 1d").entered == 0
        assert entered("never", "9 per 1d").not_entered == {"again": 3}
        assert entered("always", "9 per 1d").sent.total() == 3
        assert entered("always", "9 per 1d").refused == {"budget": 3}
        assert entered("always", "1 per 30d").suppressed == {"capped": 3}

    def test_plays_a_draft_beside_what_is_live(self, migrated: Migrated, span: Range) -> None:
        draft = Draft(plan_of(WELCOME.replace("is: 1", "is: 2").replace("welcome", "second")), {}, {})
        alone = backtest(migrated[0], [draft], span, every=False, watch=lambda *_: None)
        beside = backtest(migrated[0], [draft], span, every=True, watch=lambda *_: None)
        assert [each.journey for each in alone] == ["second"]
        assert {each.journey for each in beside} == {"cart", "second", "welcome"}
        assert alone[0].entered == next(each.entered for each in beside if each.journey == "second") == 3

    def test_schedules_fire_anew(self, migrated: Migrated, db: Database, clock: VirtualClock, span: Range) -> None:
        then = span.until - timedelta(days=1)
        born = [(then, who, "customer.updated", {"birthday": f"1990-03-{15 + who}"}) for who in (1, 2, 3)]
        run(db, clock, born, then + timedelta(hours=1))
        weeks = Range(span.since, span.since + timedelta(days=15))  # up to the 17th, noon
        (birthday,) = backtest(
            migrated[0], [Draft(plan_of(BIRTHDAY), {}, {})], weeks, every=False, watch=lambda *_: None
        )
        assert birthday.entered == 2
        assert birthday.sent == {"wecom": 2}

    @pytest.mark.parametrize(("begins", "available", "entered"), [(0, 5, 2), (0, 2, 1), (5, 5, 0), (5, 2, 3)])
    def test_stock_is_what_it_was_then(
        self, migrated: Migrated, db: Database, span: Range, begins: int, available: int, entered: int
    ) -> None:
        """Five came in before the range; two and a half days later two were left."""
        noon, day = span.since, timedelta(days=1)
        data = {"lot_id": "L1", "sku": "milk", "expires_on": "2026-03-20", "quantity": 5}
        received = Incoming("wms", "1", "lot.received", noon - day, data)
        counted = Incoming("wms", "2", "stock.counted", noon + 2.5 * day, {"lot_id": "L1", "quantity": 2})
        with db.begin() as session:
            ingest(session, [received, counted], now=noon + 14 * day)
        draft = Draft(plan_of(CLEARANCE.replace("5", str(available))), {}, {})
        some = Range(noon + begins * day, noon + (begins + 3) * day)
        (clearance,) = backtest(migrated[0], [draft], some, every=False, watch=lambda *_: None)
        assert clearance.entered == entered * 10

    def test_a_stopped_journey_is_played_as_if_it_went_on(self, migrated: Migrated, db: Database, span: Range) -> None:
        (going,) = backtest(migrated[0], ["welcome"], span, every=False, watch=lambda *_: None)
        with db.begin() as session:
            lifecycle.stop(session, "welcome", span.until, "li")
        (stopped,) = backtest(migrated[0], ["welcome"], span, every=False, watch=lambda *_: None)
        assert stopped == going

    def test_an_unknown_journey_is_told(self, migrated: Migrated, span: Range) -> None:
        with pytest.raises(LookupError, match='did you mean "welcome"'):
            backtest(migrated[0], ["welcom"], span, every=False, watch=lambda *_: None)

    def test_the_command_prints_a_table(self, aftershow: Callable[..., str], span: Range) -> None:
        days = ["--from", f"{span.since:%Y-%m-%d}", "--to", f"{span.until:%Y-%m-%d}"]
        said = aftershow("backtest", "welcome", *days, "--lang", "en")
        assert "greatest cost (yuan)" in said
        assert "│ entered              │" in said


def test_nothing_is_left_when_it_is_broken_off(
    migrated: Migrated, span: Range, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Ctrl-C does, from within; the scratch database is a real one here."""

    def interrupt(*_: object) -> None:
        assert list(tmp_path.glob("*/postgres"))
        raise KeyboardInterrupt

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = fingerprint(migrated[0])
    with pytest.raises(KeyboardInterrupt):
        backtest(migrated[0], ["welcome"], span, every=False, watch=interrupt)
    assert not list(tmp_path.iterdir())
    assert fingerprint(migrated[0]) == before
