"""What each filter of texts takes, and what it makes of it."""

from collections.abc import Mapping
from typing import Any

from domain.texts.shapes import ANY, NUMBER, TEXT, Shape

_OF_TEXTS = frozenset(
    {"capitalize", "e", "escape", "forceescape", "lower", "replace", "safe", "string", "striptags", "title", "trim",
     "truncate", "upper", "urlencode", "wordcount"}
)  # fmt: skip
_OF_LISTS = frozenset(
    {"first", "last", "join", "sum", "min", "max", "map", "sort", "unique", "reverse", "select", "reject",
     "selectattr", "rejectattr", "groupby", "list", "length", "count"}
)  # fmt: skip
LENIENT = frozenset({"default", "d"})
"""Filters that are there for what is missing."""

Problem = tuple[str, str]
"""A code, and what is said behind the filter's name."""


def filtered(
    name: str, operand: Shape, arguments: Mapping[str | int, Any], *, nonempty: bool
) -> tuple[Shape, Problem | None]:
    """What a filter gives, and what is wrong with its use. `arguments` are those written as constants."""
    if name in LENIENT:
        return operand.certain(), None
    if operand.kind in ("any", "json"):
        return _of_unknown(name, operand)
    if name == "yuan":
        return _scalar(operand, ("number", "money"), "takes an amount in fen, like trigger.total")
    if name == "when":
        return _scalar(operand, ("time",), "takes an instant, like stream.starts_at or coupon.expires_at")
    if name in _OF_TEXTS:
        if operand.kind in ("list", "record"):
            return ANY, ("E052", "takes a text, not a list or a mapping")
        return TEXT.optional(operand.missing), None
    if name in ("round", "abs"):
        return _scalar(operand, ("number", "money"), "takes a number", result=operand)
    if name in ("int", "float"):
        return NUMBER, None
    if name in _OF_LISTS:
        return _of_list(name, operand, arguments, nonempty)
    return ANY, None


def _of_unknown(name: str, operand: Shape) -> tuple[Shape, Problem | None]:
    if name == "when" and operand.kind == "json":
        return TEXT, ("E052", "takes an instant, and nobody has described this field as one")
    if name in _OF_TEXTS or name in ("yuan", "when", "join"):
        return TEXT, None
    if name in ("length", "count", "int", "float", "sum"):
        return NUMBER, None
    return operand if name in ("round", "abs") or name in _OF_LISTS else ANY, None


def _scalar(
    operand: Shape, kinds: tuple[str, ...], words: str, *, result: Shape = TEXT
) -> tuple[Shape, Problem | None]:
    if operand.kind not in kinds:
        return TEXT, ("E052", words)
    return result.optional(operand.missing), None


def _of_list(
    name: str, operand: Shape, arguments: Mapping[str | int, Any], nonempty: bool
) -> tuple[Shape, Problem | None]:
    if name in ("length", "count"):
        if operand.kind in ("list", "record", "text"):
            return NUMBER, None
        return NUMBER, ("E052", "counts a list or the characters of a text")
    if operand.kind == "text" and name in ("first", "last", "list", "reverse", "join", "unique", "sort"):
        return ANY, None
    if operand.kind != "list":
        return ANY, ("E052", "takes a list")
    item = operand.item or ANY
    attribute = arguments.get("attribute", arguments.get({"join": 1, "selectattr": 0, "rejectattr": 0, "sum": 0}.get(
        name, "attribute")))  # fmt: skip
    if isinstance(attribute, str) and item.kind == "record":
        first = attribute.split(".")[0]
        if first not in item.fields:
            known = ", ".join(sorted(item.fields)) or "none"
            return ANY, ("E027", f'asks for "{attribute}", which the items don\'t have; they have {known}')
        chosen = item.fields[first] if first == attribute else ANY
    else:
        chosen = None
    match name:
        case "first" | "last" | "min" | "max":
            return item.optional(not nonempty), None
        case "join":
            if (chosen or item).kind in ("record", "list"):
                return TEXT, ("E052", 'needs to know which field: join("、", attribute="name")')
            return TEXT, None
        case "sum":
            if (chosen or item).kind in ("record", "list", "text", "time"):
                return NUMBER, ("E052", 'adds numbers up: sum(attribute="price")')
            if (chosen or item).missing:
                return NUMBER, ("E052", 'adds up what can be missing; leave those out first: selectattr("price")')
            return chosen or item, None
        case "map":
            if chosen is not None:
                return Shape("list", item=chosen.optional("default" not in arguments and chosen.missing)), None
            return Shape("list", item=ANY), None
        case "groupby":
            return Shape("list", item=ANY), None
    return operand.certain(), None
