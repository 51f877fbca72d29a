"""The activity that pulls what is new from a connected system, page by page."""

import time
from collections.abc import Callable

from temporalio import activity

from activities.adapters.sources.opening import open_source
from activities.adapters.sources.source import BadRangeError, Source, SourceError, Surroundings
from domain.connectors import pulls
from domain.connectors.pulls import Taken
from domain.connectors.tables import Pull
from domain.published.library import read_library
from domain.store.work import Database
from workflows.language.connectors import Connector

A_WHILE = 30.0
"""Seconds after which an activity ends, and another goes on."""

Progress = Callable[[Pull, Taken], None]
"""Is told of each page that was taken."""


class ConnectActivities:
    """Pulling from the systems that the published connectors name."""

    def __init__(self, db: Database, surroundings: Surroundings) -> None:
        self._db = db
        self._surroundings = surroundings

    @activity.defn
    def pull(self, name: str) -> bool:
        """Take pages for a while. Whether there is more; a source that fails is asked again at the next run."""
        with self._db() as session:
            connector = read_library(session).connectors.get(name)
        if connector is None:
            return False
        return self.run(connector, seconds=A_WHILE)

    def run(self, connector: Connector, seconds: float | None = None, told: Progress | None = None) -> bool:
        """Take what is new, then what back-fills ask for, for so many seconds at most. Whether there is more."""
        until = None if seconds is None else time.monotonic() + seconds
        with self._db.begin() as work:
            now = self._surroundings.clock.now()
            queue = [pulls.regular(work, connector.connector, now), *pulls.open_backfills(work, connector.connector)]
        return any(self._pull(connector, pull, until, told) for pull in queue)

    def _pull(self, connector: Connector, pull: Pull, until: float | None, told: Progress | None) -> bool:
        """Whether time ran out before it was done."""
        clock, source = self._surroundings.clock, None
        try:
            source = open_source(connector, self._surroundings)
            position = self._begin(source, pull)
            before = pull.position
            while True:
                page = source.read(position)
                with self._db.begin() as work:
                    taken = pulls.take_page(work, connector, pull.id, before, page, clock.now())
                if taken is None:
                    return False  # somebody else goes on with it
                before = position = dict(page.position)
                if told is not None:
                    told(self._seen(pull.id), taken)
                if not page.more:
                    return False
                if activity.in_activity():
                    activity.heartbeat()
                if until is not None and time.monotonic() >= until:
                    return True
        except SourceError as error:
            with self._db.begin() as work:
                over = isinstance(error, BadRangeError)
                pulls.failed(work, pull.id, str(error), clock.now(), over=over)
            return False
        finally:
            if source is not None:
                source.close()

    def _begin(self, source: Source, pull: Pull) -> dict[str, object]:
        """Where to go on: in the middle of a run, or at the beginning of one, which is also what a failure leads to."""
        if pull.backfill:
            return dict(pull.position or source.range(pull.since or "", pull.until or ""))
        if pull.running and pull.position is not None and pull.failed_at is None:
            return dict(pull.position)
        return dict(source.begin(pull.position))

    def _seen(self, pull_id: int) -> Pull:
        with self._db() as session:
            return session.get_one(Pull, pull_id)
