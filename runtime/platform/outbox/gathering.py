"""When starts of one plan are put together: a quiet event starts at once and alone, a burst in cohorts."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field

MOST = 10
"""Cohorts that are formed at a time, so that a long backlog is told while it is formed."""


@dataclass(frozen=True)
class CohortPolicy:
    """Cohorts have up to `size` members. More than `quiet` starts of a plan within a second are a burst.

    In a burst, a start waits up to `seconds` for others; where a schedule goes through its pages, up to `paging`.
    """

    size: int = 500
    seconds: float = 0.1
    paging: float = 2.0
    quiet: int = 10


@dataclass
class _Plan:
    """When starts were seen in the last second, and since when those that wait are gathered (None: they aren't)."""

    seen: deque[float] = field(default_factory=deque)
    since: float | None = None


class StartRate:
    """How fast the starts of each plan come, as one relay sees it."""

    def __init__(self, gathering: CohortPolicy, clock: Callable[[], float] = time.monotonic) -> None:
        self._gathering = gathering
        self._clock = clock
        self._plans: dict[str, _Plan] = {}

    @property
    def gathered(self) -> Set[str]:
        """The plans whose starts wait for others."""
        return {plan_id for plan_id, plan in self._plans.items() if plan.since is not None}

    def note(self, starts: Mapping[str, int]) -> None:
        """Take note of the starts that came. Those that come too fast are gathered from now on."""
        now = self._clock()
        for plan_id, count in starts.items():
            plan = self._plans.setdefault(plan_id, _Plan())
            while plan.seen and plan.seen[0] <= now - 1:
                plan.seen.popleft()
            plan.seen.extend([now] * count)
            if len(plan.seen) > self._gathering.quiet:
                plan.since = now

    def ripe(self, waiting: Mapping[str, int], paged: Set[str]) -> Iterator[str]:
        """The plans of which a cohort is to be formed now: it is full, or has waited long enough; each as often."""
        now = self._clock()
        for plan_id in sorted(self.gathered):
            plan, left = self._plans[plan_id], waiting.get(plan_id, 0)
            full = min(left // self._gathering.size, MOST)
            yield from [plan_id] * full
            left -= full * self._gathering.size
            patience = self._gathering.paging if plan_id in paged else self._gathering.seconds
            if left < self._gathering.size and plan.since is not None and plan.since + patience <= now:
                yield from [plan_id] * (left > 0)
                plan.seen.extend([now] * left)
                plan.since = None
            elif full:
                plan.since = now
