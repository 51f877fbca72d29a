"""Conducts the demo: posts the shop's events as journey time reaches them, and lets that time wait for the work."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import func
from sqlmodel import Session, col, select
from temporalio.client import Client

from domain.intake.schedules import fires_on
from domain.journeys.tables import Enrollment
from domain.plays.tables import PlayInstance
from domain.published.library import read_library
from domain.store.tables import ClockState
from domain.store.work import Database
from runtime.demo.events import ZONE
from runtime.demo.playing import Playing
from runtime.demo.sequel import Sequel
from runtime.demo.shop import Shop, build
from runtime.platform.schedules import fire_schedule
from runtime.platform.stored_clock import ClockRate, Leg, StoredClock, set_clock
from runtime.platform.temporal import DATA_CONVERTER
from workflows.plan.model import ScheduleTrigger
from workflows.terms.values import at_local, local_day, parse_time

SHOW_SPEED = 240.0
WEEK_SPEED = 10_800.0
SLACK = timedelta(minutes=5)
AHEAD_SECONDS = 1.0
BATCH = 200
BATCH_TYPE = "application/cloudevents-batch+json"


def pace_of(shop: Shop) -> ClockRate:
    """How the demo's time passes: the evening's two and a half hours in some 40 seconds, then a day in 8 seconds."""
    return ClockRate([Leg(_time(shop.evening_events[-1]), SHOW_SPEED), Leg(_time(shop.events[-1]), WEEK_SPEED)])


class Conductor:
    """Moves the demo's clock. It may be stopped and made anew at any time: it goes on from what the database holds."""

    def __init__(self, db: Database, api: str, key: str, temporal: str) -> None:
        self._db = db
        self._url = f"{api}/v1/events"
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": BATCH_TYPE}
        self._temporal = temporal
        self._clock = StoredClock(db)
        self._shop = build(self._evening())
        self._pace = pace_of(self._shop)
        self._playing = Playing(db, _time(self._shop.evening_events[0]))
        self._sequel = Sequel(db, _time(self._shop.evening_events[-1]))
        self._posted = 0
        self._fired = self._start
        with db.begin() as work:
            state = work.get(ClockState, 1)
            now = state.journey_at if state else self._start
            self._fired = now
            set_clock(work, now, now, self._pace)

    @property
    def _start(self) -> datetime:
        return _time(self._shop.evening_events[0]) - timedelta(minutes=1)

    @property
    def end(self) -> datetime:
        """When the story is told: a week and a day after the evening."""
        return _time(self._shop.evening_events[-1]) + timedelta(days=8)

    def now(self) -> datetime:
        """The present journey time."""
        return self._clock.now()

    def over(self) -> bool:
        """Whether the whole story has been told."""
        return self.now() >= self.end

    def tick(self) -> None:
        """Post what has happened by now, fire the schedules that are due, and let time run on as far as it may.

        Raises what Postgres, the API or Temporal raise while they are away; the next tick makes up for it.
        """
        now = self.now()
        self._post(now)
        self._playing.tick(now, self._shop.events[: self._posted])
        self._send(list(self._sequel.tick(now)))
        self._fire(now)
        now = self.now()
        with self._db.begin() as work:
            set_clock(work, now, max(now, self._limit(work, now)), self._pace)

    def _evening(self) -> datetime:
        """Today, or the evening that an earlier start of this demo began with."""
        with self._db() as session:
            state = session.get(ClockState, 1)
        return datetime.fromisoformat(state.legs[0][0]) if state else datetime.now(ZONE)

    def _post(self, now: datetime) -> None:
        events = self._shop.events
        while self._posted < len(events) and _time(events[self._posted]) <= now:
            batch = [event for event in events[self._posted : self._posted + BATCH] if _time(event) <= now]
            self._send(batch)
            self._posted += len(batch)

    def _send(self, events: Sequence[dict[str, Any]]) -> None:
        if events:
            body = json.dumps(events, ensure_ascii=False).encode()
            httpx.post(self._url, content=body, headers=self._headers, timeout=30).raise_for_status()

    def _fire(self, now: datetime) -> None:
        due = list(self._firings(self._fired, now))
        if due:
            asyncio.run(self._trigger(due))
        self._fired = now

    def _firings(self, after: datetime, until: datetime) -> Iterator[str]:
        """The journeys whose schedule fires after one instant and up to another."""
        with self._db() as session:
            library = read_library(session)
        for name, live in library.journeys.items():
            trigger = live.plan.trigger
            if not isinstance(trigger, ScheduleTrigger):
                continue
            day = local_day(until, library.policy_zone)
            firing = at_local(day, parse_time(trigger.at), library.policy_zone, until)
            if after < firing <= until and fires_on(trigger, day, library.calendar):
                yield name

    async def _trigger(self, journeys: Sequence[str]) -> None:
        client = await Client.connect(self._temporal, data_converter=DATA_CONVERTER)
        for name in journeys:
            await fire_schedule(client, name)

    def _limit(self, session: Session, now: datetime) -> datetime:
        """How far time may run before the next look: a little past what happens next and what is due, no further."""
        limits = [self._pace.later(now, AHEAD_SECONDS), self.end]
        if self._posted < len(self._shop.events):
            limits.append(_time(self._shop.events[self._posted]) + SLACK)
        enrolled = select(func.min(Enrollment.due_at)).where(col(Enrollment.ending).is_(None))
        played = select(func.min(PlayInstance.due_at)).where(col(PlayInstance.ended_at).is_(None))
        limits += [due + SLACK for due in (session.exec(enrolled).one(), session.exec(played).one()) if due is not None]
        return min(limits)


def _time(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["time"])
