"""The one reader of time. Everything below the boundary is given `now`."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Maps real time to journey time, the time that journeys are written in."""

    def now(self) -> datetime:
        """The present instant of journey time, in UTC."""

    def seconds_until(self, instant: datetime) -> float:
        """How many real seconds pass until journey time reaches `instant`; 0 if it is past."""


class SystemClock:
    """Production: journey time is real time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def seconds_until(self, instant: datetime) -> float:
        return max(0.0, (instant - self.now()).total_seconds())


class VirtualClock:
    """Rehearsals and tests: stands still until it is set."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def set(self, instant: datetime) -> None:
        """Move on to `instant`. Raises ValueError if that would be backwards."""
        if instant < self._now:
            raise ValueError(f"time cannot go back from {self._now} to {instant}")
        self._now = instant.astimezone(UTC)

    def seconds_until(self, instant: datetime) -> float:
        return max(0.0, (instant - self._now).total_seconds())
