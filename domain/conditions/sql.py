"""Conditions as SQL: one boolean expression over `customers`, true for exactly those of whom Python says it holds.

Every value is JSON here, so that no odd one can be an error: what a comparison can't use makes it false. What holds is
written down in `workflows/conditions.py`; nothing is left to Python. `coupon.…` and events that came after a certain
row are about one enrollment, so they can only be given as known or not at all.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from operator import ge, gt, le, lt
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    FromClause,
    Interval,
    Select,
    Text,
    and_,
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
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH
from sqlmodel import SQLModel

from domain.customers.tables import Customer, CustomerTag, Order
from domain.intake.tables import Event
from domain.published.library import Library
from workflows.terms.conditions import (
    INSTANT,
    AllCondition,
    AnyCondition,
    Comparison,
    Condition,
    EventCondition,
    FieldCondition,
    FieldRef,
    NotCondition,
    SegmentCondition,
    TagCondition,
    as_instant,
    dig,
)

_CUSTOMERS = SQLModel.metadata.tables[Customer.__tablename__]
_EVENTS = SQLModel.metadata.tables[Event.__tablename__]
_ORDERS = SQLModel.metadata.tables[Order.__tablename__]
_TAGS = SQLModel.metadata.tables[CustomerTag.__tablename__]

Truth = ColumnElement[bool]
Json = ColumnElement[Any]


def matching(condition: Condition, library: Library, now: datetime, **known: Mapping[str, Any] | None) -> Truth:
    """Whether the condition holds for the row of `customers` in an enclosing query, as of `now`.

    `known` gives what is the same for all of them: the data of the `event` in view and of the `trigger`, `lot`,
    `stream`, `coupon`.
    """
    return _Reading(library, now, known).of(condition)


@dataclass(frozen=True)
class _Value:
    """A value as JSON; SQL's NULL or JSON's null is a missing one. `instant` marks a text that stands for a time."""

    json: Json
    instant: bool = False


@dataclass(frozen=True)
class _Reading:
    """Where a condition is read: `rows` are the rows in view, and `event` the one of them that is the event's."""

    library: Library
    now: datetime
    known: Mapping[str, Mapping[str, Any] | None]
    rows: tuple[FromClause, ...] = (_CUSTOMERS,)
    event: FromClause | None = None

    def of(self, condition: Condition) -> Truth:
        match condition:
            case AllCondition(all=parts):
                return and_(*map(self.of, parts))
            case AnyCondition(any=parts):
                return or_(*map(self.of, parts))
            case NotCondition(not_=part):
                return not_(self.of(part))
            case SegmentCondition(segment=name):
                segment = self.library.segments.get(name)
                return false() if segment is None else self.of(segment)
            case TagCondition(tag=name):
                lasting = or_(_TAGS.c.until.is_(None), _TAGS.c.until > self.now)
                return exists(self._within(select(1), _TAGS).where(_TAGS.c.tag == name, lasting))
            case EventCondition(times=None):
                return exists(self._happened(select(1), condition))
            case EventCondition(times=Comparison() as times):
                count = self._happened(select(func.count()), condition).scalar_subquery()
                return self._compared(times, _Value(func.to_jsonb(count, type_=JSONB)))
            case FieldCondition(field=name):
                return self._compared(condition, self._field(name))
        raise TypeError(f"not a condition: {condition!r}")

    def _within(self, query: Select[Any], table: FromClause) -> Select[Any]:
        """The query over the customer's rows of a table."""
        return query.select_from(table).where(table.c.customer_id == _CUSTOMERS.c.id).correlate(*self.rows)

    def _happened(self, query: Select[Any], condition: EventCondition) -> Select[Any]:
        event = _EVENTS.alias()
        query = self._within(query, event).where(event.c.type == condition.event, event.c.time <= self.now)
        if condition.within:
            query = query.where(event.c.time > condition.within.ago(self.now))
        if condition.where is None:
            return query
        return query.where(replace(self, rows=(*self.rows, event), event=event).of(condition.where))

    def _field(self, name: str) -> _Value:
        root, _, key_path = name.partition(".")
        if root == "customer" and key_path in _DERIVED:
            derived = self._within(select(_DERIVED[key_path]), _ORDERS).where(_ORDERS.c.paid_at <= self.now)
            return _Value(func.to_jsonb(derived.scalar_subquery(), type_=JSONB), instant=key_path == "last_order_at")
        first, *keys = key_path.split(".")
        if root == "customer":
            is_column = first in ("name", "timezone")
            value = func.to_jsonb(_CUSTOMERS.c[first], type_=JSONB) if is_column else _at(_CUSTOMERS.c.fields, first)
        elif root == "event" and self.event is not None:
            value = _at(self.event.c.data, first)
        else:
            return _constant(dig(self.known.get(root), key_path))
        for key in keys:
            value = self._once([value], partial(_step, key))
        return _Value(value)

    def _compared(self, comparison: Comparison, left: _Value) -> Truth:
        """Whether every operator holds: true or false, never NULL."""
        operators = list(comparison.asked())
        rights = [right_item for _, right in operators for right_item in _items(right)]
        values = [
            left,
            *(
                self._field(right_item.field) if isinstance(right_item, FieldRef) else _constant(right_item)
                for right_item in rights
            ),
        ]

        def read(*columns: Json) -> Truth:
            value, *right_values = (
                replace(right_item, json=column) for right_item, column in zip(values, columns, strict=True)
            )
            truths = []
            for operator, right in operators:
                operands, right_values = right_values[: len(_items(right))], right_values[len(_items(right)) :]
                if operator == "exists":
                    truths.append(_present(value) if right else not_(_present(value)))
                else:
                    truths += [_present(value), _holds(operator, value, operands, listed=isinstance(right, tuple))]
            return func.coalesce(and_(*truths), false())

        return self._once([right_item.json for right_item in values], read)

    def _once(self, values: Sequence[Json], read: Callable[..., ColumnElement[Any]]) -> ColumnElement[Any]:
        """What `read` makes of the values, each worked out once; the offset keeps Postgres from copying them."""
        columns = [value.label(f"v{number}") for number, value in enumerate(values)]
        inner = select(*columns).correlate(*self.rows).offset(0).subquery()
        return select(read(*inner.c)).scalar_subquery()


def _items(right: Any) -> Sequence[Any]:
    return right if isinstance(right, tuple) else (right,)


def _constant(value: Any) -> _Value:
    instant = as_instant(value) if isinstance(value, datetime) else None
    return _Value(literal(instant.astimezone(UTC).isoformat() if instant else value, JSONB), instant is not None)


def _at(data: Json, key: str) -> Json:
    return data.op("->", return_type=JSONB())(literal(key, Text))


def _step(key: str, data: Json) -> Json:
    """One key further down a path: into a mapping, or into each mapping of a list."""
    path = f'strict $[*] ? (exists (@.{json.dumps(key)})).{json.dumps(key)} ? (@.type() != "null")'
    return case(
        (_is(data, "object"), _at(data, key)),
        (_is(data, "array"), func.jsonb_path_query_array(data, cast(path, JSONPATH), type_=JSONB)),
    )


def _is(data: Json, kind: str) -> Truth:
    return func.jsonb_typeof(data) == kind


def _text(data: Json) -> ColumnElement[str]:
    """The text that a JSON text is, to be compared by code point."""
    return collate(data.op("#>>", return_type=Text())(literal_column("'{}'")), "C")


def _not_null(value: _Value) -> Truth:
    return func.coalesce(not_(_is(value.json, "null")), false())


def _present(value: _Value) -> Truth:
    return and_(_not_null(value), value.json != literal([], JSONB))


def _holds(operator: str, value: _Value, rights: Sequence[_Value], *, listed: bool) -> Truth:
    """Whether the operator holds for a value that is present. NULL counts as false."""
    if listed:
        inside = or_(false(), *(_same(value, item) for item in rights))
        return inside if operator == "in" else not_(inside)
    right = rights[0]
    match operator:
        case "is":
            truth = _same(value, right)
        case "is_not":
            truth = not_(_same(value, right))
        case "in":
            truth = _among(value, right)
        case "not_in":
            truth = not_(_among(value, right))
        case "contains":
            truth = _contains(value, right)
        case _:
            truth = _ranked(operator, value, right)
    return and_(_not_null(right), truth)


def _same(left: _Value, right: _Value) -> Truth:
    if left.instant or right.instant:
        return func.coalesce(_instant(left.json) == _instant(right.json), false())
    return func.coalesce(left.json == right.json, false())


def _among(value: _Value, right: _Value) -> Truth:
    return _any(right, lambda item: _same(value, item))


def _any(value: _Value, holds: Callable[[_Value], Truth]) -> Truth:
    """Whether it holds for any item of a list, or for the value itself."""
    listed = case((_is(value.json, "array"), value.json), else_=func.jsonb_build_array(value.json))
    items = func.jsonb_array_elements(listed).table_valued(column("value", JSONB))
    truth = holds(replace(value, json=items.c.value))
    return exists(select(1).select_from(items).where(truth).correlate_except(items))


def _contains(value: _Value, right: _Value) -> Truth:
    inside = _any(value, lambda item: _among(item, right))
    if value.instant:
        return inside
    text = false() if right.instant else _is(right.json, "string")
    return case(
        (not_(_is(value.json, "string")), inside),
        (text, func.strpos(_text(value.json), _text(right.json)) > 0),
        else_=false(),
    )


def _ranked(operator: str, left: _Value, right: _Value) -> Truth:
    ranks: Callable[[Any, Any], Truth] = _RANKS[operator]
    if left.instant or right.instant or operator in ("before", "after"):
        return ranks(_instant(left.json), _instant(right.json))
    return case(
        *(
            (and_(_is(left.json, kind), _is(right.json, kind)), ranks(read(left.json), read(right.json)))
            for kind, read in (("number", lambda number: number), ("string", _text))
        ),
        else_=false(),
    )


def _instant(data: Json) -> ColumnElement[datetime]:
    """A text read as an instant, in UTC; NULL if it is none. Postgres takes no offset over 15 hours, hence in parts."""
    text = _text(data)
    local = func.left(func.upper(func.substring(text, "^[0-9]{4}-[0-9-]{5}(?:[Tt ][0-9:.]+)?")), _MICROSECONDS)
    offset = func.coalesce(func.substring(text, "[+-][0-9]{2}:[0-9]{2}$"), "00:00")
    reads = and_(
        _is(data, "string"), text.regexp_match(f"^(?:{INSTANT})$"), func.pg_input_is_valid(func.left(text, 10), "date")
    )
    return case((reads, cast(local, DateTime) - cast(offset, Interval)))


_MICROSECONDS = len("2026-03-02T19:40:00.000000")
_RANKS: Mapping[str, Callable[[Any, Any], Any]] = {
    "at_least": ge,
    "at_most": le,
    "above": gt,
    "below": lt,
    "before": lt,
    "after": gt,
}
_DERIVED: Mapping[str, ColumnElement[Any]] = {
    "orders": func.count().filter(or_(_ORDERS.c.refunded < _ORDERS.c.total, _ORDERS.c.total == 0)),
    "spent": func.coalesce(func.sum(_ORDERS.c.total - _ORDERS.c.refunded), 0),
    "last_order_at": func.max(_ORDERS.c.paid_at),
}
