"""The lanes of a rehearsal: each customer in the order of their own life, at a time of their own."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from domain.intake.ingest import Incoming
from workflows.plan.interpreter import Runner


@dataclass
class Walking:
    """An enrollment under way."""

    plan_id: str
    runner: Runner


@dataclass
class Lane:
    """One customer: what is still to happen to them, and the enrollments they are in, the oldest first."""

    now: datetime
    events: deque[Incoming] = field(default_factory=deque)
    walking: dict[int, Walking] = field(default_factory=dict)

    def move(self, until: datetime) -> Incoming | Walking | None:
        """What comes next up to `until`: an event, an enrollment that acts, or nothing.

        At equal instants events come before timers, and of two enrollments the older acts first, as far as it can.
        """
        ready = self._ready()
        if ready is not None:
            return ready
        due = min((walk.runner.due for walk in self.walking.values() if walk.runner.due is not None), default=None)
        event = self.events[0] if self.events else None
        if event is not None and event.time <= until and (due is None or event.time <= due):
            self.now = max(self.now, event.time)
            return self.events.popleft()
        if due is None or due > until:
            return None
        self.now = max(self.now, due)
        for walk in self.walking.values():
            if walk.runner.due is not None and walk.runner.due <= self.now:
                walk.runner.elapsed()
        return self._ready()

    def _ready(self) -> Walking | None:
        return next((walk for walk in self.walking.values() if walk.runner.activity is not None), None)
