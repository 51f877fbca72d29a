"""Which parts there are: those that have a module in `workflows/plays/parts`."""

from collections.abc import Mapping
from functools import reduce
from importlib import import_module
from inspect import isclass
from operator import or_
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Discriminator, Tag

from workflows.plays import parts
from workflows.plays.base import Part

_MODULES = [import_module(f"{parts.__name__}.{module.name}") for module in iter_modules(parts.__path__)]

PARTS: Mapping[str, type[Part]] = {
    value.part: value
    for module in _MODULES
    for value in vars(module).values()
    if isclass(value) and issubclass(value, Part) and value.__module__ == module.__name__
}
"""The parts, by the keys that they are known by."""


def _part(value: Any) -> str | None:
    if isinstance(value, Mapping):
        present = [part for part in PARTS if part in value]
        return f"<{present[0]}>" if len(present) == 1 else None
    return f"<{value.part}>" if isinstance(value, Part) else None


if TYPE_CHECKING:
    AnyPart = Part
else:
    AnyPart = Annotated[
        reduce(or_, (Annotated[kind, Tag(f"<{name}>")] for name, kind in PARTS.items())),
        Discriminator(
            _part,
            custom_error_type="E018",
            custom_error_message=f"a part has exactly one of {', '.join(PARTS)}",
        ),
    ]
    for _kind in PARTS.values():
        _kind.model_rebuild(_types_namespace={"AnyPart": AnyPart})
