"""What is asked of an event by constants alone, as a function that is quick to call; it says what `evaluate` says."""

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from workflows.terms.comparing import dig, holds
from workflows.terms.conditions import AllCondition, AnyCondition, Condition, FieldCondition, NotCondition
from workflows.terms.operands import FieldRef

Test = Callable[[Mapping[str, Any], ZoneInfo], bool]
"""Of an event's data, with the time zone of its customer."""


def test_of(condition: Condition) -> Test | None:
    """The condition as a test of an event; None if it asks for more than the event."""
    match condition:
        case AllCondition(all=parts) | AnyCondition(any=parts):
            tests = [test for part in parts if (test := test_of(part)) is not None]
            if len(tests) < len(parts):
                return None
            join = all if isinstance(condition, AllCondition) else any
            return lambda data, zone: join(test(data, zone) for test in tests)
        case NotCondition(not_=part):
            inner = test_of(part)
            return None if inner is None else lambda data, zone: not inner(data, zone)
        case FieldCondition(field=name) if name.startswith("event."):
            return _of_field(condition, name.removeprefix("event."))
    return None


def _of_field(condition: FieldCondition, path: str) -> Test | None:
    asked = list(condition.asked())
    rights = [each for _, right in asked for each in (right if isinstance(right, tuple) else (right,))]
    if any(isinstance(right, FieldRef) for right in rights):
        return None

    def test(data: Mapping[str, Any], zone: ZoneInfo) -> bool:
        value = dig(data, path, zone)
        return all(holds(operator, value, right, zone) for operator, right in asked)

    if (
        "." in path
        or len(asked) > 1
        or asked[0][0] not in ("is", "in")
        or not all(type(each) is str for each in rights)
    ):
        return test
    texts = frozenset(rights)

    def test_text(data: Mapping[str, Any], zone: ZoneInfo) -> bool:
        value = data.get(path)
        return value in texts if type(value) is str else test(data, zone)

    return test_text
