"""Conditions over all customers at once: as `sql.matching`, but each leaf is read once for all of them.

It comes out alike for every customer (tests/domain/conditions/test_conditions_alike.py). Leaves for which there is no
way to read them at once are asked of each customer, after the others.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, cast, false, func, literal, not_, or_, select, true
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH
from sqlmodel import SQLModel

from domain.conditions.json_values import Truth
from domain.conditions.sql import matching
from domain.customers.tables import Customer, CustomerTag, Order
from domain.intake.tables import Event
from domain.published.library import Library
from domain.stock import inventory
from workflows.terms.conditions import (
    AllCondition,
    AnyCondition,
    Condition,
    EventCondition,
    FieldCondition,
    NotCondition,
    SegmentCondition,
    TagCondition,
)
from workflows.terms.fields import DERIVED
from workflows.terms.operands import Comparison
from workflows.terms.values import Shows

_CUSTOMERS = SQLModel.metadata.tables[Customer.__tablename__]
_EVENTS = SQLModel.metadata.tables[Event.__tablename__]
_ORDERS = SQLModel.metadata.tables[Order.__tablename__]
_TAGS = SQLModel.metadata.tables[CustomerTag.__tablename__]

_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "is": eq, "is_not": ne, "at_least": ge, "at_most": le, "above": gt, "below": lt,
}  # fmt: skip
_PATH_OPERATORS = {"at_least": ">=", "at_most": "<=", "above": ">", "below": "<"}


def selecting(condition: Condition, library: Library, now: datetime) -> Truth:
    """Whether the condition holds for the row of `customers` in an enclosing query, which asks it of all of them."""
    return and_(_CUSTOMERS.c.merged_into.is_(None), _Sets(library, now).of(condition))


@dataclass(frozen=True)
class _Sets:
    library: Library
    now: datetime

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
                return _among(select(_TAGS.c.customer_id).where(_TAGS.c.tag == name, lasting))
            case EventCondition():
                return self._happened(condition)
            case FieldCondition(field=name) if (truth := self._field(name, condition)) is not None:
                return truth
        return matching(condition, self.library, self.now)

    def _happened(self, condition: EventCondition) -> Truth:
        event = _EVENTS.alias()
        happened = select(event.c.customer_id).where(
            event.c.type == condition.event, event.c.time <= self.now, event.c.customer_id.is_not(None)
        )
        if isinstance(condition.within, Shows):
            happened = happened.where(event.c.time >= inventory.since_shows(condition.within.number, self.now))
        elif condition.within:
            happened = happened.where(event.c.time > condition.within.ago(self.now))
        if condition.where is not None:
            where = _of_event(condition.where, event.c.data)
            if where is None:
                return matching(condition, self.library, self.now)
            happened = happened.where(where)
        if condition.times is None:
            return _among(happened)
        asked = _numbers(condition.times)
        if asked is None:
            return matching(condition, self.library, self.now)
        counted = happened.group_by(event.c.customer_id)
        return _compared(asked, counted, func.count())

    def _field(self, name: str, comparison: Comparison) -> Truth | None:
        root, _, path = name.partition(".")
        if root != "customer":
            return None
        if path in DERIVED:
            asked = _numbers(comparison)
            if asked is None or path in ("last_order_at", "recency_days"):
                return None
            kept = func.count().filter(or_(_ORDERS.c.refunded < _ORDERS.c.total, _ORDERS.c.total == 0))
            spent = func.sum(_ORDERS.c.total - _ORDERS.c.refunded)
            totals = {"orders": kept, "frequency": kept, "spent": spent, "value": spent}
            paid = select(_ORDERS.c.customer_id).where(_ORDERS.c.paid_at <= self.now)
            return _compared(asked, paid.group_by(_ORDERS.c.customer_id), totals[path])
        if "." in path or path in ("name", "timezone"):
            return None
        return _plain(comparison, _CUSTOMERS.c.fields, [path])


def _of_event(condition: Condition, data: ColumnElement[Any]) -> Truth | None:
    """What is asked of an event itself, if it is plain."""
    match condition:
        case AllCondition(all=parts) | AnyCondition(any=parts):
            truths = [_of_event(part, data) for part in parts]
            if any(truth is None for truth in truths):
                return None
            join = and_ if isinstance(condition, AllCondition) else or_
            return join(*(truth for truth in truths if truth is not None))
        case NotCondition(not_=part):
            truth = _of_event(part, data)
            return None if truth is None else not_(truth)
        case FieldCondition(field=name) if name.startswith("event.") and name.count(".") <= 2:
            return _plain(condition, data, name.split(".")[1:])
    return None


_DATES = frozenset({"year", "month", "day", "weekday"})


def _plain(comparison: Comparison, data: ColumnElement[Any], keys: Sequence[str]) -> Truth | None:
    """A comparison of a value with constants, of a list with its items; None for what is more than that."""
    if _DATES.intersection(keys[1:]):
        return None
    truths = []
    for operator, right in comparison.asked():
        rights = right if isinstance(right, tuple) else (right,)
        if operator in ("is", "in") and rights and all(isinstance(each, str | int) for each in rights):
            truths.append(or_(*(_equal(data, keys, each) for each in rights)))
        elif operator in _PATH_OPERATORS and isinstance(right, int) and not isinstance(right, bool):
            test = f'@.type() == "number" && @ {_PATH_OPERATORS[operator]} {right}'
            truths.append(_found(data, keys, test))
        else:
            return None
    return and_(true(), *truths)


def _equal(data: ColumnElement[Any], keys: Sequence[str], right: Any) -> Truth:
    if len(keys) > 1:
        return _found(data, keys, f"@ == {json.dumps(right, ensure_ascii=False)}")
    value = data.op("->", return_type=JSONB())(literal(keys[0], Text))
    is_scalar_or_list = func.jsonb_typeof(value) != "object"
    return func.coalesce(and_(is_scalar_or_list, value.contains(literal(right, JSONB))), false())


def _found(data: ColumnElement[Any], keys: Sequence[str], test: str) -> Truth:
    """Whether the test holds for what the keys lead to, or for an item of it."""
    first, *rest = (json.dumps(key, ensure_ascii=False) for key in keys)
    paths = [f"$.{first}", f"$.{first}[*]"]
    if rest:
        paths = [f"$.{first}.{rest[0]}", f"$.{first}.{rest[0]}[*]", f"$.{first}[*] ? (exists (@.{rest[0]})).{rest[0]}"]
    found = (
        func.jsonb_path_exists(data, cast(f"strict {path} ? ({test})", JSONPATH), literal({}, JSONB), True)
        for path in paths
    )
    return or_(*(func.coalesce(each, false()) for each in found))


def _numbers(comparison: Comparison) -> Sequence[tuple[str, int]] | None:
    """The comparison, if it is with whole numbers."""
    asked = [
        (operator, right)
        for operator, right in comparison.asked()
        if operator in _OPERATORS and isinstance(right, int) and not isinstance(right, bool)
    ]
    return asked if len(asked) == len(list(comparison.asked())) else None


def _compared(asked: Sequence[tuple[str, int]], grouped: Select[Any], value: ColumnElement[Any]) -> Truth:
    """Whether a number of each group compares so; who is in no group has 0."""
    if all(_OPERATORS[operator](0, right) for operator, right in asked):
        fails = or_(*(not_(_OPERATORS[operator](value, right)) for operator, right in asked))
        return not_(_among(grouped.having(fails)))
    return _among(grouped.having(and_(*(_OPERATORS[operator](value, right) for operator, right in asked))))


def _among(ids: Select[Any]) -> Truth:
    """Whether the customer is one of these, who are read once for all."""
    return _CUSTOMERS.c.id.in_(ids.correlate(None))
