"""The fields of the known event types, and the page of them for producers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from domain.catalogue.types import CATALOGUE, is_business
from domain.catalogue.wire import Words


@dataclass(frozen=True)
class _Described:
    name: str
    kind: str
    required: bool
    meaning: str


def _describe(model: type[BaseModel], prefix: str = "") -> Iterator[_Described]:
    hints = get_type_hints(model, include_extras=True)
    for name, info in model.model_fields.items():
        hint = _without_none(hints[name])
        yield _Described(f"{prefix}{name}", _kind(hint), info.is_required(), info.description or "")
        inner = get_args(hint)[0] if get_origin(hint) in (list, Annotated) else None
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _describe(inner, f"{prefix}{name}.")


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in (Union, UnionType):
        return next(alternative for alternative in get_args(hint) if alternative is not type(None))
    return hint


def _kind(hint: Any) -> str:
    if get_origin(hint) is list:
        return "list of objects"
    if get_origin(hint) is Literal:
        return ", ".join(f"`{annotation}`" for annotation in get_args(hint))
    return next(annotation.words for annotation in hint.__metadata__ if isinstance(annotation, Words))


FIELDS: Mapping[str, frozenset[str]] = {
    name: frozenset(described.name for described in _describe(event_type.model))
    for name, event_type in CATALOGUE.items()
}
"""The dotted names of the fields of each known type; those of a list's items stand beside it (`items.category`)."""

_INTRODUCTION = """\
# Events

Generated from the catalogue; don't edit. An event is sent to `POST /v1/events` as a CloudEvent 1.0; this page says
what its `data` holds.

- Fields that aren't listed are kept and can be asked for in conditions. Of a listed field that is wrong: a required one
  refuses the event; an optional one is set aside, and told in the answer's `warnings`. Where an optional field that is
  left out means something else (an amount, a step), a wrong one refuses the event, too.
- A number given for a text is taken as its text. NUL and half a surrogate pair become U+FFFD.
- Money is whole fen (`8900` is 89 元).
- `null` is the same as leaving a field out; only in `customer.registered` and `customer.updated` it clears the field.
- An event happened to the customer whom `data.customer` and `subject` name, or else to the business.
- Types that aren't listed are stored as they are, and can start journeys too; they happened to a customer.
"""


def document() -> str:
    """The page `docs/events.md`."""
    parts = [_INTRODUCTION]
    for name, event_type in CATALOGUE.items():
        about = "About the business." if is_business(name) else "About a customer."
        rows = [
            f"| `{field_row.name}` | {field_row.kind} | {'yes' if field_row.required else ''} | {field_row.meaning} |"
            for field_row in _describe(event_type.model)
        ]
        table = ["| field | value | required | meaning |", "| --- | --- | --- | --- |", *rows]
        parts.append("\n".join([f"## {name}", "", f"{event_type.meaning} {about}", "", *table, ""]))
    return "\n".join(parts)
