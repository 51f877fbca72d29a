"""The compressed clock of a demo: one row in Postgres, which all its processes read and one conductor moves."""

from datetime import UTC, datetime, timedelta

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, select

from domain.clock import Clock, SystemClock
from domain.tables import ClockState


class StoredClock:
    """Journey time runs `speed` times as fast as real time, but never past the conductor's limit, so that it can stall."""

    def __init__(self, db: sessionmaker[Session]) -> None:
        self._db = db

    def now(self) -> datetime:
        return self._read()[0]

    def seconds_until(self, instant: datetime) -> float:
        now, speed = self._read()
        return max(0.0, (instant - now).total_seconds()) / speed

    def _read(self) -> tuple[datetime, float]:
        with self._db() as session:
            state = session.exec(select(ClockState)).one()
        run = (datetime.now(UTC) - state.real_at) * state.speed
        return min(state.journey_at + max(run, timedelta()), state.limit_at), state.speed


def set_clock(session: Session, now: datetime, speed: float, limit: datetime) -> None:
    """Let journey time be `now` and run on at `speed`, up to `limit`."""
    state = {"id": 1, "journey_at": now, "real_at": datetime.now(UTC), "speed": speed, "limit_at": limit}
    session.execute(insert(ClockState).values(state).on_conflict_do_update(index_elements=["id"], set_=state))


def clock_of(db: sessionmaker[Session]) -> Clock:
    """The clock of this database: a demo's, if one was set, else the real time."""
    with db() as session:
        compressed = session.exec(select(ClockState)).first() is not None
    return StoredClock(db) if compressed else SystemClock()
