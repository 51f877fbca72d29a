"""What a caller may ask of the API: how large, how many, how fast."""

import math
import time
from dataclasses import dataclass

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from api.http.problems import TooFast


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bytes of a body, events of a batch, and events a second that one key may send to one process.

    `max_stranger_bytes` is for bodies that come without a key, like providers' callbacks. `body_seconds` is how long a
    body may take to come. Of all requests that the process has taken on, `max_held_bytes` is what their bodies may come
    to, and `transactions` how many are at work in the database at once.
    """

    max_body_bytes: int = 1_000_000
    max_stranger_bytes: int = 64_000
    body_seconds: float = 30
    max_batch: int = 1000
    events_per_second: int = 2000
    max_held_bytes: int = 16_000_000
    transactions: int = 4


class Rate:
    """Counts each caller's events over a moving window, just long enough that a full batch always fits into it.

    A caller may be allowed less than the process allows everybody.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._window = MovingWindowRateLimiter(MemoryStorage())

    def check(self, caller: str, per_second: int | None = None) -> None:
        """Raises TooFast if the caller has used up their window."""
        if not self._window.test(self._item(per_second), caller):
            raise self._too_fast(caller, per_second)

    def charge(self, caller: str, events: int, per_second: int | None = None) -> None:
        """Count a request of so many events. Raises TooFast, and counts nothing, if the window hasn't room for them."""
        if not self._window.hit(self._item(per_second), caller, cost=max(1, events)):
            raise self._too_fast(caller, per_second)

    def _item(self, per_second: int | None) -> RateLimitItem:
        rate = min(per_second or self._limits.events_per_second, self._limits.events_per_second)
        seconds = max(1, math.ceil(self._limits.max_batch / rate))
        return RateLimitItemPerSecond(rate * seconds, seconds)

    def _too_fast(self, caller: str, per_second: int | None) -> TooFast:
        free_at = self._window.get_window_stats(self._item(per_second), caller).reset_time
        wait = max(1, math.ceil(free_at - time.time()))
        return TooFast("None of the events was taken.", headers={"Retry-After": str(wait)})
