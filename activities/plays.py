"""The activity of plays."""

from collections.abc import Callable, Sequence
from typing import Any

from temporalio import activity

from domain.plays.running import carry_on
from domain.store.clock import Clock
from domain.store.work import Database
from workflows.plays.standing import PlayStanding


class PlayActivities:
    """Carries instances of plays on. What it tells is without personal data."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def all(self) -> Sequence[Callable[..., Any]]:
        """The activities, to register with a worker."""
        return [self.carry_play_on]

    @activity.defn
    def carry_play_on(self, instance: int) -> PlayStanding:
        """Do what can be done now, a page at most, and say when there is more to do."""
        with self._db.begin() as work:
            standing = carry_on(work, instance, self._clock.now())
        due = standing.due_at
        return standing.model_copy(update={"seconds": self._clock.seconds_until(due) if due else None})
