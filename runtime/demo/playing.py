"""The plays of the demo's show: a vote and a lottery, opened while it runs and entered by those who watch."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from domain.customers.identifiers import identify
from domain.plays.entering import enter
from domain.plays.running import PlayError, live_play, open_play, present_instance
from domain.store.work import Database, UnitOfWork
from workflows.plays.model import Play
from workflows.plays.parts.collect import Collect

PLAYED = (("vote", timedelta(minutes=40)), ("lottery", timedelta(minutes=70)))
"""How long after the beginning of the show each is opened."""

HOST = "demo"
TURN = 40
"""So many enter at a time."""


class Playing:
    """Opens the plays when their time has come, and lets those enter who have come to the show."""

    def __init__(self, db: Database, begins: datetime) -> None:
        self._db = db
        self._begins = begins
        self._rng = Random(7)
        self._entered: dict[str, int] = {}

    def tick(self, now: datetime, events: Sequence[dict[str, Any]]) -> None:
        """Do what is due; `events` are those of the shop up to now."""
        for name, after in PLAYED:
            if now < self._begins + after:
                continue
            with self._db.begin() as work:
                instance, live = present_instance(work, name), live_play(work, name)
                if live is None:
                    continue
                if instance is None:
                    try:
                        open_play(work, name, now, HOST)
                    except PlayError:  # the show is over already
                        continue
                elif instance.state == "open":
                    self._enter(work, live[1], events, now)

    def _enter(self, work: UnitOfWork, play: Play, events: Sequence[dict[str, Any]], now: datetime) -> None:
        came = list(dict.fromkeys(each["subject"] for each in events if each["type"] == "stream.joined"))
        first = self._entered.get(play.play, 0)
        part = play.collects[0].part
        options = list(part.options or ()) if isinstance(part, Collect) else []
        for subject in came[first : first + TURN]:
            choice = self._rng.choice(options) if options else None
            enter(work, play.play, identify(subject, None), HOST, choice, now)
        self._entered[play.play] = min(first + TURN, len(came))
