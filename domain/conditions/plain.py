"""What is asked of JSON by constants alone, in SQL that is quick: no value is copied, and an index may lead to it.

Each function gives None for what is more than that. It comes out as `workflows.terms.comparing` says.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Numeric, and_, case, cast, false, func, literal, not_, or_, true
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH

from domain.conditions.json_values import Json, Truth, at, is_a
from workflows.terms.comparing import DATE_PARTS
from workflows.terms.conditions import (
    AllCondition,
    AnyCondition,
    Condition,
    FieldCondition,
    NotCondition,
    SomeCondition,
)
from workflows.terms.operands import Comparison

_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "is": eq, "is_not": ne, "at_least": ge, "at_most": le, "above": gt, "below": lt,
}  # fmt: skip
_DATES = frozenset(DATE_PARTS)
_SIGNS = {"at_least": ">=", "at_most": "<=", "above": ">", "below": "<"}


def of_event(condition: Condition, data: Json) -> Truth | None:
    """What is asked of an event itself, whose data this is."""
    match condition:
        case AllCondition(all=parts) | AnyCondition(any=parts):
            truths = [of_event(part, data) for part in parts]
            known = [truth for truth in truths if truth is not None]
            if len(known) < len(truths):
                return None
            return and_(*known) if isinstance(condition, AllCondition) else or_(*known)
        case NotCondition(not_=part):
            truth = of_event(part, data)
            return None if truth is None else not_(truth)
        case FieldCondition(field=name) if name.startswith("event.") and name.count(".") <= 2:
            return compared(condition, data, name.split(".")[1:])
        case SomeCondition(some=name, where=where) if name.startswith("event.") and name.count(".") == 1:
            test = _of_item(where)
            return None if test is None else _there_is(data, f"strict {_path(name.split('.')[1:])}[*] ? ({test})")
    return None


def lead(condition: Condition, data: Json) -> Truth | None:
    """What an index on the data tells of what is asked of an event: it holds wherever that does, and elsewhere too."""
    match condition:
        case AllCondition(all=parts):
            known = [truth for part in parts if (truth := lead(part, data)) is not None]
            return and_(*known) if known else None
        case AnyCondition(any=parts):
            truths = [lead(part, data) for part in parts]
            known = [truth for truth in truths if truth is not None]
            return or_(*known) if len(known) == len(truths) else None
        case FieldCondition(field=name) if name.startswith("event."):
            return _lead(condition, data, name.split(".")[1:])
        case SomeCondition(some=name, where=FieldCondition(field=of) as where) if name.startswith("event."):
            return _lead(where, data, [*name.split(".")[1:], *of.split(".")[1:]]) if of.startswith("item.") else None
    return None


def _lead(comparison: Comparison, data: Json, keys: Sequence[str]) -> Truth | None:
    if len(keys) > 2 or _DATES.intersection(keys[1:]):
        return None
    for operator, right in comparison.asked():
        rights = right if isinstance(right, tuple) else (right,)
        if operator in ("is", "in") and rights and all(isinstance(each, str | int) for each in rights):
            tests = " || ".join(f"@ == {_json(each)}" for each in rights)
            return data.op("@?")(cast(f"{_path(keys)} ? ({tests})", JSONPATH))
    return None


def compared(comparison: Comparison, data: Json, keys: Sequence[str]) -> Truth | None:
    """A comparison of what one or two keys lead to."""
    if _DATES.intersection(keys[1:]) or len(keys) > 2:
        return None
    if len(keys) == 1:
        tests = [_test(operator, right, _path(keys)) for operator, right in comparison.asked()]
        known = [test for test in tests if test is not None]
        if len(known) < len(tests):
            return compared_value(comparison, at(data, keys[0]))
        return func.coalesce(data.bool_op("@@")(cast(" && ".join(known), JSONPATH)), false())
    truths = []
    for operator, right in comparison.asked():
        test = _test(operator, right, "@")
        if test is None or operator not in ("is", "in", *_SIGNS):
            return None
        first, second = (_json(key) for key in keys)
        paths = (f"$.{first}.{second}", f"$.{first}.{second}[*]", f"$.{first}[*] ? (exists (@.{second})).{second}")
        truths.append(or_(*(_there_is(data, f"strict {path} ? ({test})") for path in paths)))
    return and_(true(), *truths)


def compared_value(comparison: Comparison, value: Json) -> Truth | None:
    """A comparison of a value: true or false, never NULL."""
    truths = []
    for operator, right in comparison.asked():
        truth = _holds(operator, right, value)
        if truth is None:
            return None
        truths.append(truth)
    return func.coalesce(and_(true(), *truths), false())


def _holds(operator: str, right: Any, value: Json) -> Truth | None:
    rights = right if isinstance(right, tuple) else (right,)
    if any(not isinstance(each, str | int | float) for each in rights):
        return None
    if operator == "exists":
        return _present(value) if right else not_(func.coalesce(_present(value), false()))
    if operator in ("is", "in"):
        return _among(value, rights)
    if operator in ("is_not", "not_in"):
        return and_(_present(value), not_(func.coalesce(_among(value, rights), false())))
    test = _test(operator, right, "@")
    if operator not in _SIGNS or test is None:
        return None
    of_items = _there_is(value, f"strict $[*] ? ({test})")
    ranked = _OPERATORS[operator](value, literal(right, JSONB))
    return case((is_a(value, "number"), ranked), (is_a(value, "array"), of_items), else_=false())


def _among(value: Json, rights: Sequence[Any]) -> Truth:
    equal = [value == literal(each, JSONB) for each in rights]
    inside = [value.contains(literal(each, JSONB)) for each in rights]
    return or_(false(), *equal, and_(is_a(value, "array"), or_(false(), *inside)))


def _present(value: Json) -> Truth:
    return and_(not_(is_a(value, "null")), value != literal([], JSONB))


def _of_item(condition: Condition) -> str | None:
    """What is asked of an item, as the test of a JSON path; what can't be read makes it unknown, which isn't true."""
    match condition:
        case AllCondition(all=parts) | AnyCondition(any=parts):
            tests = [test for part in parts if (test := _of_item(part)) is not None]
            joined = (" && " if isinstance(condition, AllCondition) else " || ").join(f"({test})" for test in tests)
            return joined if len(tests) == len(parts) else None
        case FieldCondition(field=name) if name.startswith("item.") and name.count(".") == 1:
            value = f"@.{_json(name.split('.')[1])}"
            tests = []
            for operator, right in condition.asked():
                both = [_test(operator, right, each) for each in (value, f"{value}[*]")]
                if operator not in ("is", "in", *_SIGNS) or None in both:
                    return None
                tests.append(f"({both[0]} || {both[1]})")
            return " && ".join(tests)
    return None


def _test(operator: str, right: Any, value: str) -> str | None:
    """A comparison with constants, as a test of a JSON path."""
    rights = right if isinstance(right, tuple) else (right,)
    if operator in ("is", "in") and rights and all(isinstance(each, str | int | float) for each in rights):
        return "(" + " || ".join(f"{value} == {_json(each)}" for each in rights) + ")"
    if operator in _SIGNS and isinstance(right, int | float) and not isinstance(right, bool):
        return f"({value} {_SIGNS[operator]} {_json(right)})"
    return None


def _there_is(data: Json, path: str) -> Truth:
    return func.coalesce(
        func.jsonb_path_exists(data, cast(path, JSONPATH), literal({}, JSONB), True), false()
    )  # what doesn't fit the path is no error


def _path(keys: Sequence[str]) -> str:
    return ".".join(["$", *map(_json, keys)])


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


Asked = Sequence[tuple[str, int | float]]


def numbers(comparison: Comparison) -> Asked | None:
    """The comparison, if it is with numbers."""
    asked = [
        (operator, right)
        for operator, right in comparison.asked()
        if operator in _OPERATORS and isinstance(right, int | float) and not isinstance(right, bool)
    ]
    return asked if len(asked) == len(list(comparison.asked())) else None


def fits(asked: Asked, value: Any) -> Truth:
    """Whether a number compares so: NULL if there is none."""
    return and_(*(_OPERATORS[name](value, _constant(right)) for name, right in asked))


def _constant(number: int | float) -> ColumnElement[Any]:
    is_small = isinstance(number, int) and abs(number) < 2**63
    return literal(number, BigInteger) if is_small else literal(Decimal(_json(number)), Numeric)


def nothing_fits(asked: Asked) -> bool:
    """Whether 0 compares so."""
    return all(_OPERATORS[operator](0, right) for operator, right in asked)


def number_of(value: Json) -> ColumnElement[Decimal]:
    """A JSON number as one; NULL for anything else."""
    return case((is_a(value, "number"), cast(value, Numeric)))
