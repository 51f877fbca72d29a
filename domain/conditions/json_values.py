"""Values as JSON in SQL, and their comparisons: no value is an error, one that can't be compared makes it false.

What holds is written down in `workflows/terms/comparing.py`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from operator import ge, gt, le, lt
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Double,
    Integer,
    Interval,
    Numeric,
    SQLColumnExpression,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    collate,
    column,
    exists,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, JSONPATH

from workflows.terms.calendar import zone_names
from workflows.terms.comparing import DATE_PARTS, DAY_OF_ANY_YEAR, INSTANT
from workflows.terms.places import EARTH_KM

Truth = ColumnElement[bool]
Json = ColumnElement[Any]


@dataclass(frozen=True)
class Value:
    """A value as JSON; SQL's NULL or JSON's null is a missing one. `instant` marks a text that stands for a time."""

    json: Json
    instant: bool = False


def constant(value: Any) -> Value:
    """A value that is known; a datetime stands for a time."""
    is_instant = isinstance(value, datetime)
    return Value(literal(value.astimezone(UTC).isoformat() if is_instant else value, JSONB), is_instant)


def zone_of(zone: SQLColumnExpression[str | None], otherwise: str) -> ColumnElement[str]:
    """A zone that is stored; the other one where there is none, or none of that name: Postgres would refuse it."""
    return case((zone == any_(_ZONES), zone), else_=otherwise)


_ZONES = bindparam("zone_names", sorted(zone_names()), ARRAY(Text))
"""One parameter, however often a statement asks for it."""


def at(data: Json, key: str) -> Json:
    """What a mapping holds under a key."""
    return data.op("->", return_type=JSONB())(literal(key, Text))


def step(key: str, data: Json, zone: ColumnElement[str]) -> Json:
    """One key further down a path: into a mapping, into each mapping of a list, to a part of a date."""
    path = f'strict $[*] ? (exists (@.{json.dumps(key)})).{json.dumps(key)} ? (@.type() != "null")'
    inner = [
        (is_a(data, "object"), at(data, key)),
        (is_a(data, "array"), func.jsonb_path_query_array(data, cast(path, JSONPATH), type_=JSONB)),
    ]
    return case(*inner, *_date_parts(key, data, zone)) if key in DATE_PARTS else case(*inner)


def _date_parts(key: str, data: Json, zone: ColumnElement[str]) -> Sequence[tuple[Truth, Json]]:
    text, universal = _text(data), _instant(data, zone)
    local = func.timezone(zone, func.timezone("UTC", universal))
    day = func.right(text, 5)
    within_calendar = and_(
        func.extract("year", universal).between(1, 9999), func.extract("year", local).between(1, 9999)
    )
    part = func.to_char(local, "FMday") if key == "weekday" else cast(func.extract(key, local), Integer)
    dated = (within_calendar, func.to_jsonb(part, type_=JSONB))
    if key not in ("month", "day"):
        return [dated]
    number = cast(func.left(day, 2) if key == "month" else func.right(day, 2), Integer)
    yearless = and_(is_a(data, "string"), text.regexp_match(f"^(?:{DAY_OF_ANY_YEAR})$"))
    return [(yearless, func.to_jsonb(number, type_=JSONB)), dated]


def is_a(data: Json, kind: str) -> Truth:
    """Whether it is of this kind of JSON."""
    return func.jsonb_typeof(data) == kind


def present(value: Value) -> Truth:
    """Whether there is a value: no null, and no empty list."""
    return and_(_not_null(value), value.json != literal([], JSONB))


def items(data: Json) -> Any:
    """The items of a list as a table of `value` and `ordinality`; without a list there are none."""
    listed = case((is_a(data, "array"), data))
    return func.jsonb_array_elements(listed).table_valued(column("value", JSONB), with_ordinality="ordinality")


def holds(operator: str, value: Value, rights: Sequence[Value], zone: ColumnElement[str], *, listed: bool) -> Truth:
    """Whether the operator holds for a value that is present; `listed` if its right side is a written list.

    NULL counts as false.
    """
    if listed:
        inside = _or_some_item(value, lambda each: or_(false(), *(_same(each, right, zone) for right in rights)))
        return inside if operator == "in" else not_(inside)
    right = rights[0]
    match operator:
        case "is" | "is_not":
            truth = _or_some_item(value, lambda each: _same(each, right, zone))
        case "in" | "not_in":
            truth = _or_some_item(value, lambda each: _among(each, right, zone))
        case "contains":
            truth = _or_some_item(value, lambda each: _contains(each, right, zone))
        case _:
            truth = _or_some_item(value, lambda each: _ranked(operator, each, right, zone))
    return and_(_not_null(right), not_(func.coalesce(truth, false())) if operator in ("is_not", "not_in") else truth)


def near(value: Json, of: Json, km: float) -> Truth:
    """Whether a location, or an item of a list of them, is within so many km of another. NULL counts as false."""
    listed = case((is_a(value, "array"), value), else_=func.jsonb_build_array(value))
    each = func.jsonb_array_elements(listed).table_valued(column("value", JSONB))
    lat, lon, of_lat, of_lon = (
        _degrees(at(place, name), most) for place in (each.c.value, of) for name, most in (("lat", 90), ("lon", 180))
    )
    across, along = (func.sin(func.radians(there - here) / 2) for here, there in ((lat, of_lat), (lon, of_lon)))
    half = across * across + func.cos(func.radians(lat)) * func.cos(func.radians(of_lat)) * along * along
    distance = 2 * EARTH_KM * func.asin(func.sqrt(func.least(1.0, half)))
    return exists(select(1).select_from(each).where(distance <= km).correlate_except(each))


def _degrees(data: Json, most: int) -> ColumnElement[float]:
    """A number of degrees, NULL if it is none or too large."""
    number = case((is_a(data, "number"), cast(data, Numeric)))
    return cast(case((number.between(-most, most), number)), Double)


def itself_or_items(data: Json) -> Any:
    """The items of a list, or else the value itself, as such a table."""
    listed = case((is_a(data, "array"), data), (is_a(data, "null"), None), else_=func.jsonb_build_array(data))
    return func.jsonb_array_elements(listed).table_valued(column("value", JSONB), with_ordinality="ordinality")


def _or_some_item(value: Value, truth: Callable[[Value], Truth]) -> Truth:
    """Whether it is true of the value, or of an item of it that isn't null."""
    own_items = case((is_a(value.json, "array"), value.json), else_=literal([], JSONB))
    both = func.jsonb_build_array(value.json, type_=JSONB).op("||", return_type=JSONB())(own_items)
    each = func.jsonb_array_elements(both).table_valued(column("value", JSONB))
    item = Value(each.c.value, value.instant)
    return exists(select(1).select_from(each).where(not_(is_a(item.json, "null")), truth(item)).correlate_except(each))


def _text(data: Json) -> ColumnElement[str]:
    """The text that a JSON text is, to be compared by code point."""
    return collate(data.op("#>>", return_type=Text())(literal_column("'{}'")), "C")


def _not_null(value: Value) -> Truth:
    return func.coalesce(not_(is_a(value.json, "null")), false())


def _same(left: Value, right: Value, zone: ColumnElement[str]) -> Truth:
    if left.instant or right.instant:
        return func.coalesce(_instant(left.json, zone) == _instant(right.json, zone), false())
    return func.coalesce(left.json == right.json, false())


def _among(value: Value, right: Value, zone: ColumnElement[str]) -> Truth:
    """Whether it is the right side or, if that is a list, an item of it."""
    each = items(right.json)
    inside = select(1).select_from(each).where(_same(value, replace(right, json=each.c.value), zone))
    return case((is_a(right.json, "array"), exists(inside.correlate_except(each))), else_=_same(value, right, zone))


def _contains(value: Value, right: Value, zone: ColumnElement[str]) -> Truth:
    among = _among(value, right, zone)
    if value.instant or right.instant:
        return among
    texts = and_(is_a(value.json, "string"), is_a(right.json, "string"))
    return case((texts, func.strpos(_text(value.json), _text(right.json)) > 0), else_=among)


def _ranked(operator: str, left: Value, right: Value, zone: ColumnElement[str]) -> Truth:
    ranks: Callable[[Any, Any], Truth] = _RANKS[operator]
    if left.instant or right.instant or operator in ("before", "after"):
        return ranks(_instant(left.json, zone), _instant(right.json, zone))
    return case(
        *(
            (and_(is_a(left.json, kind), is_a(right.json, kind)), ranks(read(left.json), read(right.json)))
            for kind, read in (("number", lambda number: number), ("string", _text))
        ),
        else_=false(),
    )


def _instant(data: Json, zone: ColumnElement[str]) -> ColumnElement[datetime]:
    """A text read as an instant, in UTC; NULL if it is none. Postgres takes no offset over 15 hours, hence in parts."""
    text = _text(data)
    written = func.left(func.upper(func.substring(text, "^[0-9]{4}-[0-9-]{5}(?:[Tt ][0-9:.]+)?")), _MICROSECONDS)
    wall, offset = cast(written, DateTime), func.substring(text, "[+-][0-9]{2}:[0-9]{2}$")
    reads = and_(
        is_a(data, "string"), text.regexp_match(f"^(?:{INSTANT})$"), func.pg_input_is_valid(func.left(text, 10), "date")
    )
    return case(
        (not_(func.coalesce(reads, false())), None),
        (and_(func.length(text) > _DAY, offset.is_not(None)), wall - cast(offset, Interval)),
        (text.op("~*")("z$"), wall),
        else_=func.timezone("UTC", func.timezone(zone, wall)),
    )


_DAY = len("2026-03-02")
_MICROSECONDS = len("2026-03-02T19:40:00.000000")
_RANKS: Mapping[str, Callable[[Any, Any], Any]] = {
    "at_least": ge,
    "at_most": le,
    "above": gt,
    "below": lt,
    "before": lt,
    "after": gt,
}
