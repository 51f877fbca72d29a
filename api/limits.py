"""What a caller may ask of the API: how large, how many, how fast."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from api.problems import TooFast, Unavailable

_LEAST = 1000
"""Bytes that a request counts for, however small its body is."""


@dataclass(frozen=True)
class Limits:
    """Bytes of a body, events of a batch, and events a second that one key may send to one process.

    Of all requests that the process has taken on, `max_held_bytes` is what their bodies may come to, and
    `transactions` how many are at work in the database at once.
    """

    max_body_bytes: int = 1_000_000
    max_batch: int = 1000
    events_per_second: int = 2000
    max_held_bytes: int = 16_000_000
    transactions: int = 4


class Room:
    """Counts what is held of the bodies of all requests, from their first byte to their answer. Used by one loop."""

    def __init__(self, limits: Limits) -> None:
        self._free = limits.max_held_bytes

    @contextmanager
    def guest(self) -> Iterator[Callable[[int], None]]:
        """Yields what to call for each part of a body, with its bytes; it raises Unavailable if there is no room."""
        held = 0

        def hold(size: int) -> None:
            nonlocal held
            if size > self._free:
                raise Unavailable("Too many events are waiting to be taken.", headers={"Retry-After": "1"})
            self._free -= size
            held += size

        hold(_LEAST)
        try:
            yield hold
        finally:
            self._free += held


class Rate:
    """Counts each key's events over a moving window, just long enough that a full batch always fits into it."""

    def __init__(self, limits: Limits) -> None:
        seconds = max(1, math.ceil(limits.max_batch / limits.events_per_second))
        self._item = RateLimitItemPerSecond(limits.events_per_second * seconds, seconds)
        self._window = MovingWindowRateLimiter(MemoryStorage())

    def check(self, key_id: int) -> None:
        """Raises TooFast if the key has used up its window."""
        if not self._window.test(self._item, str(key_id)):
            raise self._too_fast(key_id)

    def charge(self, key_id: int, events: int) -> None:
        """Count a request of so many events. Raises TooFast, and counts nothing, if the window hasn't room for them."""
        if not self._window.hit(self._item, str(key_id), cost=max(1, events)):
            raise self._too_fast(key_id)

    def _too_fast(self, key_id: int) -> TooFast:
        free_at = self._window.get_window_stats(self._item, str(key_id)).reset_time
        wait = max(1, math.ceil(free_at - time.time()))
        return TooFast("None of the events was taken.", headers={"Retry-After": str(wait)})
