"""The compressed clock of a demo: one row in Postgres, which all its processes read and one conductor moves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, select

from domain.store.clock import Clock, SystemClock
from domain.store.tables import ClockState
from domain.store.work import Database

STALLS = 1.3
"""How much longer a sleep takes than the pace says, as the clock stalls now and then; fewer sleepers wake too early."""


@dataclass(frozen=True)
class Leg:
    """Up to `until`, journey time runs `speed` times as fast as real time."""

    until: datetime
    speed: float


class ClockRate:
    """The mapping of real time to journey time. The last leg's speed holds for ever."""

    def __init__(self, legs: Sequence[Leg]) -> None:
        self.legs = tuple(legs)

    def later(self, start: datetime, seconds: float) -> datetime:
        """The journey time that many real seconds after journey time `start`."""
        for leg in self.legs[:-1]:
            span = max(0.0, (leg.until - start).total_seconds() / leg.speed)
            if seconds <= span:
                return start + timedelta(seconds=seconds * leg.speed)
            seconds -= span
            start = max(start, leg.until)
        return start + timedelta(seconds=seconds * self.legs[-1].speed)

    def seconds(self, start: datetime, end: datetime) -> float:
        """The real seconds from journey time `start` to `end`; 0 if it is past."""
        total = 0.0
        for leg in self.legs[:-1]:
            reached = min(max(start, leg.until), end)
            total += max(0.0, (reached - start).total_seconds()) / leg.speed
            start = max(start, reached)
        return total + max(0.0, (end - start).total_seconds()) / self.legs[-1].speed


class StoredClock:
    """Journey time keeps the pace, but never runs past the conductor's limit, so that it can stall."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def now(self) -> datetime:
        return self._read()[0]

    def seconds_until(self, instant: datetime) -> float:
        now, pace = self._read()
        return pace.seconds(now, instant) * STALLS

    def _read(self) -> tuple[datetime, ClockRate]:
        with self._db() as session:
            state = session.exec(select(ClockState)).one()
        pace = ClockRate([Leg(datetime.fromisoformat(until), speed) for until, speed in state.legs])
        passed = max(0.0, (datetime.now(UTC) - state.real_at).total_seconds())
        return min(pace.later(state.journey_at, passed), state.limit_at), pace


def set_clock(session: Session, now: datetime, limit: datetime, pace: ClockRate) -> None:
    """Let journey time be `now` and run on from here, up to `limit`."""
    state = {
        "id": 1,
        "journey_at": now,
        "real_at": datetime.now(UTC),
        "limit_at": limit,
        "legs": [[leg.until.isoformat(), leg.speed] for leg in pace.legs],
    }
    session.execute(insert(ClockState).values(state).on_conflict_do_update(index_elements=["id"], set_=state))


def clock_of(db: Database) -> Clock:
    """The clock of this database: a demo's, if one was set, else the real time."""
    with db() as session:
        compressed = session.exec(select(ClockState)).first() is not None
    return StoredClock(db) if compressed else SystemClock()
