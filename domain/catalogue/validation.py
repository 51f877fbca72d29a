"""Checking the data of an event against the catalogue."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from domain.catalogue.data import Data
from domain.catalogue.types import CATALOGUE
from workflows.terms.quantities import number_of, quantity_of

_Path = tuple[int | str, ...]

_NULL_CLEARS = frozenset({"customer.registered", "customer.updated"})


@dataclass(frozen=True)
class FieldError:
    """What is wrong with a field of an event's data.

    `field` is dotted and relative to `data` (`items.0.price`; empty for `data` itself), `reason` a stable code
    (`missing`, `wrong_type`, `out_of_range`, `not_allowed`, `bad_date`, `bad_time`, `bad_timezone`, `too_fine`), and
    `detail` plain words that never repeat the value.
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


@dataclass(frozen=True)
class Leniency:
    """Data as it can be taken, what of it was set aside, and what is still wrong, for which the event is refused."""

    data: Mapping[str, Any]
    warnings: Sequence[FieldError] = ()
    errors: Sequence[FieldError] = ()


def make_lenient(type: str, data: Mapping[str, Any]) -> Leniency:
    """Take the data of an event as far as it goes.

    A number given for a text is taken as its text, and a quantity is rounded to three places. An optional field that is
    wrong is set aside, and so is an element of an optional list. A required one, or one whose absence would mean
    something else (`Data.binding`), is an error.
    """
    event_type = CATALOGUE.get(type)
    if event_type is None:
        return Leniency(data)
    warnings: list[FieldError] = []
    while True:
        try:
            event_type.model.model_validate(data)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_context=True, include_input=True)
        else:
            return Leniency(data, sorted(warnings, key=lambda warning: warning.field))
        data, errors, removed = deepcopy(dict(data)), [], set[_Path]()
        for fault in reversed(faults):  # the last elements of a list first, so that the others keep their places
            value, path = fault["input"], fault["loc"]
            if any(path[:length] in removed for length in range(1, len(path))):
                continue
            if fault["type"] == "string_type" and isinstance(value, int | float) and not isinstance(value, bool):
                _put(data, path, _as_text(value))
                continue
            if fault["type"] == "too_fine":
                _put(data, path, number_of(quantity_of(value)))
                warnings.append(FieldError(".".join(map(str, path)), "too_fine", "was rounded to three places"))
                continue
            field_error = FieldError(".".join(map(str, path)), *_explain(fault))
            loose = _loose_part(event_type.model, path)
            if loose is None:
                errors.append(field_error)
            else:
                warnings.append(field_error)
                removed.add(loose)
                _remove(data, loose)
        if errors:
            return Leniency(data, errors=errors[::-1])


def _as_text(number: float) -> str:
    return str(int(number)) if isinstance(number, float) and number.is_integer() else str(number)


def _loose_part(model: type[Data], path: _Path) -> _Path | None:
    """The smallest part around what is wrong that the data can do without; None if there is none."""
    loose: _Path | None = None
    for depth, name in enumerate(path):
        if isinstance(name, int):
            loose = path[: depth + 1] if loose is not None else None
            continue
        info = model.model_fields[name]
        if name in model.binding:
            return None
        if not info.is_required():
            loose = path[: depth + 1]
        model = _element_of(info.annotation) or model
    return loose


def _element_of(annotation: Any) -> type[Data] | None:
    if isinstance(annotation, type) and issubclass(annotation, Data):
        return annotation
    return next(filter(None, map(_element_of, get_args(annotation))), None)


def _put(data: Any, path: _Path, value: Any) -> None:
    for name in path[:-1]:
        data = data[name]
    data[path[-1]] = value


def _remove(data: Any, path: _Path) -> None:
    for name in path[:-1]:
        data = data[name]
    del data[path[-1]]


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
        case "too_long":
            return "out_of_range", f"must have at most {context['max_length']} entries"
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
        case "bad_date" | "bad_time" | "bad_timezone" | "too_fine" as reason:
            return reason, error["msg"]
    return "wrong_type", "has a wrong value"
