"""Where the fields of an event stand in what others send: JMESPath, with names in any script, and functions of ours.

`fen(x)` makes fen of yuan; `time(x)` an instant of a time that is written in any common way. One that says no zone is
of the zone of whoever wrote it.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from functools import lru_cache, partial
from typing import Annotated, Any

import jmespath
from jmespath import functions
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult
from pydantic import Field

Path = Annotated[str, Field(min_length=1, max_length=500)]
"""A JMESPath expression (https://jmespath.org/specification.html)."""

_NAMES = re.compile(r"""("[^"]*"|'[^']*'|`[^`]*`)|([\w$]*(?:[^\x00-\x7f]|\$)[\w$]*)""")
"""What is quoted, and names that JMESPath wants quoted."""

_IN_MILLISECONDS = 10**11
"""From so many on, they are no seconds: those would be in the year 5138."""

_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]*(\d{1,2})(?=:))?")
_COMPACT = re.compile(r"(\d{8})(\d{6})?")
_EPOCH = re.compile(r"\d{10}(?:\d{3})?(?:\.\d+)?")


def compiled(path: str) -> ParsedResult:
    """A path as JMESPath reads it; names in any script, and with a `$`, need no quotes. Raises JMESPathError."""
    return jmespath.compile(_NAMES.sub(lambda found: found[1] or f'"{found[2]}"', path))


def value_of(path: str, properties: Any, zone: tzinfo | None = None) -> Any:
    """What a path finds; None where that is nothing, or the expression doesn't fit what there is."""
    try:
        quick, expression = _compiled(path)
        return quick(properties) if quick is not None else expression.search(properties, _options(zone))
    except (JMESPathError, RecursionError):
        return None


def fields_of(paths: Mapping[str, str], properties: Any, zone: tzinfo | None = None) -> dict[str, Any]:
    """The fields of an event's data that are found by their paths; those of nothing are left out."""
    found: dict[str, Any] = {}
    for name, path in paths.items():
        value = value_of(path, properties, zone)
        if value is not None and value != []:
            found[name] = [_without_nulls(each) for each in value] if isinstance(value, list) else value
    return found


def instant_of(value: Any, zone: tzinfo | None) -> datetime | None:
    """The instant of a time that somebody wrote; None if it is none.

    That is ISO 8601, `2026-03-02 19:40:00`, `2026/3/2 9:05`, `2026年3月2日`, `20260302194000`, or seconds or
    milliseconds since 1970. One without an offset is of the `zone`; without a zone, it is none.
    """
    try:
        if isinstance(value, datetime):
            return _in_zone(value, zone)
        if isinstance(value, date):
            return _in_zone(datetime.fromisoformat(value.isoformat()), zone)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if abs(value) >= _IN_MILLISECONDS else value, UTC)
        if not isinstance(value, str):
            return None
        return _read(value.strip(), zone)
    except (ValueError, OverflowError, OSError):
        return None


def _read(text: str, zone: tzinfo | None) -> datetime | None:
    if compact := _COMPACT.fullmatch(text):
        day, clock = compact.groups()
        return _in_zone(datetime.fromisoformat(f"{day}T{clock or '000000'}"), zone)
    if _EPOCH.fullmatch(text):
        return instant_of(float(text), zone)
    return _in_zone(datetime.fromisoformat(_DAY.sub(_padded, text, count=1)), zone)


def _padded(found: re.Match[str]) -> str:
    year, month, day, hour = found.groups()
    return f"{year}-{int(month):02}-{int(day):02}" + (f"T{int(hour):02}" if hour else "")


def _in_zone(moment: datetime, zone: tzinfo | None) -> datetime | None:
    if moment.tzinfo is None:
        if zone is None:
            return None
        moment = moment.replace(tzinfo=zone)
    return moment.astimezone(UTC)


def _without_nulls(value: Any) -> Any:
    return {key: each for key, each in value.items() if each is not None} if isinstance(value, dict) else value


_Quick = Callable[[Any], Any]
_FALSE: tuple[Any, ...] = ("", [], {}, None, False)
"""What JMESPath takes for false; no number is."""


def _quick(node: Mapping[str, Any]) -> _Quick | None:
    """What nearly all paths are made of (`a.b || c`, `fen(d)`) without a walk through their tree each time.

    It finds what `search` finds; None where a path has anything else.
    """
    parts = [part for child in node["children"] if (part := _quick(child)) is not None]
    if len(parts) < len(node["children"]):
        return None
    match node["type"], parts:
        case "field", []:
            name = node["value"]
            return lambda value: value.get(name) if isinstance(value, dict) else None
        case "subexpression", [outer, inner]:
            return lambda value: inner(outer(value))
        case "or_expression", [left, right]:
            return partial(_either, left, right)
        case "function_expression", [argument] if node["value"] == "fen":
            return lambda value: _fen_of(argument(value))
    return None


def _either(left: _Quick, right: _Quick, value: Any) -> Any:
    found = left(value)
    return right(value) if any(found is each or (found == each and found != 0) for each in _FALSE) else found


def _fen_of(amount: Any) -> int | str | None:
    return None if isinstance(amount, bool | list | dict) else fen(amount)


def fen(amount: float | str | None) -> int | str | None:
    """Yuan as fen, to the nearest; what is no number is left as it is, and refused where it is read."""
    if amount is None:
        return None
    try:
        exact = Decimal(str(amount)) * 100
        return int(exact.to_integral_value()) if exact.is_finite() and abs(exact) < 10**15 else str(amount)
    except InvalidOperation:
        return str(amount)


@lru_cache(maxsize=2000)
def _compiled(path: str) -> tuple[_Quick | None, ParsedResult]:
    expression = compiled(path)
    return _quick(expression.parsed), expression


class _Functions(functions.Functions):
    def __init__(self, zone: tzinfo | None) -> None:
        self._zone = zone

    @functions.signature({"types": ["number", "string", "null"]})
    def _func_fen(self, amount: float | str | None) -> int | str | None:
        return fen(amount)

    @functions.signature({"types": ["number", "string", "null"]})
    def _func_time(self, written: float | str | None) -> str | None:
        """A time as an event has it; what is none is left as it is, and refused where it is read."""
        if written is None or written == "":
            return None
        instant = instant_of(written, self._zone)
        return str(written) if instant is None else instant.isoformat()


@lru_cache(maxsize=50)
def _options(zone: tzinfo | None) -> jmespath.Options:
    return jmespath.Options(custom_functions=_Functions(zone))
