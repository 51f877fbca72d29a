"""Conditions: their grammar, and the reading of them in Python over anything that can answer for facts.

The database reads them too (`domain/sql_conditions.py`), alike. What holds in both:

- What is missing, null or an empty list makes every comparison false but `exists`; so does a missing right side.
- Two values are the same if JSON says so: `1` and `1.0` are, `1`, `"1"` and `true` are not; lists and mappings are
  compared item by item. Numbers are compared as the decimals that they are written as.
- Order is between numbers, or between texts by code point. `before` and `after` are between instants. Where one side
  is a stored instant, the other is read as one.
- On a list, `contains` holds if any item is the same as the right side, or as any item of it; on a text, if the right
  side is a part of it. `in` looks among the items of the right side. Nothing else looks inside a list.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from math import isfinite
from typing import Annotated, Any, Protocol, Self

from pydantic import BeforeValidator, Discriminator, Field, StrictBool, Tag, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from workflows.terms.because import Asked, Leaf, kept
from workflows.terms.values import Duration, Frozen, parse_money

INSTANT = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]{1,12})?)?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?)?"
)
"""How a text must look to be read as an instant, if its day exists; for Python and Postgres alike."""


class FieldRef(Frozen):
    """The value of another field, on the right side of a comparison: `{field: trigger.cart_id}`."""

    field: str


_LIKE_MONEY = re.compile(r"[¥￥$]\s*[\d.,]+|-?[\d.,，．０-９]+\s*(?:元|块|块钱|毛|角|rmb|cny|yuan)", re.IGNORECASE)


def _fen(value: Any, info: ValidationInfo) -> Any:
    amount = parse_money(value) if isinstance(value, str) else None
    if amount is None and info.context and isinstance(value, str) and _LIKE_MONEY.fullmatch(value.strip()):
        raise PydanticCustomError("E015", "not {hint}", {"hint": "an amount of money; write it like 59元 or 59.90元"})
    return value if amount is None else amount


def _form(value: Any) -> str | None:
    """Which form a right side has: tags are in angle brackets, so that no key can be taken for one."""
    if isinstance(value, FieldRef | Mapping):
        return "<ref>"
    if isinstance(value, list | tuple):
        return "<list>"
    return "<value>" if isinstance(value, Scalar) and _storable(value) else None


def _storable(value: Any) -> bool:
    """Whether Postgres can hold the value; what it can't, no event can bring."""
    if isinstance(value, float):
        return isfinite(value)
    return not isinstance(value, str) or re.search("[\x00\ud800-\udfff]", value) is None


Scalar = bool | int | float | str
Text = Annotated[
    Annotated[FieldRef, Tag("<ref>")] | Annotated[Scalar, Tag("<value>")],
    Discriminator(
        _form, custom_error_type="E013", custom_error_message="must be a value or `{field: …}`, not a list or nothing"
    ),
]
Operand = Annotated[Text, BeforeValidator(_fen)]
"""A right side; an amount of money (`59元`) becomes fen."""

Operands = Annotated[
    Annotated[FieldRef, Tag("<ref>")] | Annotated[tuple[Operand, ...], Tag("<list>")],
    Discriminator(_form, custom_error_type="E013", custom_error_message="must be a list or `{field: …}`"),
]

OPERATORS = (
    "is", "is_not", "at_least", "at_most", "above", "below", "in", "not_in", "contains", "exists", "before", "after",
)  # fmt: skip


class Comparison(Frozen):
    """What is asked of a value; every key that is given must hold."""

    is_: Operand | None = Field(None, alias="is")
    is_not: Operand | None = None
    at_least: Operand | None = None
    at_most: Operand | None = None
    above: Operand | None = None
    below: Operand | None = None
    in_: Operands | None = Field(None, alias="in")
    not_in: Operands | None = None
    contains: Text | None = None
    exists: StrictBool | None = None
    before: Operand | None = None
    after: Operand | None = None

    @model_validator(mode="after")
    def _compares(self) -> Self:
        if next(self.asked(), None) is None:
            raise PydanticCustomError("E019", "nothing is compared; add one of {keys}", {"keys": ", ".join(OPERATORS)})
        return self

    def asked(self) -> Iterator[tuple[str, Any]]:
        """The operators given, with their right sides."""
        for name in OPERATORS:
            value = getattr(self, f"{name}_" if name in ("is", "in") else name)
            if value is not None:
                yield name, value


class FieldCondition(Comparison):
    """A field compared: `{field: customer.orders, is: 1}`."""

    field: str


class SegmentCondition(Frozen):
    """Membership of a segment of `_segments.yaml`."""

    segment: str


class TagCondition(Frozen):
    """The customer carries a tag."""

    tag: str


class EventCondition(Frozen):
    """An event: that it happened to the customer (`within` a span back, so many `times`), or that it is this one."""

    event: str
    where: "Condition | None" = None
    within: Duration | None = None
    times: Comparison | None = None


class AllCondition(Frozen):
    all: tuple["Condition", ...] = Field(min_length=1)


class AnyCondition(Frozen):
    any: tuple["Condition", ...] = Field(min_length=1)


class NotCondition(Frozen):
    not_: "Condition" = Field(alias="not")


_BY_SUBJECT = {
    "field": FieldCondition,
    "segment": SegmentCondition,
    "tag": TagCondition,
    "event": EventCondition,
    "all": AllCondition,
    "any": AnyCondition,
    "not": NotCondition,
}
SUBJECTS = tuple(_BY_SUBJECT)


def _subject(value: Any) -> str | None:
    if isinstance(value, Mapping):
        subjects = [name for name in SUBJECTS if name in value]
        return f"<{subjects[0]}>" if len(subjects) == 1 else None
    return next((f"<{name}>" for name, model in _BY_SUBJECT.items() if type(value) is model), None)


Condition = Annotated[
    Annotated[FieldCondition, Tag("<field>")]
    | Annotated[SegmentCondition, Tag("<segment>")]
    | Annotated[TagCondition, Tag("<tag>")]
    | Annotated[EventCondition, Tag("<event>")]
    | Annotated[AllCondition, Tag("<all>")]
    | Annotated[AnyCondition, Tag("<any>")]
    | Annotated[NotCondition, Tag("<not>")],
    Discriminator(
        _subject,
        custom_error_type="E018",
        custom_error_message=f"a condition has exactly one of {', '.join(SUBJECTS)}",
    ),
]

for _model in (EventCondition, AllCondition, AnyCondition, NotCondition):
    _model.model_rebuild()


class Facts(Protocol):
    """What a condition can ask about. `event` is the event being looked at, if there is one."""

    def field(self, name: str) -> Any:
        """The value of a dotted field; a list where the path crosses a list; None where it is missing."""

    def in_segment(self, name: str) -> bool: ...

    def has_tag(self, name: str) -> bool: ...

    def count_events(self, condition: EventCondition) -> int:
        """How many stored events of the customer match the condition, within its window."""


@dataclass(frozen=True)
class Verdict:
    """Whether a condition holds, and the leaves that decided it."""

    holds: bool
    leaves: tuple[Leaf, ...]

    @property
    def because(self) -> str:
        """The leaves as they are stored, for `workflows.terms.because.worded`."""
        return kept(self.leaves)

    def __bool__(self) -> bool:
        return self.holds


def evaluate(condition: Condition, facts: Facts) -> Verdict:
    """Read a condition. A missing field makes its comparison false, never an error."""
    match condition:
        case AllCondition(all=parts):
            return _first(parts, facts, False)
        case AnyCondition(any=parts):
            return _first(parts, facts, True)
        case NotCondition(not_=part):
            inner = evaluate(part, facts)
            return Verdict(not inner.holds, inner.leaves)
        case SegmentCondition(segment=name):
            holds = facts.in_segment(name)
            return Verdict(holds, (Leaf("segment", name, holds),))
        case TagCondition(tag=name):
            holds = facts.has_tag(name)
            return Verdict(holds, (Leaf("tag", name, holds),))
        case EventCondition(event=event, where=where, within=within, times=times):
            count = facts.count_events(condition)
            comparisons = _compared(times, count, facts.field) if times else []
            holds = all(comparison.holds for comparison in comparisons) if times else count > 0
            span = str(within) if within else None
            return Verdict(holds, (Leaf("event", event, count, comparisons, where is not None, span),))
        case FieldCondition(field=name):
            value = facts.field(name)
            comparisons = _compared(condition, value, facts.field)
            return Verdict(
                all(comparison.holds for comparison in comparisons), (Leaf("field", name, value, comparisons),)
            )
    raise TypeError(f"not a condition: {condition!r}")


def _first(parts: Sequence[Condition], facts: Facts, deciding: bool) -> Verdict:
    """The first part that comes out as `deciding`; without one, all of them decide."""
    leaves: list[Leaf] = []
    for part in parts:
        verdict = evaluate(part, facts)
        if verdict.holds is deciding:
            return verdict
        leaves += verdict.leaves
    return Verdict(not deciding, tuple(leaves))


def matches(condition: EventCondition, event_type: str, facts: Facts) -> bool:
    """Whether the event being looked at is the one that `condition` names (its `within` is the caller's business)."""
    return condition.event == event_type and (condition.where is None or evaluate(condition.where, facts).holds)


def _compared(comparison: Comparison, value: Any, field: Callable[[str], Any]) -> list[Asked]:
    comparisons = []
    for operator, right in comparison.asked():
        known = _resolve(right, field)
        ref = right.field if isinstance(right, FieldRef) else None
        comparisons.append(Asked(operator, known, ref, _holds(operator, value, known)))
    return comparisons


def _resolve(right: Any, field: Callable[[str], Any]) -> Any:
    if isinstance(right, FieldRef):
        return field(right.field)
    if isinstance(right, tuple):
        return [_resolve(item, field) for item in right]
    return right


def _holds(operator: str, value: Any, right: Any) -> bool:
    present = value is not None and value != []
    if operator == "exists":
        return present is right
    if not present or right is None:
        return False
    match operator:
        case "is":
            return _same(value, right)
        case "is_not":
            return not _same(value, right)
        case "in":
            return _among(value, right)
        case "not_in":
            return not _among(value, right)
        case "contains":
            if isinstance(value, str):
                return isinstance(right, str) and right in value
            wanted = _items(right)
            return any(_same(item, entry) for item in _items(value) for entry in wanted)
    timed = operator in ("before", "after") or isinstance(value, datetime) or isinstance(right, datetime)
    left, other = (as_instant(value), as_instant(right)) if timed else (_rankable(value), _rankable(right))
    if left is None or other is None or isinstance(left, str) is not isinstance(other, str):
        return False
    match operator:
        case "at_least":
            return left >= other
        case "at_most":
            return left <= other
        case "above" | "after":
            return left > other
        case _:
            return left < other


def _items(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else [value]


def _among(value: Any, right: Any) -> bool:
    return any(_same(value, item) for item in _items(right))


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, datetime) or isinstance(right, datetime):
        instant = as_instant(left)
        return instant is not None and instant == as_instant(right)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(value, right[key]) for key, value in left.items())
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(_exact(left) == _exact(right))


def _exact(value: Any) -> Any:
    return Decimal(repr(value)) if isinstance(value, float) else value


def _rankable(value: Any) -> Any:
    """A number or a text; None for what has no order."""
    return _exact(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None


def as_instant(value: Any) -> datetime | None:
    """An aware datetime from a datetime or a text like `2026-03-02T19:40+08:00` (without an offset it is UTC)."""
    if isinstance(value, str):
        if not re.fullmatch(INSTANT, value):
            return None
        try:
            value = datetime.fromisoformat(value.upper())
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def dig(data: Any, path: str) -> Any:
    """Follow a dotted path through mappings; a list on the way gives the list of what its items hold."""
    for key in path.split("."):
        if isinstance(data, list):
            data = [item[key] for item in data if isinstance(item, Mapping) and item.get(key) is not None]
        elif isinstance(data, Mapping):
            data = data.get(key)
        else:
            return None
    return data
