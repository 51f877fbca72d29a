"""Values compared: what is the same, what comes first, what a path leads to. The database does it alike.

- What is missing, null or an empty list makes every comparison false but `exists`; so does a missing right side.
- Two values are the same if JSON says so: `1` and `1.0` are, `1`, `"1"` and `true` are not; lists and mappings are
  compared item by item. Numbers are compared as the decimals that they are written as.
- Order is between numbers, or between texts by code point. `before` and `after` are between instants. Where one side
  is a stored instant, the other is read as one. A date or a time without an offset is the customer's.
- On a list a comparison holds if it holds for some item, or for the list as a whole; `is_not` and `not_in` hold if
  `is` and `in` don't. `contains` asks a text for a part, and anything else whether it is the right side, or one of its
  items.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from workflows.terms.calendar import WEEKDAYS
from workflows.terms.values import at_local

INSTANT = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]{1,12})?)?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?)?"
)
"""How a text must look to be read as an instant, if its day exists; for Python and Postgres alike."""

DAY_OF_ANY_YEAR = r"(?:--)?(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
"""A day without its year, `--03-05` or `03-05`."""

DATE_PARTS = ("year", "month", "day", "weekday")
"""What can be asked of any date, on the customer's calendar; `weekday` is a name."""

NOW_PARTS = (*DATE_PARTS, "hour")
"""What can be asked of the instant at which a condition is read."""

_NEGATED = {"is_not": "is", "not_in": "in"}


def holds(operator: str, value: Any, right: Any, zone: ZoneInfo) -> bool:
    """Whether a value compares like this with the right side, in the time zone of the customer."""
    present = value is not None and value != []
    if operator == "exists":
        return present is right
    if not present or right is None:
        return False
    if operator in _NEGATED:
        return not holds(_NEGATED[operator], value, right, zone)
    values = [value, *value] if isinstance(value, list) else [value]
    return any(_holds(operator, each, right, zone) for each in values if each is not None)


def _holds(operator: str, value: Any, right: Any, zone: ZoneInfo) -> bool:
    match operator:
        case "is":
            return _same(value, right, zone)
        case "in":
            return _among(value, right, zone)
        case "contains":
            texts = isinstance(value, str) and isinstance(right, str)
            return right in value if texts else _among(value, right, zone)
    timed = operator in ("before", "after") or isinstance(value, datetime) or isinstance(right, datetime)
    left, other = (as_instant(value, zone), as_instant(right, zone)) if timed else (_rankable(value), _rankable(right))
    if left is None or other is None or isinstance(left, str) is not isinstance(other, str):
        return False
    match operator:
        case "at_least":
            return bool(left >= other)
        case "at_most":
            return bool(left <= other)
        case "above" | "after":
            return bool(left > other)
        case _:
            return bool(left < other)


def _among(value: Any, right: Any, zone: ZoneInfo) -> bool:
    items: Sequence[Any] = right if isinstance(right, list | tuple) else [right]
    return any(_same(value, item, zone) for item in items)


def _same(left: Any, right: Any, zone: ZoneInfo) -> bool:
    if isinstance(left, datetime) or isinstance(right, datetime):
        instant = as_instant(left, zone)
        return instant is not None and instant == as_instant(right, zone)
    return bool(canonical(left) == canonical(right))


def canonical(value: Any) -> Any:
    """A value that is equal, and hashes alike, for values that JSON takes to be the same."""
    match value:
        case bool():
            return ("bool", value)
        case float():
            return Decimal(repr(value))
        case list() | tuple():
            return ("list", *map(canonical, value))
        case Mapping():
            return ("mapping", frozenset((key, canonical(part)) for key, part in value.items()))
    return value


def as_number(value: Any) -> int | Decimal | None:
    """A number as the decimal that it is written as; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    return Decimal(repr(value)) if isinstance(value, float) else value


def _rankable(value: Any) -> Any:
    """A number or a text; None for what has no order."""
    return value if isinstance(value, str) else as_number(value)


def as_instant(value: Any, zone: ZoneInfo) -> datetime | None:
    """An aware datetime from a datetime or a text like `2026-03-02T19:40+08:00`; without an offset it is in `zone`.

    A day is its local midnight. A time that daylight saving skips moves on by the gap; of a doubled one the second is
    taken, as Postgres does.
    """
    if isinstance(value, str):
        if not re.fullmatch(INSTANT, value):
            return None
        try:
            value = datetime.fromisoformat(value.upper())
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    if value.tzinfo:
        return value
    offsets = (value.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return value.replace(tzinfo=timezone(min(offset or timedelta() for offset in offsets)))


def end_of(value: Any, zone: ZoneInfo) -> datetime | None:
    """The instant until which a value lasts: a day lasts until the next one begins in `zone`, an instant is itself."""
    instant = as_instant(value, zone)
    if instant is None or not isinstance(value, str) or len(value) > len("2026-03-02"):
        return instant
    try:
        return at_local(date.fromisoformat(value) + timedelta(days=1), time.min, zone, instant)
    except OverflowError:
        return None


def dig(data: Any, path: str, zone: ZoneInfo) -> Any:
    """Follow a dotted path through mappings; a list on the way gives the list of what its items hold.

    A date has parts: `birthday.month`.
    """
    for key in path.split("."):
        if isinstance(data, list):
            data = [item[key] for item in data if isinstance(item, Mapping) and item.get(key) is not None]
        elif isinstance(data, Mapping):
            data = data.get(key)
        else:
            data = date_part(key, data, zone)
    return data


def now_parts(now: datetime, zone: ZoneInfo) -> Mapping[str, int | str]:
    """The parts of an instant on the calendar and the clock of `zone`."""
    local = now.astimezone(zone)
    return {part: _part(part, local) for part in NOW_PARTS}


def _part(key: str, local: datetime) -> int | str:
    return WEEKDAYS[local.weekday()] if key == "weekday" else int(getattr(local, key))


def date_part(key: str, value: Any, zone: ZoneInfo) -> int | str | None:
    """The `year`, `month`, `day` or `weekday` of a date on the calendar of `zone`; None if it is none."""
    if key not in DATE_PARTS:
        return None
    if isinstance(value, str) and re.fullmatch(DAY_OF_ANY_YEAR, value):
        month, day = value.removeprefix("--").split("-")
        return {"month": int(month), "day": int(day)}.get(key)
    instant = as_instant(value, zone)
    try:
        local = instant.astimezone(zone) if instant else None
    except OverflowError:
        return None
    return None if local is None else _part(key, local)
