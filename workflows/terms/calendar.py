"""Days of the week and of the month, as journeys name them, and the names of time zones."""

import re
from datetime import date, time, timedelta
from functools import cache
from zoneinfo import available_timezones

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEKDAY = "|".join(WEEKDAYS)
"""A day of the week, as part of a regular expression."""

MONTH_DAY = r"the\s+(?:(?:[1-9]|[12]\d|3[01])(?:st|nd|rd|th)|last\s+day)"
"""A day of the month, as part of a regular expression."""

FESTIVALS = ("元旦", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节")
"""What every calendar here has."""

LEAP_YEAR = 2000
"""A year that has every day."""

LAST_DAY = -1
"""The last day of a month, as its number."""


@cache
def zone_names() -> frozenset[str]:
    """The time zones that everybody knows by these names: `localtime` is a machine's own, which Postgres refuses."""
    return frozenset(name for name in available_timezones() if name[0].isupper())


def month_day_of(text: str) -> int:
    """The number of a day that is written like `the 1st` or `the last day`."""
    digits = re.search(r"\d+", text)
    return int(digits[0]) if digits else LAST_DAY


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `11th`."""
    suffix = "th" if number in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def is_anniversary(day: date, of: str) -> bool:
    """Whether the day is the one written `09-10`; 29 February is a day earlier in years without it."""
    if (day.month, day.day) == (2, 28) and (day + timedelta(days=1)).day == 1:
        return of in ("02-28", "02-29")
    return f"{day:%m-%d}" == of


def falls_on(day: date, *, weekday: int | None, month_day: int | None) -> bool:
    """Whether the day is this day of the week (0 is Monday) and of the month; None is any.

    A month that has no such day is passed over.
    """
    if weekday is not None and day.weekday() != weekday:
        return False
    if month_day == LAST_DAY:
        return (day + timedelta(days=1)).day == 1
    return month_day is None or day.day == month_day


_HOUR, _DAY = 60, 24 * 60


def hour_within(hour: int, begin: time, end: time) -> time:
    """When the hour of a day begins between two times of day, of which the second isn't allowed any more.

    Where none of the hour lies between them, it is the hour nearest to it that does. They may lie on either side of
    midnight; if they are the same, every time is allowed.
    """
    first = _minute(begin)
    span = (_minute(end) - first) % _DAY or _DAY
    allowed = [0, *range(-first % _HOUR, span, _HOUR)]

    def distance(since: int) -> int:
        past = ((first + since) // _HOUR - hour) % 24
        return min(past, 24 - past)

    minute = (first + min(allowed, key=distance)) % _DAY
    return time(minute // _HOUR, minute % _HOUR)


def lies_within(clock: time, begin: time, end: time) -> bool:
    """Whether a time of day lies between two, of which the second isn't allowed any more; always, if they are equal."""
    span = (_minute(end) - _minute(begin)) % _DAY or _DAY
    return (_minute(clock) - _minute(begin)) % _DAY < span


def _minute(clock: time) -> int:
    return clock.hour * _HOUR + clock.minute
