"""Constants that are compared with a field, against what the field can ever hold: what never is, is a mistake."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from zoneinfo import ZoneInfo

from workflows.source.diagnostics import did_you_mean, quoted
from workflows.source.tree import Node, Source
from workflows.terms.calendar import LEAP_YEAR, WEEKDAYS
from workflows.terms.comparing import DAY_OF_ANY_YEAR, as_instant
from workflows.terms.operands import LIKE_MONEY, OPERATORS
from workflows.terms.values import MONEY_FUNCTIONS, Duration, money_words, parse_money

ROOTS = ("customer", "event", "trigger", "lot", "stream", "coupon", "item", "now", "measure")

FIELD = re.compile(rf"(?:{'|'.join(ROOTS)})(?:\.[A-Za-z_]\w*)+")
"""How a text must look to be taken for a field's name."""

FieldKind = Literal["text", "number", "money", "instant", "day", "birthday", "lunar_day", "truth", "parts"]
"""`parts` is what has fields of its own, and so is no value to compare: a location, the items of an order."""


@dataclass(frozen=True)
class FieldType:
    """What a field holds: its kind, a number's `least` and `most`, a text's `choices`, and whether there are `many`."""

    kind: FieldKind
    least: float | None = None
    most: float | None = None
    choices: Sequence[str] = ()
    many: bool = False
    """Whether the field may be a list of these, of which a comparison holds if it holds for some."""

    @property
    def is_date(self) -> bool:
        """Whether it has a year, a month and a day."""
        return self.kind in ("instant", "day", "birthday")


_TEXT, _INSTANT, _DAY = FieldType("text"), FieldType("instant"), FieldType("day")
_COUNT, _QUINTILE = FieldType("number", 0), FieldType("number", 1, 5)
_MONEY, _LOCATION = FieldType("money", 0), FieldType("parts")

PARTS: Mapping[str, FieldType] = {
    "year": FieldType("number", 1),
    "month": FieldType("number", 1, 12),
    "day": FieldType("number", 1, 31),
    "weekday": FieldType("text", choices=WEEKDAYS),
    "hour": FieldType("number", 0, 23),
}
"""The parts of a date, and of now."""

TYPES: Mapping[str, Mapping[str, FieldType]] = {
    "customer": {
        "orders": _COUNT, "spent": _MONEY, "last_order_at": _INSTANT, "recency_days": _COUNT, "frequency": _COUNT,
        "value": _MONEY, "r": _QUINTILE, "f": _QUINTILE, "m": _QUINTILE, "likely_to_buy": FieldType("number", 0, 1),
        "expected_value": _MONEY, "usual_hour": PARTS["hour"],
    },
    "lot": {
        "id": _TEXT, "sku": _TEXT, "name": _TEXT, "category": _TEXT, "city": _TEXT, "store": _TEXT,
        "location": _LOCATION, "expires_on": _DAY, "days_left": FieldType("number"), "available": FieldType("number"),
    },
    "stream": {"id": _TEXT, "title": _TEXT, "city": _TEXT, "starts_at": _INSTANT},
    "coupon": {
        "code": _TEXT, "campaign": _TEXT, "expires_at": _INSTANT, "name": _TEXT, "valid": _TEXT, "sku": _TEXT,
        "status": FieldType("text", choices=("issued", "locked", "redeemed", "expired", "revoked")),
        "amount_off": _MONEY, "percent_off": FieldType("number", 0, 100), "ceiling": _MONEY, "threshold": _MONEY,
        "per_customer": FieldType("parts"), "budget_count": _COUNT, "budget_money": _MONEY, "products": _TEXT,
        "skus": FieldType("text", many=True), "categories": FieldType("text", many=True),
        "combines": FieldType("truth"), "refund": FieldType("text", choices=("restore", "forfeit")),
        "partial_refund": FieldType("text", choices=("share", "reprice")),
    },
    "now": PARTS,
}  # fmt: skip
"""What fields hold that aren't an event's."""

_OF_FUNCTIONS: Mapping[str, FieldType] = {
    "count": _COUNT, "distinct": _COUNT, "share": FieldType("number", 0, 1),
    "sum": FieldType("number"), "average": FieldType("number"),
}  # fmt: skip
_SAME = frozenset({"min", "max", "latest", "first"})
"""Functions that come to one of the values that they are of."""

_LUNAR_DAY = re.compile(r"(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|30)")
_UTC = ZoneInfo("UTC")

ORDERS = ("at_least", "at_most", "above", "below")
"""The operators that ask for a place in an order."""

_ORDERED = re.compile(r"[-+]?[0-9][0-9.:/TtZz +-]*")
"""Numbers, days and times, whole or in part, as texts."""

_LIKE: Mapping[FieldKind, tuple[str, str]] = {
    "number": ("no number", "3"),
    "money": ("no number", "59元"),
    "instant": ("no day or time", "2026-09-01 or 2026-09-01T20:00"),
    "day": ("no day", "2026-09-01"),
    "birthday": ("no birthday", "1992-03-05 or 03-05"),
    "lunar_day": ("no day of the lunar calendar", "08-15"),
    "truth": ("neither true nor false", "true"),
}


def measured_type(function: str, argument: FieldType | None) -> FieldType | None:
    """What a measure comes to, whose argument is of this type; None if that is unknown."""
    if argument is not None and argument.kind == "money" and function in MONEY_FUNCTIONS:
        return FieldType("money", argument.least)
    if function in _SAME:
        return argument if argument is None or argument.kind != "parts" else None
    return _OF_FUNCTIONS[function]


def check_constants(node: Node, name: str, held: FieldType | None, source: Source) -> None:
    """Report the constants of a comparison that what is called `name` never is, and two that exclude each other."""
    for key in OPERATORS:
        right = node.get(key)
        if right is None or key == "exists":
            continue
        for value in right.items or (right,):
            if _is_constant(value):
                check_constant(value, name, held, source, key)
            if held is not None and held.kind == "money":
                _check_unit(value, source)
    if held is not None and not held.many:
        _check_bounds(node, source)


def check_constant(value: Node, name: str, held: FieldType | None, source: Source, operator: str = "is") -> None:
    """Report a constant that a field of this type never is, or never is above or below."""
    given, text = value.value, value.text
    if held is None:
        if operator in ("before", "after") and (text is None or as_instant(text, _UTC) is None):
            source.report(value, "E015", _no_date(given))
        _check_order(value, operator, source)
        return
    if held.kind == "parts":
        source.report(value, "E015", f"{name} has parts, and is no single value; name one of them")
    elif held.choices and text not in held.choices:
        there = did_you_mean(text or "", held.choices) or f"; there are {', '.join(held.choices)}"
        source.report(value, "E014", f"{name} is never {quoted(given)}{there}")
    elif not _fits(given, held):
        if held.kind == "text":
            message = f"{quoted(given)} is no text, and {name} is always one; put it in quotes"
        else:
            what, example = _LIKE[held.kind]
            message = f"{quoted(given)} is {what}, and {name} is always one; write it like {example}"
        source.report(value, "E015", message)
    elif held.kind == "text":
        _check_order(value, operator, source)
    elif held.kind in ("number", "money") and not _is_reached(operator, _number(given, held), held):
        source.report(value, "E063", f"{name} is never like that; {_span_words(held)}")


def _check_order(value: Node, operator: str, source: Source) -> None:
    """Report a text that has no place in an order, though what it is compared with may be any text."""
    text = value.text
    if operator not in ORDERS or text is None or parse_money(text) is not None:
        return
    if not any(form.fullmatch(text.strip()) for form in (_ORDERED, Duration.PATTERN, LIKE_MONEY)):
        message = (
            f"nothing is more or less than {quoted(text)}; write a number, an amount, a day or a time, like 3 or 59元"
        )
        source.report(value, "E063", message)


def _check_unit(amount: Node, source: Source) -> None:
    """Warn of an amount of money without its unit: it is fen, which few mean."""
    given = amount.value
    if isinstance(given, int | float) and not isinstance(given, bool) and given:
        message = f"{given} is {given / 100:.2f}元 here; write an amount of money like {given}元"
        source.report(amount, "W008", message, "warning")


def _is_constant(value: Node) -> bool:
    """A scalar that isn't a field's name by mistake, which is told elsewhere."""
    if value.value is None or isinstance(value.value, dict | list):
        return False
    return not (value.bare and FIELD.fullmatch(value.text or ""))


def _fits(given: Any, held: FieldType) -> bool:
    """Whether a field of this kind can hold such a value."""
    match held.kind:
        case "number" | "money":
            # amounts that can't be read are told as such
            unreadable = held.kind == "money" and isinstance(given, str) and re.search(r"\d", given) is not None
            return _number(given, held) is not None or unreadable
        case "truth":
            return isinstance(given, bool)
        case "text":
            return isinstance(given, str)
        case "lunar_day":
            return isinstance(given, str) and _LUNAR_DAY.fullmatch(given) is not None
        case "birthday" if isinstance(given, str) and re.fullmatch(DAY_OF_ANY_YEAR, given):
            return _is_day(f"{LEAP_YEAR}-{given.removeprefix('--')}")
    return isinstance(given, str) and as_instant(given, _UTC) is not None


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _number(given: Any, held: FieldType) -> float | None:
    if isinstance(given, str):
        return parse_money(given) if held.kind == "money" else None
    return None if isinstance(given, bool) else given


def _is_reached(operator: str, number: float | None, held: FieldType) -> bool:
    """Whether some number that the field can hold compares like this."""
    least = held.least if held.least is not None else float("-inf")
    most = held.most if held.most is not None else float("inf")
    if number is None:
        return True
    match operator:
        case "at_least":
            return number <= most
        case "above":
            return number < most
        case "at_most":
            return number >= least
        case "below":
            return number > least
    return least <= number <= most


def _span_words(held: FieldType) -> str:
    def shown(number: float) -> str:
        return money_words(round(number)) if held.kind == "money" else f"{number:g}"

    if held.least is None or held.most is None:
        return f"it is {shown(held.least or 0)} or more"
    return f"it goes from {shown(held.least)} to {shown(held.most)}"


def _no_date(given: Any) -> str:
    return f"{quoted(given)} is no day or time; write it like {_LIKE['instant'][1]}"


_LOWER: Mapping[str, str] = {"at_least": "{} or more", "above": "above {}", "after": "after {}"}
_UPPER: Mapping[str, str] = {"at_most": "{} or less", "below": "below {}", "before": "before {}"}


def _check_bounds(node: Node, source: Source) -> None:
    """Report an upper bound that lies below a lower one, so that nothing is between them."""
    for low, low_words in _LOWER.items():
        for high, high_words in _UPPER.items():
            left, right = node.get(low), node.get(high)
            if left is None or right is None:
                continue
            dated = low == "after" or high == "before"
            least, most = _comparable(left.value, dated=dated), _comparable(right.value, dated=dated)
            if least is None or most is None or least < most or (least == most and _touch(low, high)):
                continue
            words = low_words.format(left.value), high_words.format(right.value)
            source.report(right, "E063", f"nothing is at once {words[0]} and {words[1]}")


def _touch(low: str, high: str) -> bool:
    """Whether one value can fulfil both, if they name the same."""
    return low == "at_least" and high == "at_most"


def _comparable(value: Any, *, dated: bool) -> float | None:
    """Where a constant lies in the order of its kind; None if it is none, or of another kind."""
    if dated:
        instant = as_instant(value, _UTC)
        return instant.timestamp() if instant else None
    if isinstance(value, str):
        return parse_money(value)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
