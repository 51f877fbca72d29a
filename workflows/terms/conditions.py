"""Conditions: their grammar, and the reading of them in Python over anything that can answer for facts.

The database reads them too (`domain/conditions/sql.py`), alike; `comparing` says what comparisons mean. `some` and
`every` ask one condition of the items of a list: of an empty one none is and every one is, and without a list neither
holds.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol, Self
from zoneinfo import ZoneInfo

from pydantic import Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from workflows.terms.because import Asked, Leaf, kept
from workflows.terms.comparing import holds
from workflows.terms.measuring import FUNCTIONS, MOST_EVENTS, work_out
from workflows.terms.operands import Comparison, FieldRef
from workflows.terms.places import within_km
from workflows.terms.values import Frozen, Window


class FieldCondition(Comparison):
    """A field compared: `{field: customer.orders, is: 1}`."""

    field: str


class NearCondition(Frozen):
    """A location near another: `{field: customer.location, within_km: 5, of: lot.location}`; each is `{lat, lon}`."""

    field: str
    within_km: float = Field(gt=0, le=20_100)
    of: str


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
    within: Window | None = None
    times: Comparison | None = None


class SomeCondition(Frozen):
    """Items of a list: that some of them are as `where` says, in which `item.…` is what each has."""

    some: str
    where: "Condition"


class EveryCondition(Frozen):
    """Items of a list: that all of them are as `where` says."""

    every: str
    where: "Condition"


class Measure(Frozen):
    """A number worked out of a customer's events of a type (`event.…`), or of the items of a list (`item.…`).

    Of one customer it looks at the newest `MOST_EVENTS` events in its window.
    """

    sum: str | None = None
    count: Literal[True] | None = None
    average: str | None = None
    min: str | None = None
    max: str | None = None
    latest: str | None = None
    first: str | None = None
    distinct: str | None = None
    share: "Condition | None" = None
    of: str
    where: "Condition | None" = None
    within: Window | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        given = [name for name in FUNCTIONS if getattr(self, name) is not None]
        if len(given) != 1:
            words = f"a measure has exactly one of {', '.join(FUNCTIONS)}"
            raise PydanticCustomError("E019", "{words}", {"words": words})
        root = "item" if self.of_list else "event"
        if isinstance(self.argument, str) and not re.fullmatch(rf"{root}([.][^.]+)+", self.argument):
            example = {"wanted": f"a field of the {root}; write it like {root}.quantity"}
            raise PydanticCustomError("E019", "`{function}` is of {wanted}", {"function": self.function, **example})
        if self.of_list and self.within:
            raise PydanticCustomError("E041", "`within` goes with events, not with the items of a list")
        return self

    @property
    def function(self) -> str:
        """The one that is given."""
        return next(name for name in FUNCTIONS if getattr(self, name) is not None)

    @property
    def argument(self) -> Any:
        """What it is of: a field, a condition, or True of `count`."""
        return getattr(self, self.function)

    @property
    def of_list(self) -> bool:
        """Whether `of` is a list rather than a type of event."""
        return is_list(self.of, self.argument)


def is_list(of: str, argument: Any) -> bool:
    """Whether a measure `of` this is of a list: types of events and fields look alike."""
    by_items = isinstance(argument, str) and argument.startswith("item.")
    return by_items or of.partition(".")[0] in ("event", "item", "trigger")


class MeasureCondition(Comparison):
    """A measure compared: `{measure: {sum: event.watched_minutes, of: stream.left, within: 3 shows}, above: 15}`."""

    measure: Measure


class AllCondition(Frozen):
    all: tuple["Condition", ...] = Field(min_length=1)


class AnyCondition(Frozen):
    any: tuple["Condition", ...] = Field(min_length=1)


class NotCondition(Frozen):
    not_: "Condition" = Field(alias="not")


_BY_SUBJECT = {
    "field": FieldCondition,
    "near": NearCondition,
    "segment": SegmentCondition,
    "tag": TagCondition,
    "event": EventCondition,
    "some": SomeCondition,
    "every": EveryCondition,
    "measure": MeasureCondition,
    "all": AllCondition,
    "any": AnyCondition,
    "not": NotCondition,
}
SUBJECTS = tuple(name for name in _BY_SUBJECT if name != "near")


def _subject(value: Any) -> str | None:
    if isinstance(value, Mapping):
        subjects = [name for name in SUBJECTS if name in value]
        if subjects == ["field"] and "within_km" in value:
            return "<near>"
        return f"<{subjects[0]}>" if len(subjects) == 1 else None
    return next((f"<{name}>" for name, model in _BY_SUBJECT.items() if type(value) is model), None)


Condition = Annotated[
    Annotated[FieldCondition, Tag("<field>")]
    | Annotated[NearCondition, Tag("<near>")]
    | Annotated[SegmentCondition, Tag("<segment>")]
    | Annotated[TagCondition, Tag("<tag>")]
    | Annotated[EventCondition, Tag("<event>")]
    | Annotated[SomeCondition, Tag("<some>")]
    | Annotated[EveryCondition, Tag("<every>")]
    | Annotated[MeasureCondition, Tag("<measure>")]
    | Annotated[AllCondition, Tag("<all>")]
    | Annotated[AnyCondition, Tag("<any>")]
    | Annotated[NotCondition, Tag("<not>")],
    Discriminator(
        _subject,
        custom_error_type="E018",
        custom_error_message=f"a condition has exactly one of {', '.join(SUBJECTS)}",
    ),
]

for _model in (
    EventCondition,
    SomeCondition,
    EveryCondition,
    Measure,
    MeasureCondition,
    AllCondition,
    AnyCondition,
    NotCondition,
):
    _model.model_rebuild()


class Facts(Protocol):
    """What a condition can ask about. `event` is the event being looked at, if there is one."""

    @property
    def zone(self) -> ZoneInfo:
        """Where the customer lives, for dates and times that name no zone."""

    def field(self, name: str) -> Any:
        """The value of a dotted field; a list where the path crosses a list; None where it is missing."""

    def is_amount(self, name: str) -> bool:
        """Whether a field is a named measure that comes to fen."""

    def in_segment(self, name: str) -> bool: ...

    def has_tag(self, name: str) -> bool: ...

    def count_events(self, condition: EventCondition) -> int:
        """How many stored events of the customer match the condition, within its window."""

    def newest_events(self, type: str, within: Window | None) -> Sequence[Mapping[str, Any]]:
        """The data of the customer's events of a type in a window, newest first, no more than `MOST_EVENTS`."""

    def looking_at(self, event: Mapping[str, Any]) -> "Facts":
        """The same facts with another event in view."""

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
            return Verdict(
                _all_hold(comparisons), (Leaf("field", name, value, comparisons, money=facts.is_amount(name)),)
            )
        case NearCondition(field=name, within_km=km, of=of):
            near = within_km(facts.field(name), facts.field(of), km)
            return Verdict(near, (Leaf("near", f"{name} {of}", near, within=f"{km:g}"),))
        case SomeCondition(some=name, where=where):
            some, total = _counted(name, where, facts)
            return Verdict(bool(some), (Leaf("items", name, [some, total]),))
        case EveryCondition(every=name, where=where):
            some, total = _counted(name, where, facts)
            return Verdict(some == total, (Leaf("items", name, [some, total]),))
        case MeasureCondition(measure=measure):
            rows = _rows(measure, facts)
            value = _worked_out(measure, rows)
            comparisons = _compared(condition, value, facts)
            return Verdict(_all_hold(comparisons), (_measure_leaf(measure, value, comparisons, len(rows or ())),))
    raise TypeError(f"not a condition: {condition!r}")


def _rows(measure: Measure, facts: Facts) -> list[Facts] | None:
    """What a measure goes through, oldest first; None if there is no list."""
    if not measure.of_list:
        return [facts.looking_at(data) for data in reversed(facts.newest_events(measure.of, measure.within))]
    items = facts.field(measure.of)
    return [facts.at_item(item) for item in items] if isinstance(items, list) else None


def measured(measure: Measure, facts: Facts) -> Any:
    """What a measure comes to; None where there is nothing to work it out of."""
    return _worked_out(measure, _rows(measure, facts))


def _worked_out(measure: Measure, rows: Sequence[Facts] | None) -> Any:
    if rows is None:
        return None
    where, argument = measure.where, measure.argument
    counted = [row for row in rows if where is None or evaluate(where, row).holds]
    if isinstance(argument, str):
        return work_out(measure.function, [row.field(argument) for row in counted])
    return work_out(measure.function, [argument is True or evaluate(argument, row).holds for row in counted])


def _measure_leaf(measure: Measure, value: Any, comparisons: Sequence[Asked], rows: int) -> Leaf:
    argument = measure.argument if isinstance(measure.argument, str) else ""
    name = " ".join(filter(None, (measure.function, argument, measure.of)))
    described = measure.where is not None or measure.function == "share"
    span, cut = str(measure.within) if measure.within else None, not measure.of_list and rows >= MOST_EVENTS
    return Leaf("measure", name, value, comparisons, described, span, cut)


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
