"""What the API's trials of drafts are played by."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Engine

from api.journeys.trials import Backtested, Happening, Simulated, TrialError, Watch
from domain.published.library import read_library
from domain.store.clock import Clock
from domain.store.work import Database
from runtime import StartError
from runtime.rehearsal.backtest import Range, backtest
from runtime.rehearsal.shelf import Draft
from runtime.rehearsal.simulate import GivenEvent, simulate
from workflows.plan.model import Plan
from workflows.terms.values import Language
from workflows.words.telling import reasons_in_words, render


class DraftTrials:
    """Plays drafts on a scratch database of this machine, against what is published."""

    def __init__(self, engine: Engine, db: Database, clock: Clock) -> None:
        self._engine = engine
        self._db = db
        self._clock = clock

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
