"""The Retry-After header (RFC 9110, 10.2.3)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def seconds_of(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, as told in seconds or as a date, which is read by the answer's own clock if it has one.

    None if nothing is told that can be read.
    """
    value = headers.get("Retry-After", "").strip()
    try:
        if value.isascii() and value.isdecimal():
            return float(value[:10])
        until = parsedate_to_datetime(value)
        now = parsedate_to_datetime(headers["Date"]) if "Date" in headers else datetime.now(UTC)
        return max(0.0, (until - now).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return None
