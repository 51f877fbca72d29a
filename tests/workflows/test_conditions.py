"""Conditions obey the laws of logic, and what is missing compares with nothing."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from workflows.conditions import Condition, EventCondition, dig, evaluate, matches

CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)


@dataclass
class Known:
    """Facts as a mapping, with the tags, segments and numbers of events of a customer."""

    data: dict[str, Any] = field(default_factory=dict)
    tags: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    events: dict[str, int] = field(default_factory=dict)

    def field(self, name: str) -> Any:
        return dig(self.data, name)

    def in_segment(self, name: str) -> bool:
        return name in self.segments

    def has_tag(self, name: str) -> bool:
        return name in self.tags

    def count_events(self, condition: EventCondition) -> int:
        return self.events.get(condition.event, 0)


def holds(condition: object, facts: Known) -> bool:
    return evaluate(CONDITION.validate_python(condition), facts).holds


names = st.sampled_from(["a", "b", "c.d", "missing"])
values = st.one_of(st.integers(-3, 3), st.sampled_from(["x", "y", ""]), st.booleans())
operators = st.sampled_from(["is", "is_not", "at_least", "at_most", "above", "below", "contains"])
fields = st.builds(lambda name, operator, value: {"field": name, operator: value}, names, operators, values)
leaves = st.one_of(
    fields,
    st.builds(lambda name: {"tag": name}, st.sampled_from(["vip", "new"])),
    st.builds(lambda name: {"segment": name}, st.sampled_from(["good", "bad"])),
    st.builds(
        lambda name, least: {"event": name, "times": {"at_least": least}},
        st.sampled_from(["e", "f"]),
        st.integers(0, 3),
    ),
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=8,
)
facts = st.builds(
    Known,
    st.fixed_dictionaries(
        {}, optional={"a": values, "b": st.lists(values, max_size=3), "c": st.fixed_dictionaries({"d": values})}
    ),
    st.frozensets(st.sampled_from(["vip", "new"])),
    st.frozensets(st.sampled_from(["good", "bad"])),
    st.dictionaries(st.sampled_from(["e", "f"]), st.integers(0, 3)),
)


@given(st.lists(trees, min_size=1, max_size=3), facts)
def test_all_any_and_not_are_what_they_are_called(parts: list[Any], known: Known) -> None:
    each = [holds(part, known) for part in parts]
    assert holds({"all": parts}, known) is all(each)
    assert holds({"any": parts}, known) is any(each)
    assert holds({"not": parts[0]}, known) is not each[0]
    assert holds({"not": {"all": parts}}, known) is holds({"any": [{"not": part} for part in parts]}, known)


@given(trees, facts)
def test_a_condition_says_the_same_after_it_has_travelled(tree: Any, known: Known) -> None:
    condition = CONDITION.validate_python(tree)
    again = CONDITION.validate_json(CONDITION.dump_json(condition))
    assert again == condition
    assert evaluate(again, known) == evaluate(condition, known)


@given(operators, values)
def test_on_a_missing_field_every_comparison_is_false(operator: str, value: object) -> None:
    for known in (Known(), Known({"a": None}), Known({"a": []})):
        assert not holds({"field": "a", operator: value}, known)
        assert holds({"not": {"field": "a", operator: value}}, known)
        assert holds({"field": "a", "exists": False}, known)


@given(values, values)
def test_is_and_is_not_part_what_is_there(left: object, right: object) -> None:
    known = Known({"a": left})
    assert holds({"field": "a", "is": right}, known) is not holds({"field": "a", "is_not": right}, known)
    assert holds({"field": "a", "in": [right]}, known) is holds({"field": "a", "is": right}, known)
    assert holds({"field": "a", "in": [right]}, known) is not holds({"field": "a", "not_in": [right]}, known)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"field": "items.category", "contains": "豆"}, True),
        ({"field": "items.category", "contains": "茶"}, False),
        ({"field": "items.price", "contains": 100}, True),
        ({"field": "name", "contains": "小李"}, True),
        ({"field": "total", "is": "59元"}, True),
        ({"field": "total", "at_least": "59元", "below": "60元"}, True),
        ({"field": "total", "at_least": "59元", "below": "59元"}, False),
        ({"field": "total", "is": {"field": "other"}}, True),
        ({"field": "total", "is": {"field": "nothing"}}, False),
        ({"field": "total", "is_not": {"field": "nothing"}}, False),
        ({"field": "total", "in": [1, {"field": "other"}]}, True),
        ({"field": "total", "is": "5900"}, False),
        ({"field": "flag", "is": True}, True),
        ({"field": "flag", "is": 1}, False),
        ({"field": "flag", "above": 0}, False),
        ({"field": "at", "before": "2026-03-02T20:00:01+08:00"}, True),
        ({"field": "at", "after": "2026-03-02T11:59:59Z"}, True),
        ({"field": "at", "after": "2026-03-02T12:00:00Z"}, False),
        ({"event": "order.paid"}, True),
        ({"event": "order.paid", "times": {"at_least": 3}}, False),
        ({"event": "other"}, False),
        ({"event": "other", "times": {"is": 0}}, True),
    ],
)
def test_comparisons(condition: dict[str, Any], expected: bool) -> None:
    known = Known(
        {"items": [{"category": "豆", "price": 100}, {"sku": "x"}], "name": "小李", "total": 5900, "other": 5900,
         "flag": True, "at": "2026-03-02T20:00:00+08:00"},
        events={"order.paid": 2},
    )  # fmt: skip
    assert holds(condition, known) is expected


@pytest.mark.parametrize(
    "condition",
    [{}, {"field": "a"}, {"field": "a", "is": None}, {"field": "a", "equals": 1}, {"tag": "a", "segment": "b"},
     {"all": []}, {"field": "a", "in": 1}, {"field": "a", "is": [1]}, {"event": "a", "times": {}}, "a", None],
)  # fmt: skip
def test_what_is_no_condition(condition: object) -> None:
    with pytest.raises(ValidationError):
        CONDITION.validate_python(condition)


def test_a_pattern_matches_its_own_event_only() -> None:
    pattern = EventCondition.model_validate({"event": "order.paid", "where": {"field": "total", "above": 1}})
    assert matches(pattern, "order.paid", Known({"total": 2}))
    assert not matches(pattern, "order.paid", Known({"total": 1}))
    assert not matches(pattern, "order.refunded", Known({"total": 2}))
