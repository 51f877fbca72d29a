"""Conditions over all customers at once: as `sql.matching`, but each leaf is read once for all of them.

It comes out alike for every customer (tests/domain/conditions/test_conditions_alike.py). Leaves for which there is no
way to read them at once are asked of each customer, after the others.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    FromClause,
    Numeric,
    Select,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

from domain.conditions.json_values import Json, Truth, at, is_a, items
from domain.conditions.measures_sql import average
from domain.conditions.plain import compared, compared_value, fits, lead, nothing_fits, number_of, numbers, of_event
from domain.conditions.sql import matching
from domain.customers.tables import Customer, CustomerTag, OrderSums
from domain.intake.tables import Event
from domain.published.library import Library
from domain.stock import inventory
from workflows.terms import measuring
from workflows.terms.conditions import (
    AllCondition,
    AnyCondition,
    Condition,
    EventCondition,
    FieldCondition,
    Measure,
    MeasureCondition,
    NotCondition,
    SegmentCondition,
    TagCondition,
)
from workflows.terms.fields import DERIVED
from workflows.terms.values import Shows, Window

_CUSTOMERS = SQLModel.metadata.tables[Customer.__tablename__]
_EVENTS = SQLModel.metadata.tables[Event.__tablename__]
_SUMS = SQLModel.metadata.tables[OrderSums.__tablename__]
_TAGS = SQLModel.metadata.tables[CustomerTag.__tablename__]


def selecting(condition: Condition, library: Library, now: datetime) -> Truth:
    """Whether the condition holds for the row of `customers` in an enclosing query, which asks it of all of them."""
    return and_(_CUSTOMERS.c.merged_into.is_(None), _Sets(library, now).of(condition))


@dataclass(frozen=True)
class _Sets:
    """`only` narrows down whose events need to be grouped, by their fields: nobody else comes out in the end."""

    library: Library
    now: datetime
    only: tuple[FieldCondition, ...] = ()

    def of(self, condition: Condition) -> Truth:
        truth: Truth | None = None
        match condition:
            case AllCondition(all=parts):
                fields = [part for part in parts if isinstance(part, FieldCondition)]
                sets = replace(self, only=(*self.only, *fields))
                return and_(*map(sets.of, parts))
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
                truth = self._happened(condition)
            case FieldCondition(field=name):
                truth = self._field(name, condition)
            case MeasureCondition(measure=measure):
                truth = self._measured(measure, condition)
        return matching(condition, self.library, self.now) if truth is None else truth

    def _happened(self, condition: EventCondition) -> Truth | None:
        event = _EVENTS.alias()
        happened = self._of_type(select(event.c.customer_id), event, condition.event, condition.within)
        is_led = False
        if condition.where is not None:
            where = of_event(condition.where, event.c.data)
            if where is None:
                return None
            if (led := lead(condition.where, event.c.data)) is not None:
                happened, is_led = happened.where(led), True
            happened = happened.where(where)
        if condition.times is None:
            return _among(_once(happened) if is_led else happened)
        asked = numbers(condition.times)
        if asked is None:
            return None
        each = self._narrowed(happened, event).order_by(event.c.customer_id).subquery()
        return _grouped(each, fits(asked, func.count()), nothing=nothing_fits(asked))

    def _narrowed(self, events: Select[Any], event: Any) -> Select[Any]:
        """Those events whose customer may be one of `only`."""
        customer = _CUSTOMERS.alias()
        roots = ((part, part.field.split(".")) for part in self.only)
        tests = (
            compared(part, customer.c.fields, keys[1:])
            for part, keys in roots
            if keys[0] == "customer" and len(keys) == 2 and keys[1] not in (*DERIVED, "timezone", "name")
        )
        known = [test for test in tests if test is not None]
        return events.where(event.c.customer_id.in_(select(customer.c.id).where(*known))) if known else events

    def _of_type(self, query: Select[Any], event: Any, type: str, within: Window | None) -> Select[Any]:
        """The query over the events of a type in a window."""
        query = query.where(event.c.type == type, event.c.time <= self.now, event.c.customer_id.is_not(None))
        if isinstance(within, Shows):
            return query.where(event.c.time >= inventory.since_shows(within.number, self.now))
        return query.where(event.c.time > within.ago(self.now)) if within else query

    def _field(self, name: str, condition: FieldCondition) -> Truth | None:
        root, _, path = name.partition(".")
        if root == "measure" and "." not in path:
            measure = self.library.measures.get(path)
            return false() if measure is None else self._measured(measure, condition)
        if root != "customer" or "." in path:
            return None
        if path in DERIVED:
            return self._derived(path, condition)
        if path == "timezone":
            return None
        if path == "name":
            return compared_value(condition, func.to_jsonb(_CUSTOMERS.c.name, type_=JSONB))
        return compared(condition, _CUSTOMERS.c.fields, [path])

    def _derived(self, name: str, condition: FieldCondition) -> Truth | None:
        """By what orders come to. Who is told to have ordered later than now is asked by himself."""
        asked = numbers(condition)
        if asked is None or name == "last_order_at":
            return None
        ago = literal(self.now, DateTime(timezone=True)) - _SUMS.c.last_order_at
        value, nothing = {
            "recency_days": (func.div(func.extract("epoch", ago), 86400), False),
            "spent": (_SUMS.c.spent, nothing_fits(asked)),
            "value": (_SUMS.c.spent, nothing_fits(asked)),
        }.get(name, (_SUMS.c.orders, nothing_fits(asked)))
        sums = _SUMS.alias()
        later = select(sums.c.customer_id).where(sums.c.last_order_at > self.now)
        later = later.join(_CUSTOMERS, _CUSTOMERS.c.id == sums.c.customer_id)
        alone = _SUMS.c.customer_id.in_(later.where(matching(condition, self.library, self.now)))
        ok = case((_SUMS.c.last_order_at <= self.now, fits(asked, value)), else_=alone)
        found = _among(select(_SUMS.c.customer_id).where(not_(ok) if nothing else ok))
        return not_(found) if nothing else found

    def _measured(self, measure: Measure, condition: FieldCondition | MeasureCondition) -> Truth | None:
        """A measure of events, of a field of theirs. Who has more events than it looks at is asked by himself."""
        asked, all_events = numbers(condition), _EVENTS.alias()
        columns = select(all_events.c.customer_id, all_events.c.data)
        of_type = self._of_type(columns, all_events, measure.of, measure.within)
        event = self._narrowed(of_type, all_events).order_by(all_events.c.customer_id).subquery()
        counts = _counts(measure.where, event)
        value = _worked_out(measure, event.c.data, counts) if counts is not None and not measure.of_list else None
        if asked is None or value is None:
            return None
        alone = select(1).select_from(_CUSTOMERS).where(_CUSTOMERS.c.id == event.c.customer_id)
        alone = alone.where(matching(condition, self.library, self.now))
        ok = case(
            (func.count() <= measuring.MOST_EVENTS, func.coalesce(fits(asked, value), false())),
            else_=exists(alone.correlate(event)),
        )
        has_value = measure.function in ("sum", "count")
        return _grouped(event, ok, nothing=has_value and nothing_fits(asked))


def _counts(where: Condition | None, event: Any) -> Truth | None:
    """Whether an event counts for a measure."""
    return literal(True) if where is None else of_event(where, event.c.data)


def _worked_out(measure: Measure, data: Json, counts: Truth) -> ColumnElement[Any] | None:
    """What a measure comes to over a group of events, of those that count."""
    argument = measure.argument
    if argument is True:
        return func.count().filter(counts)
    if not isinstance(argument, str):
        share = of_event(argument, data)
        return None if share is None else average(func.count().filter(and_(counts, share)), func.count().filter(counts))
    if argument.count(".") > 1:
        return None
    value = at(data, argument.partition(".")[2])
    total, number, least, greatest = (
        case((is_a(value, "number"), alone), (is_a(value, "array"), _over_items(value, each)))
        for alone, each in (
            (number_of(value), func.sum),
            (literal(1), func.count),
            (number_of(value), func.min),
            (number_of(value), func.max),
        )
    )
    results: Mapping[str, Callable[[], ColumnElement[Any]]] = {
        "sum": lambda: func.coalesce(func.sum(total).filter(counts), 0),
        "average": lambda: average(func.sum(total).filter(counts), func.sum(number).filter(counts)),
        "min": lambda: func.min(least).filter(counts),
        "max": lambda: func.max(greatest).filter(counts),
    }
    return results[measure.function]() if measure.function in results else None


def _over_items(value: Json, function: Callable[..., Any]) -> ColumnElement[Decimal]:
    """What a function makes of the numbers in a list."""
    each = items(value)
    return cast(select(function(number_of(each.c.value))).select_from(each).scalar_subquery(), Numeric)


def _grouped(rows: FromClause, ok: Truth, *, nothing: bool = False) -> Truth:
    """Whether it is so for the customer's group of rows, which come sorted: that is quicker than to hash so many.

    `nothing` says that it is so of who is in no group. The groups are worked out once, however many processes look.
    """
    groups = select(rows.c.customer_id).group_by(rows.c.customer_id).having(not_(ok) if nothing else ok)
    found = _among(_once(groups))
    return not_(found) if nothing else found


def _once(ids: Select[Any]) -> Select[Any]:
    """The ids, looked up by themselves: not once more for each customer, and once for all processes that look."""
    return select(ids.cte().prefix_with("MATERIALIZED"))


def _among(ids: Select[Any]) -> Truth:
    """Whether the customer is one of these, who are read once for all."""
    found = ids.subquery()
    return exists(select(1).select_from(found).where(found.c.customer_id == _CUSTOMERS.c.id).correlate(_CUSTOMERS))
