"""What the API's trials of drafts are played by."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine

from api.journeys.passing import Played
from api.journeys.trials import Backtested, Happening, Simulated, TrialError, Watch
from domain.published.library import read_library
from domain.store.clock import Clock
from domain.store.work import Database
from runtime import StartError
from runtime.rehearsal.backtest import Range, backtest
from runtime.rehearsal.engine import rehearse
from runtime.rehearsal.journey_tests import both_in_words, fits
from runtime.rehearsal.kept import read_kept, stock_of
from runtime.rehearsal.scratch import scratch
from runtime.rehearsal.shelf import Draft
from runtime.rehearsal.simulate import GivenEvent, record, simulate
from workflows.plan.model import Plan
from workflows.source.chinese import in_chinese
from workflows.source.diagnostics import Diagnostic
from workflows.terms.values import Language
from workflows.words.telling import reasons_in_words, render


class DraftTrials:
    """Plays drafts on a scratch database of this machine, against what is published."""

    def __init__(self, engine: Engine, db: Database, clock: Clock) -> None:
        self._engine = engine
        self._db = db
        self._clock = clock
        self._tests = threading.Lock()

    def simulate(self, plan: Plan, customer: int, event: str | None, data: dict[str, Any], lang: Language) -> Simulated:
        """What would happen to a customer, and nothing after it."""
        given = GivenEvent(event, data) if event else None
        try:
            found = simulate(self._engine, Draft(plan, {}, {}), customer, given_event=given, at=self._clock.now())
        except (LookupError, StartError) as problem:
            raise TrialError(str(problem)) from None
        with self._db() as session:
            say = read_library(session).wording(lang)
        return Simulated(
            begun_by=say.happening(found.begun_by.type),
            at=found.at,
            zone=found.zone.key,
            happenings=[
                Happening(at=decision.at, words=render(decision, say, found.zone), text=text)
                for decision, text in found.decisions
            ],
        )

    def backtest(self, plan: Plan, days: int, lang: Language, watch: Watch) -> Backtested:
        """What would have happened over the last days."""
        until = self._clock.now()
        span = Range(until - timedelta(days=days), until)
        try:
            (found,) = backtest(self._engine, [Draft(plan, {}, {})], span, every=False, watch=watch)
        except (LookupError, StartError) as problem:
            raise TrialError(str(problem)) from None
        with self._db() as session:
            reasons = reasons_in_words(read_library(session).wording(lang))
        return Backtested(
            since=span.since,
            until=span.until,
            entered=found.entered,
            not_entered={reasons.get(reason, reason): n for reason, n in found.not_entered.items()},
            sent=dict(found.sent),
            suppressed={reasons.get(reason, reason): n for reason, n in found.suppressed.items()},
            coupons=found.coupons,
            cost=found.cost,
            goals=found.goals,
        )

    def record(self, plan: Plan, customer: int, event: str | None, data: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """A simulation as a case of a journey test, and whether the case alone comes to the same."""
        given = GivenEvent(event, data) if event else None
        try:
            return record(self._engine, Draft(plan, {}, {}), customer, given_event=given, at=self._clock.now())
        except (LookupError, ValueError, StartError) as problem:
            raise TrialError(str(problem)) from None

    def read_tests(self, text: str, journey: str) -> tuple[int, Sequence[Diagnostic]]:
        """How many cases a text holds, and what is wrong with it."""
        file, diagnostics = read_kept(text, journey)
        return len(file.cases) if file else 0, diagnostics

    def play_tests(self, plan: Plan, text: str, lang: Language) -> Sequence[Played]:
        """Each case of a text without mistakes, as the plan plays it against what is published. One text at a time."""
        file, _ = read_kept(text, plan.journey)
        cases = file.cases if file else ()
        with self._db() as session:
            library = read_library(session)
        say = library.wording(lang)
        with self._tests, scratch() as (engine, _):
            found: list[Played] = []
            for case in cases:
                try:
                    with self._db() as session:
                        stock = stock_of(session, library, plan, {**(file.policy if file else {}), **case.policy})
                    lines, zone = rehearse(engine, case, stock), library.policy_zone
                except (ValueError, LookupError) as problem:
                    detail = in_chinese(str(problem)) if lang == "zh" else str(problem)
                    found.append(Played(case=case.name, passed=False, expected=[], happened=[], problem=detail))
                    continue
                expected, happened = both_in_words(case, lines, zone, say)
                passed = fits(case, lines, zone)
                found.append(Played(case=case.name, passed=passed, expected=expected, happened=happened, problem=None))
        return found
