"""Checking the data of an event against the catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from domain.catalogue.types import CATALOGUE

_NULL_CLEARS = frozenset({"customer.registered", "customer.updated"})


@dataclass(frozen=True)
class FieldError:
    """What is wrong with a field of an event's data.

    `field` is dotted and relative to `data` (`items.0.price`; empty for `data` itself), `reason` a stable code
    (`missing`, `wrong_type`, `out_of_range`, `not_allowed`, `bad_date`, `bad_time`, `bad_timezone`), `detail` plain
    words that never repeat the value.
    """

    field: str
    reason: str
    detail: str = ""


def validate(type: str, data: Mapping[str, Any]) -> list[FieldError]:
    """Everything that is wrong with the data of an event. Unknown types and unknown fields are taken as they are."""
    event_type = CATALOGUE.get(type)
    if event_type is None:
        return []
    try:
        event_type.model.model_validate(data)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=True, include_input=False)
        return [
            FieldError(".".join(map(str, error_details["loc"])), *_explain(error_details)) for error_details in errors
        ]
    return []


def as_stored(type: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data as it is stored: without nulls, where the type is known and a null doesn't clear a customer's field."""
    if type not in CATALOGUE or type in _NULL_CLEARS:
        return dict(data)
    return {name: _without_nulls(value) for name, value in data.items() if value is not None}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(part) for name, part in value.items() if part is not None}
    return [_without_nulls(part) for part in value] if isinstance(value, list) else value


def _explain(error: ErrorDetails) -> tuple[str, str]:
    context = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return "missing", "is required"
        case "string_type":
            return "wrong_type", "must be text"
        case "int_type":
            return "wrong_type", "must be a whole number, not text, a fraction or a truth value"
        case "float_type":
            return "wrong_type", "must be a number"
        case "list_type":
            return "wrong_type", "must be a list"
        case "model_type" | "model_attributes_type" | "dict_type":
            return "wrong_type", "must be an object"
        case "literal_error":
            return "not_allowed", f"must be one of {context['expected']}"
        case "string_too_short":
            return "out_of_range", "must not be empty"
        case "string_too_long":
            return "out_of_range", f"must have at most {context['max_length']} characters"
        case "greater_than_equal":
            return "out_of_range", f"must be at least {context['ge']}"
        case "less_than_equal":
            return "out_of_range", f"must be at most {context['le']}"
        case "bad_date" | "bad_time" | "bad_timezone" as reason:
            return reason, error["msg"]
    return "wrong_type", "has a wrong value"
