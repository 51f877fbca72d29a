"""Conditions as SQL: one boolean expression over `customers`, true for exactly those of whom Python says it holds.

Nothing is left to Python. `coupon.…` and events that came after a certain row are about one enrollment, so they can
only be given as known or not at all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    FromClause,
    Integer,
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

from domain.conditions.json_values import (
    Json,
    Truth,
    Value,
    at,
    constant,
    holds,
    is_a,
    items,
    near,
    present,
    step,
    zone_of,
)
from domain.conditions.measures_sql import work_out
from domain.customers.tables import Customer, CustomerTag, Order
from domain.intake.tables import Event
from domain.published.library import Library
from domain.stock import inventory
from workflows.terms.comparing import DATE_PARTS, NOW_PARTS, dig
from workflows.terms.conditions import (
    AllCondition,
    AnyCondition,
    Condition,
    EventCondition,
    EveryCondition,
    FieldCondition,
    Measure,
    MeasureCondition,
    NearCondition,
    NotCondition,
    SegmentCondition,
    SomeCondition,
    TagCondition,
)
from workflows.terms.measuring import MOST_EVENTS
from workflows.terms.operands import Comparison, FieldRef
from workflows.terms.values import Shows, Window

_CUSTOMERS = SQLModel.metadata.tables[Customer.__tablename__]
_EVENTS = SQLModel.metadata.tables[Event.__tablename__]
_ORDERS = SQLModel.metadata.tables[Order.__tablename__]
_TAGS = SQLModel.metadata.tables[CustomerTag.__tablename__]

Instant = ColumnElement[datetime]


def matching(condition: Condition, library: Library, now: datetime, **known: Mapping[str, Any] | None) -> Truth:
    """Whether the condition holds for the row of `customers` in an enclosing query, as of `now`.

    It holds for no row that is merged into another.

    `known` gives what is the same for all of them: the data of the `event` in view and of the `trigger`, `lot`,
    `stream`, `coupon`.
    """
    return and_(_CUSTOMERS.c.merged_into.is_(None), _Reading(library, now, known).of(condition))


def measured_between(
    measure: Measure, library: Library, now: datetime, rows: FromClause, span: tuple[Instant, Instant]
) -> Json:
    """What a measure comes to of a row of `customers` and one of `rows`, of the events after the first of two instants
    and up to the second, which `rows` has: its own window doesn't matter.
    """
    return _Reading(library, now, {}, rows=(_CUSTOMERS, rows), span=span).measured(measure)


@dataclass(frozen=True)
class _Reading:
    """Where a condition is read: `rows` are the rows in view, and `event` the one of them that is the event's.

    A measure is worked out of the events of the `span`, if there is one.
    """

    library: Library
    now: datetime
    known: Mapping[str, Mapping[str, Any] | None]
    rows: tuple[FromClause, ...] = (_CUSTOMERS,)
    event: FromClause | None = None
    item: Json | None = None
    span: tuple[Instant, Instant] | None = None

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
                return self._compared(times, Value(func.to_jsonb(count, type_=JSONB)))
            case FieldCondition(field=name):
                return self._compared(condition, self._field(name))
            case MeasureCondition(measure=measure):
                return self._compared(condition, Value(self.measured(measure)))
            case NearCondition(field=name, within_km=km, of=of):
                both = [self._field(name).json, self._field(of).json]
                return func.coalesce(self._once(both, lambda value, centre: near(value, centre, km)), false())
            case SomeCondition(some=name, where=where):
                return self._some(name, lambda reading: reading.of(where))
            case EveryCondition(every=name, where=where):
                is_list = func.coalesce(is_a(self._field(name).json, "array"), false())
                return and_(is_list, not_(self._some(name, lambda reading: not_(reading.of(where)))))
        raise TypeError(f"not a condition: {condition!r}")

    def _some(self, name: str, truth: Callable[["_Reading"], Truth]) -> Truth:
        """Whether it is true of some item of a list."""
        each = items(self._field(name).json)
        inside = select(1).select_from(each).where(truth(replace(self, rows=(*self.rows, each), item=each.c.value)))
        return exists(inside.correlate(*self.rows))

    def _within(self, query: Select[Any], table: FromClause) -> Select[Any]:
        """The query over the customer's rows of a table."""
        return query.select_from(table).where(table.c.customer_id == _CUSTOMERS.c.id).correlate(*self.rows)

    def _happened(self, query: Select[Any], condition: EventCondition) -> Select[Any]:
        event = _EVENTS.alias()
        query = self._of_type(query, event, condition.event, condition.within)
        if condition.where is None:
            return query
        return query.where(replace(self, rows=(*self.rows, event), event=event).of(condition.where))

    def _of_type(self, query: Select[Any], event: FromClause, type: str, within: Window | None) -> Select[Any]:
        """The query over the customer's events of a type in a window."""
        query = self._within(query, event).where(event.c.type == type, event.c.time <= self.now)
        if isinstance(within, Shows):
            return query.where(event.c.time >= inventory.since_shows(within.number, self.now))
        return query.where(event.c.time > within.ago(self.now)) if within else query

    def measured(self, measure: Measure) -> Json:
        """What a measure comes to, as JSON."""
        if measure.of_list:
            data = self._field(measure.of).json
            each = items(data)
            row = replace(self, rows=(*self.rows, each), item=each.c.value)
            return case((is_a(data, "array"), self._worked_out(measure, each, row, each.c.ordinality)))
        event = _EVENTS.alias()
        age = func.row_number().over(order_by=(event.c.time.desc(), event.c.id.desc())).label("age")
        if self.span:
            since, until = self.span
            newest = self._within(select(event.c.data, age), event)
            newest = newest.where(event.c.type == measure.of, event.c.time > since, event.c.time <= until)
        else:
            newest = self._of_type(select(event.c.data, age), event, measure.of, measure.within)
        newest = newest.order_by(event.c.time.desc(), event.c.id.desc()).limit(MOST_EVENTS)
        each = newest.subquery()
        row = replace(self, rows=(*self.rows, each), event=each, span=None)
        return self._worked_out(measure, each, row, -each.c.age)

    def _worked_out(self, measure: Measure, each: FromClause, row: "_Reading", place: ColumnElement[int]) -> Json:
        """The same over rows of which `row` reads one; `place` is their order."""
        argument = measure.argument
        if argument is True:
            value: Json = literal(1)
        else:
            value = row._field(argument).json if isinstance(argument, str) else case((row.of(argument), 1), else_=0)
        values = select(value.label("value"), place.label("place")).select_from(each).correlate(*self.rows)
        if measure.where:
            values = values.where(row.of(measure.where))
        return work_out(measure.function, values.offset(0).subquery())

    @property
    def _zone(self) -> ColumnElement[str]:
        return zone_of(_CUSTOMERS.c.timezone, self.library.policy.timezone)

    def _field(self, name: str) -> Value:
        root, _, key_path = name.partition(".")
        first, *keys = key_path.split(".")
        if root == "customer" and first in _DERIVED:
            derived = self._within(select(_DERIVED[first](self.now)), _ORDERS).where(_ORDERS.c.paid_at <= self.now)
            json = func.to_jsonb(derived.scalar_subquery(), type_=JSONB)
            return Value(self._along(keys, json), instant=first == "last_order_at" and not keys)
        if root == "customer":
            is_column = first in ("name", "timezone")
            value = func.to_jsonb(_CUSTOMERS.c[first], type_=JSONB) if is_column else at(_CUSTOMERS.c.fields, first)
            return Value(self._along(keys, value))
        if root == "now":
            return Value(self._now(key_path))
        if root == "measure":
            measure = self.library.measures.get(first)
            return constant(None) if measure is None else Value(self._along(keys, self.measured(measure)))
        if root == "event" and self.event is not None:
            return Value(self._along(keys, at(self.event.c.data, first)))
        if root == "item" and self.item is not None:
            return Value(self._along([first, *keys], self.item))
        return self._known(self.known.get(root), key_path)

    def _now(self, part: str) -> Json:
        """A part of the present instant on the customer's calendar and clock."""
        if part not in NOW_PARTS:
            return constant(None).json
        local = func.timezone(self._zone, literal(self.now, DateTime(timezone=True)))
        value = func.to_char(local, "FMday") if part == "weekday" else cast(func.extract(part, local), Integer)
        return func.to_jsonb(value, type_=JSONB)

    def _known(self, data: Any, key_path: str) -> Value:
        """What is the same for all customers, but for a part of a date, which depends on where they live."""
        above, _, last = key_path.rpartition(".")
        holder = dig(data, above, self.library.policy_zone) if above else data
        if last in DATE_PARTS and isinstance(holder, str | datetime):
            return Value(self._along([last], constant(holder).json))
        return constant(dig(data, key_path, self.library.policy_zone))

    def _along(self, keys: Sequence[str], value: Json) -> Json:
        """What a path leads to from a value."""
        for key in keys:
            value = self._once([value, self._zone], lambda data, zone, key=key: step(key, data, zone))
        return value

    def _compared(self, comparison: Comparison, left: Value) -> Truth:
        """Whether every operator holds: true or false, never NULL."""
        operators = list(comparison.asked())
        rights = [right_item for _, right in operators for right_item in _items(right)]
        values = [
            left,
            *(
                self._field(right_item.field) if isinstance(right_item, FieldRef) else constant(right_item)
                for right_item in rights
            ),
        ]

        def read(*columns: Json) -> Truth:
            *operand_columns, zone = columns
            value, *right_values = (
                replace(right_item, json=column) for right_item, column in zip(values, operand_columns, strict=True)
            )
            truths = []
            for operator, right in operators:
                operands, right_values = right_values[: len(_items(right))], right_values[len(_items(right)) :]
                if operator == "exists":
                    truths.append(present(value) if right else not_(present(value)))
                else:
                    truths += [present(value), holds(operator, value, operands, zone, listed=isinstance(right, tuple))]
            return func.coalesce(and_(*truths), false())

        return self._once([*(right_item.json for right_item in values), self._zone], read)

    def _once(self, values: Sequence[Json], read: Callable[..., ColumnElement[Any]]) -> ColumnElement[Any]:
        """What `read` makes of the values, each worked out once; the offset keeps Postgres from copying them."""
        columns = [value.label(f"v{number}") for number, value in enumerate(values)]
        inner = select(*columns).correlate(*self.rows).offset(0).subquery()
        return select(read(*inner.c)).select_from(inner).scalar_subquery()


def _items(right: Any) -> Sequence[Any]:
    return right if isinstance(right, tuple) else (right,)


_KEPT = func.count().filter(or_(_ORDERS.c.refunded < _ORDERS.c.total, _ORDERS.c.total == 0))
_SPENT = func.coalesce(func.sum(_ORDERS.c.total - _ORDERS.c.refunded), 0)
_LAST = func.max(_ORDERS.c.paid_at)
_DERIVED: Mapping[str, Callable[[datetime], ColumnElement[Any]]] = {
    "orders": lambda _: _KEPT,
    "spent": lambda _: _SPENT,
    "last_order_at": lambda _: _LAST,
    "recency_days": lambda now: func.div(
        func.extract("epoch", literal(now, DateTime(timezone=True)) - _LAST), literal(86400)
    ),
    "frequency": lambda _: _KEPT,
    "value": lambda _: _SPENT,
}
