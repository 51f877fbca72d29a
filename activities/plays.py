"""The activity of plays."""

from collections.abc import Callable, Sequence
from typing import Any

from temporalio import activity

from activities.adapters.coupons import CouponAdapter, LedgerCoupons
from domain.coupons.reserving import ReservationRequest
from domain.plays.running import carry_on, coupons_wanted
from domain.store.clock import Clock
from domain.store.work import Database
from workflows.plays.standing import PlayStanding


class PlayActivities:
    """Carries instances of plays on; `coupons` are where prizes come from. What it tells is without personal data."""

    def __init__(self, db: Database, clock: Clock, coupons: CouponAdapter | None = None) -> None:
        self._db = db
        self._clock = clock
        self._coupons = coupons or LedgerCoupons()

    def all(self) -> Sequence[Callable[..., Any]]:
        """The activities, to register with a worker."""
        return [self.carry_play_on]

    @activity.defn
    def carry_play_on(self, instance: int) -> PlayStanding:
        """Do what can be done now, a page at most, and say when there is more to do."""
        now = self._clock.now()

        def wanted() -> Sequence[ReservationRequest]:
            with self._db.begin() as work:
                return coupons_wanted(work, instance, now)

        with self._coupons.gifts(wanted) as gift, self._db.begin() as work:
            standing = carry_on(work, instance, now, gift)
        due = standing.due_at
        return standing.model_copy(update={"seconds": self._clock.seconds_until(due) if due else None})
