"""The way in: the events of many requests are taken in few transactions."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock

from api.problems import is_away
from domain.ingest import Incoming

CHUNK = 500
"""Events that are taken in one transaction."""

Taken = list[bool | None]
"""For each event: True is new, False a duplicate, None one that can't be stored."""


@dataclass(frozen=True)
class _Waiting:
    events: Sequence[Incoming]
    taken: Future[Taken] = field(default_factory=Future)


class Intake:
    """What arrives alone is taken at once; what arrives while all transactions are busy is then taken together."""

    def __init__(self, store: Callable[[Sequence[Incoming]], Taken], transactions: int) -> None:
        self._store = store
        self._threads = ThreadPoolExecutor(transactions, "intake")
        self._queue: deque[_Waiting] = deque()
        self._lock = Lock()

    async def take(self, events: Sequence[Incoming]) -> Taken:
        """Take the events of a request, a chunk after the other, so that they keep their order."""
        taken: Taken = []
        for start in range(0, len(events), CHUNK):
            waiting = _Waiting(events[start : start + CHUNK])
            with self._lock:
                self._queue.append(waiting)
            self._threads.submit(self._work)
            taken.extend(await asyncio.wrap_future(waiting.taken))
        return taken

    def _work(self) -> None:
        """Take as many as go into a chunk. There is a call for each that waits; most find that it was taken already."""
        party, size = [], 0
        with self._lock:
            while self._queue and size + len(self._queue[0].events) <= CHUNK:
                waiting = self._queue.popleft()
                if waiting.taken.set_running_or_notify_cancel():
                    party.append(waiting)
                    size += len(waiting.events)
        if party:
            self._take(party)

    def _take(self, party: Sequence[_Waiting]) -> None:
        try:
            taken = iter(self._store([event for waiting in party for event in waiting.events]))
        except Exception as error:
            if len(party) > 1 and not is_away(error):  # it is one's own trouble, and not that of the others
                for waiting in party:
                    self._take([waiting])
                return
            for waiting in party:
                waiting.taken.set_exception(error)
            return
        for waiting in party:
            waiting.taken.set_result([next(taken) for _ in waiting.events])
