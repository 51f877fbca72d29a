"""The values that an event's data is made of, read strictly: no number for a text, no truth value for a number."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, Strict
from pydantic_core import PydanticCustomError

from workflows.terms.calendar import zone_names
from workflows.terms.comparing import DAY_OF_ANY_YEAR
from workflows.terms.quantities import Quantity

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,12})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_DAY_OF_ANY_YEAR = re.compile(DAY_OF_ANY_YEAR)
_LUNAR_DAY = re.compile(r"(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|30)")
_YEARS = range(1970, 3000)


def parse_instant(text: str) -> datetime:
    """An RFC 3339 time with an offset (`2026-03-02T19:40:00+08:00`) in UTC.

    Raises ValueError, in words that don't repeat the text, if it is anything else or outside the years 1970 to 2999.
    """
    if not _INSTANT.fullmatch(text):
        raise ValueError("must be an RFC 3339 time with an offset, like 2026-03-02T19:40:00+08:00")
    try:
        instant = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is not a time that exists") from None
    if instant.year not in _YEARS:
        raise ValueError(f"must lie in the years {_YEARS[0]} to {_YEARS[-1]}")
    return instant


def _read_day(value: Any) -> date:
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise PydanticCustomError("bad_date", "is not a day that exists") from None
    raise PydanticCustomError("bad_date", "must be a date, like 2026-03-02")


def _read_birthday(value: Any) -> str:
    if isinstance(value, str) and _DAY_OF_ANY_YEAR.fullmatch(value):
        _read_day(f"2000-{value.removeprefix('--')}")
        return value
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise PydanticCustomError("bad_date", "must be a date, like 1992-03-05, or a day of any year, like 03-05")
    _read_day(value)
    return value


def _read_lunar_day(value: Any) -> str:
    if not isinstance(value, str) or not _LUNAR_DAY.fullmatch(value):
        raise PydanticCustomError("bad_date", "must be a month and a day of the lunar calendar, like 08-15")
    return value


def _read_expiry(value: Any) -> date:
    day = _read_day(value)
    if day.year not in _YEARS:
        raise PydanticCustomError("bad_date", f"must lie in the years {_YEARS[0]} to {_YEARS[-1]}")
    return day


def _read_instant(value: Any) -> datetime:
    if not isinstance(value, str):
        raise PydanticCustomError("bad_time", "must be an RFC 3339 time with an offset, as text")
    try:
        return parse_instant(value)
    except ValueError as error:
        raise PydanticCustomError("bad_time", "{words}", {"words": str(error)}) from None


def _read_zone(value: Any) -> str:
    if isinstance(value, str) and value in zone_names():
        return value
    raise PydanticCustomError("bad_timezone", "must be an IANA time zone, like Asia/Shanghai")


@dataclass(frozen=True)
class Words:
    """How the page for producers calls a type of value."""

    words: str


Code = Annotated[str, Field(min_length=1, max_length=200), Words("text, 1 to 200 characters")]
Codes = Annotated[list[Code], Field(max_length=20), Words("list of texts, 20 at most")]
Text = Annotated[str, Field(max_length=10_000), Words("text")]
Fen = Annotated[int, Strict(), Field(ge=0, le=10**15), Words("integer, fen")]
Count = Annotated[int, Strict(), Field(ge=0, le=10**9), Words("integer, 0 or more")]
Amount = Annotated[Quantity, Field(ge=0, le=10**9), Words("number, 0 or more, at most three places")]
Sum = Annotated[Quantity, Field(ge=0, le=10**12), Words("number, 0 or more, at most three places")]
Stars = Annotated[float, Strict(), Field(ge=1, le=5), Words("number, 1 to 5")]
Days = Annotated[int, Strict(), Field(ge=0, le=10**4), Words("integer, days")]
Rate = Annotated[float, Strict(), Field(ge=0, le=10**9), Words("number")]
RowId = Annotated[int, Strict(), Field(ge=1, le=2**63 - 1), Words("integer")]
Number = Annotated[float, Strict(), Field(ge=0, le=10**12), Words("number")]
Latitude = Annotated[float, Strict(), Field(ge=-90, le=90), Words("number, degrees")]
Longitude = Annotated[float, Strict(), Field(ge=-180, le=180), Words("number, degrees")]
Minutes = Annotated[float, Strict(), Field(ge=0, le=10**6), Words("number, minutes")]
DayOfBirth = Annotated[str, BeforeValidator(_read_birthday), Words("date, `YYYY-MM-DD`, or `MM-DD` without a year")]
LunarDay = Annotated[str, BeforeValidator(_read_lunar_day), Words("`MM-DD` of the lunar calendar")]
Expiry = Annotated[date, BeforeValidator(_read_expiry), Words("date, `YYYY-MM-DD`")]
Instant = Annotated[datetime, BeforeValidator(_read_instant), Words("RFC 3339 time with an offset")]
Zone = Annotated[str, BeforeValidator(_read_zone), Words("IANA time zone")]
