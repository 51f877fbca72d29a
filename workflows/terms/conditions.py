"""Conditions: their grammar, and the reading of them in Python over anything that can answer for facts.

The database reads them too (`domain/conditions/sql.py`), alike; `comparing` says what comparisons mean. `some` and
`every` ask one condition of the items of a list: of an empty one none is and every one is, and without a list neither
holds.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Annotated, Any, Protocol, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Discriminator, Field, StrictBool, Tag, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from workflows.terms.because import Asked, Leaf, kept
from workflows.terms.comparing import holds
from workflows.terms.values import Duration, Frozen, parse_money


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


class SomeCondition(Frozen):
    """Items of a list: that some of them are as `where` says, in which `item.…` is what each has."""

    some: str
    where: "Condition"


class EveryCondition(Frozen):
    """Items of a list: that all of them are as `where` says."""

    every: str
    where: "Condition"


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
    "some": SomeCondition,
    "every": EveryCondition,
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
    | Annotated[SomeCondition, Tag("<some>")]
    | Annotated[EveryCondition, Tag("<every>")]
    | Annotated[AllCondition, Tag("<all>")]
    | Annotated[AnyCondition, Tag("<any>")]
    | Annotated[NotCondition, Tag("<not>")],
    Discriminator(
        _subject,
        custom_error_type="E018",
        custom_error_message=f"a condition has exactly one of {', '.join(SUBJECTS)}",
    ),
]

for _model in (EventCondition, SomeCondition, EveryCondition, AllCondition, AnyCondition, NotCondition):
    _model.model_rebuild()


class Facts(Protocol):
    """What a condition can ask about. `event` is the event being looked at, if there is one."""

    @property
    def zone(self) -> ZoneInfo:
        """Where the customer lives, for dates and times that name no zone."""

    def field(self, name: str) -> Any:
        """The value of a dotted field; a list where the path crosses a list; None where it is missing."""

    def in_segment(self, name: str) -> bool: ...

    def has_tag(self, name: str) -> bool: ...

    def count_events(self, condition: EventCondition) -> int:
        """How many stored events of the customer match the condition, within its window."""

    def at_item(self, item: Any) -> "Facts":
        """The same facts with an item of a list in view, as `item.…`."""


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
            inside = facts.in_segment(name)
            return Verdict(inside, (Leaf("segment", name, inside),))
        case TagCondition(tag=name):
            tagged = facts.has_tag(name)
            return Verdict(tagged, (Leaf("tag", name, tagged),))
        case EventCondition(event=event, where=where, within=within, times=times):
            count = facts.count_events(condition)
            comparisons = _compared(times, count, facts) if times else []
            span = str(within) if within else None
            leaf = Leaf("event", event, count, comparisons, where is not None, span)
            return Verdict(_all_hold(comparisons) if times else count > 0, (leaf,))
        case FieldCondition(field=name):
            value = facts.field(name)
            comparisons = _compared(condition, value, facts)
            return Verdict(_all_hold(comparisons), (Leaf("field", name, value, comparisons),))
        case SomeCondition(some=name, where=where):
            some, total = _counted(name, where, facts)
            return Verdict(bool(some), (Leaf("items", name, [some, total]),))
        case EveryCondition(every=name, where=where):
            some, total = _counted(name, where, facts)
            return Verdict(some == total, (Leaf("items", name, [some, total]),))
    raise TypeError(f"not a condition: {condition!r}")


def _counted(name: str, where: Condition, facts: Facts) -> tuple[int | None, int]:
    """How many items of a list are as `where` says, and how many there are; None of them if there is no list."""
    items = facts.field(name)
    if not isinstance(items, list):
        return None, 0
    return sum(evaluate(where, facts.at_item(item)).holds for item in items), len(items)


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


def _compared(comparison: Comparison, value: Any, facts: Facts) -> list[Asked]:
    comparisons = []
    for operator, right in comparison.asked():
        known = _resolve(right, facts)
        ref = right.field if isinstance(right, FieldRef) else None
        comparisons.append(Asked(operator, known, ref, holds(operator, value, known, facts.zone)))
    return comparisons


def _all_hold(comparisons: Sequence[Asked]) -> bool:
    return all(comparison.holds for comparison in comparisons)


def _resolve(right: Any, facts: Facts) -> Any:
    if isinstance(right, FieldRef):
        return facts.field(right.field)
    if isinstance(right, tuple):
        return [_resolve(item, facts) for item in right]
    return right
