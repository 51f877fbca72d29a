"""What is asked of an event by constants alone comes out alike, quickly or not; and which events a rule passes over."""

from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from workflows.language.quick import test_of as quick_test_of
from workflows.language.rules import Rules
from workflows.language.tags import TagRule
from workflows.terms.comparing import dig
from workflows.terms.conditions import Condition, evaluate

ZONE = ZoneInfo("Asia/Shanghai")
READ: TypeAdapter[Condition] = TypeAdapter(Condition)


@dataclass
class OnlyAnEvent:
    """Facts of nothing but the event in view."""

    event: dict[str, Any] = field(default_factory=dict)
    zone: ZoneInfo = ZONE

    def field(self, name: str) -> Any:
        return dig(self.event, name.removeprefix("event."), ZONE)

    def is_amount(self, _: str) -> bool:
        return False


VALUES = st.sampled_from(
    ["a", "b", 1, 1.0, 0, True, None, "2026-03-02", ["a", 1], [], {"b": "a"}, [{"b": "a"}, {"b": 1}]]
)
RIGHTS = st.sampled_from(["a", "b", 1, 2, True, "2026-03-02"])
LEAF = st.builds(
    lambda path, asked: {"field": f"event.{path}", **asked},
    st.sampled_from(["x", "y", "x.b", "y.month"]),
    st.one_of(
        *(st.fixed_dictionaries({name: RIGHTS}) for name in ("is", "is_not", "at_least", "below", "contains")),
        st.fixed_dictionaries({"in": st.lists(RIGHTS, max_size=2)}),
        st.fixed_dictionaries({"not_in": st.lists(RIGHTS, max_size=2), "exists": st.booleans()}),
    ),
)  # fmt: skip
TREE = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.builds(lambda part: {"not": part}, inner),
        *(
            st.builds(lambda name, parts: {name: parts}, st.just(name), st.lists(inner, min_size=1, max_size=3))
            for name in ("all", "any")
        ),
    ),
    max_leaves=4,
)


@given(TREE, st.lists(st.fixed_dictionaries({}, optional={"x": VALUES, "y": VALUES}), min_size=1, max_size=9))
@settings(derandomize=True, max_examples=150)
def test_it_says_what_evaluate_says(tree: dict[str, Any], events: list[dict[str, Any]]) -> None:
    condition = READ.validate_python(tree)
    quick = quick_test_of(condition)
    assert quick is not None
    for event in events:
        assert quick(event, ZONE) == evaluate(condition, OnlyAnEvent(event)).holds  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "asked",
    [
        {"field": "event.x", "is": {"field": "customer.x"}},
        {"field": "customer.x", "is": 1},
        {"any": [{"field": "event.x", "is": 1}, {"tag": "a"}]},
        {"event": "order.paid"},
    ],
)
def test_more_than_the_event_is_left_to_evaluate(asked: dict[str, Any]) -> None:
    assert quick_test_of(READ.validate_python(asked)) is None


COUNTED = {"event": "viewed", "where": {"field": "event.x", "is": "a"}}


@pytest.mark.parametrize(
    ("when", "type", "event", "may"),
    [
        (COUNTED, "viewed", {"x": "a"}, True),
        (COUNTED, "viewed", {"x": "b"}, False),
        ({"not": COUNTED}, "viewed", {"x": "b"}, False),
        ({"any": [COUNTED, {"event": "viewed"}]}, "viewed", {"x": "b"}, True),
        ({"any": [COUNTED, {"tag": "old"}]}, "viewed", {"x": "b"}, True),
        ({"measure": {"sum": "event.n", "of": "viewed"}, "above": 3}, "viewed", {"x": "b"}, True),
        ({"all": [COUNTED, {"field": "customer.orders", "above": 1}]}, "order.paid", {}, True),
        ({"all": [COUNTED, {"field": "customer.orders", "above": 1}]}, "viewed", {"x": "b"}, False),
    ],
)
def test_a_rule_passes_over_events_that_it_would_not_count(
    when: dict[str, Any], type: str, event: dict[str, Any], may: bool
) -> None:
    (rule,) = Rules({"new": TagRule.model_validate({"when": when})}, {}, {}).every
    assert type in rule.asked.listens
    assert rule.may_change(type, event, ZONE) is may
