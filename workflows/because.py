"""Why a condition holds or not, in plain words: the values that decided it, and no personal ones."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

HIDDEN = "[hidden]"
_PRIVATE = frozenset(
    {"name", "phone", "mobile", "email", "address", "birthday"}
    | {"openid", "unionid", "external_userid", "member_no", "device_id"}
)
"""The last parts of the names of fields whose values tell who somebody is."""

_PERSONAL = re.compile(r"(?<!\d)(?:86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)|\+\d[\d -]{7,}\d|[\w.+-]+@[\w.-]+\w")
"""Telephone numbers and addresses of mail, inside other texts."""

_LOOKS_OTHERWISE = re.compile(r"\s.*|.*\s|-?\d+(?:\.\d+)?|true|false|missing|", re.DOTALL)
_LONGEST, _MOST = 60, 5

_WORDS = {
    "at_least": ("at least {}", "not at least {}"),
    "at_most": ("at most {}", "not at most {}"),
    "above": ("above {}", "not above {}"),
    "below": ("below {}", "not below {}"),
    "before": ("before {}", "not before {}"),
    "after": ("after {}", "not after {}"),
    "in": ("one of {}", "none of {}"),
    "not_in": ("none of {}", "one of {}"),
    "contains": ("containing {}", "not containing {}"),
    "is": ("", "not {}"),
    "is_not": ("not {}", ""),
    "exists": ("", ""),
}


class Asked(NamedTuple):
    """One operator of a comparison, its right side with the field that gave it, and whether it holds."""

    operator: str
    right: Any
    field: str | None
    holds: bool


def compared(field: str, value: Any, asked: Sequence[Asked]) -> str:
    """A field's value and what was asked of it: `customer.orders is 3, not 1`."""
    if value is None or value == []:
        return f"{field} is missing"
    return f"{field} is {_of(field, value)}{_asked(asked, hide=_is_private(field))}"


def happened(event: str, count: int, asked: Sequence[Asked], *, described: bool, within: Any) -> str:
    """How often an event happened: `order.paid happened twice within 90d, not at least 3`."""
    often = {0: "never happened", 1: "happened once", 2: "happened twice"}.get(count, f"happened {count} times")
    span = f" within {within}" if within else ""
    return f"{event}{' as described' if described else ''} {often}{span}{_asked(asked)}"


def _asked(asked: Sequence[Asked], *, hide: bool = False) -> str:
    """What holds; or the first that doesn't, which decided it."""
    failed = [each for each in asked if not each.holds][:1]
    said = []
    for operator, right, field, holds in failed or asked:
        if right is None or right == []:
            said.append(f"and {field} is missing" if field else "and there is nothing to compare it with")
            continue
        words = _WORDS[operator][0 if holds else 1]
        shown = HIDDEN if hide else _of(field, right)
        said.append(words.format(f"{shown} ({field})" if field else shown))
    return "".join(f", {words}" for words in said if words)


def _is_private(field: str | None) -> bool:
    return field is not None and field.rpartition(".")[2] in _PRIVATE


def _of(field: str | None, value: Any) -> str:
    return HIDDEN if _is_private(field) else _shown(value)


def _shown(value: Any) -> str:
    match value:
        case None:
            return "missing"
        case bool():
            return str(value).lower()
        case str():
            text = _PERSONAL.sub(HIDDEN, value)
            text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
            return f'"{text}"' if _LOOKS_OTHERWISE.fullmatch(text) else text
        case datetime():
            return value.isoformat()
        case list() | tuple():
            more = f" and {len(value) - _MOST} more" if len(value) > _MOST else ""
            return ", ".join(_shown(each) for each in value[:_MOST]) + more
        case dict():
            return "several values"
    return str(value)
