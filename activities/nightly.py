"""The activities of a night."""

from collections.abc import Callable
from typing import Any

from temporalio import activity

from activities.liveness import sign_of_life
from domain.insight import ranking, rollups
from domain.insight import usual_hours as hours
from domain.insight.definitions import METRICS
from domain.published.library import read_library
from domain.store.clock import Clock, SystemClock
from domain.store.work import Database


class NightlyActivities:
    """What is worked out each night. What each tells is for people, without personal data."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def all(self) -> list[Callable[..., Any]]:
        """The activities, to register with a worker."""
        return [
            self.fit_forecasts,
            self.rank_customers,
            self.decide_winners,
            self.learn_companions,
            self.learn_hours,
            self.keep_results,
            self.keep_metrics,
        ]

    @activity.defn
    def fit_forecasts(self) -> list[str]:
        """Fit what customers will order and be worth, and write it into their fields."""
        from domain.insight.forecasts import fit, write_page  # scipy, which nothing else in a worker needs
        from domain.insight.lifetime import TooFewOrdersError

        try:
            with self._db.begin() as work:
                kept, forecasts = fit(work, self._clock.now())
                told = f"fitted to {kept.customers:,} customers who ordered"
        except TooFewOrdersError as problem:
            return [str(problem)]
        for page in forecasts.pages():
            sign_of_life()
            with self._db.begin() as work:
                write_page(work, read_library(work), page, self._clock.now())
        return [told]

    @activity.defn
    def rank_customers(self) -> list[str]:
        """Work out where customers stand among all who ordered, and write it into their fields."""
        now = self._clock.now()
        with self._db() as session:
            ranked = ranking.rank(session, now)
        for start in range(0, len(ranked), ranking.PAGE):
            sign_of_life()
            with self._db.begin() as work:
                ranking.write_page(work, read_library(work), ranked[start : start + ranking.PAGE], now)
        return [f"{len(ranked):,} customers stand elsewhere by recency, frequency and value"]

    @activity.defn
    def decide_winners(self) -> list[str]:
        """Let the variants take over that are judged better, where journeys say so."""
        from domain.insight import winners  # scipy

        with self._db() as session:
            experiments = winners.open_experiments(read_library(session))
        told = []
        for journey, step in experiments:
            sign_of_life()
            with self._db.begin() as work:
                found = winners.decide(work, journey, step, self._clock.now(), SystemClock().now())
            if found:
                told.append(f"{journey} version {found.version}: {found.variant} takes over in {step}")
        return told

    @activity.defn
    def learn_companions(self) -> list[str]:
        """Learn which products are bought with which."""
        from domain.insight import companions  # scipy

        with self._db.begin() as work:
            products, pairs = companions.refresh(work, self._clock.now())
        return [f"{pairs:,} companions of {products:,} products"]

    @activity.defn
    def learn_hours(self) -> list[str]:
        """Work out in which hour each customer is mostly about, and the shop's, and write it into their fields."""
        now = self._clock.now()
        with self._db.begin() as work:
            zone = read_library(work).policy_zone
            hours.count_hours_of_shop(work, now, zone)
            found = hours.usual_hours(work, now, zone)
        for start in range(0, len(found), hours.PAGE):
            sign_of_life()
            with self._db.begin() as work:
                hours.write_page(work, read_library(work), found[start : start + hours.PAGE], now)
        return [f"{len(found):,} customers have another usual hour"]

    @activity.defn
    def keep_results(self) -> list[str]:
        """Sum up what journeys that many entered brought, so that their pages needn't count."""
        from domain.insight import units  # scipy

        with self._db.begin() as work:
            names = units.keep(work, self._clock.now())
        return [f"{len(names):,} journeys are summed up"]

    @activity.defn
    def keep_metrics(self) -> list[str]:
        """Keep the metrics of the periods that are over, so that boards needn't count them."""
        now = self._clock.now()
        with self._db() as session:
            zone = read_library(session).policy_zone
            first = rollups.beginning(session, now, zone)
        kept = 0
        for name in METRICS:
            sign_of_life()
            with self._db.begin() as work:
                kept += rollups.keep(work, name, first, now, zone)
        return [f"{kept:,} more periods of metrics are kept"]
