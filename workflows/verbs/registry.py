"""Which verbs there are: those that have a module in this folder."""

from collections.abc import Container, Iterator, Mapping
from functools import reduce
from importlib import import_module
from inspect import isclass
from operator import or_
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BaseModel, Discriminator, Field, Tag

from workflows import verbs
from workflows.verbs.base import DecisionWords, Step, StepSpec, verbs_among

T = TypeVar("T")

_MODULES = [import_module(f"{verbs.__name__}.{module.name}") for module in iter_modules(verbs.__path__)
            if __name__ != f"{verbs.__name__}.{module.name}"]  # fmt: skip


def _defined(kind: type[T]) -> Iterator[type[T]]:
    """The classes of this kind that the verbs define, in the order of the modules and their text."""
    for module in _MODULES:
        classes = (value for value in vars(module).values() if isclass(value) and issubclass(value, kind))
        yield from (each for each in classes if each.__module__ == module.__name__ and each not in _BASES)


_BASES = (Step, StepSpec)
STEPS: Mapping[str, type[Step]] = {step.model_fields["verb"].default: step for step in _defined(Step)}
"""The steps of plans, by their verbs."""
SPECS: Mapping[str, type[StepSpec]] = {spec.verb: spec for spec in _defined(StepSpec)}
"""The steps that can be written, by their verbs."""
VERBS = tuple(SPECS)
TRAIL: Mapping[str, DecisionWords] = {what: told for step in STEPS.values() for what, told in step.trail.items()}
"""How the decisions are told that verbs write in the trail, by their kinds."""


def verbs_of(keys: Container[str]) -> list[str]:
    """The verbs among a step's keys; beside `send`, `coupon` is not one."""
    return verbs_among(keys, SPECS)


def _verb(value: Any) -> str | None:
    if isinstance(value, Mapping):
        present = verbs_of(value)
        return f"<{present[0]}>" if len(present) == 1 else None
    return f"<{value.verb}>" if isinstance(value, StepSpec) else None


if TYPE_CHECKING:
    AnyStep = Step
    AnySpec = StepSpec
else:
    AnyStep = Annotated[reduce(or_, STEPS.values()), Field(discriminator="verb")]
    AnySpec = Annotated[
        reduce(or_, (Annotated[spec, Tag(f"<{verb}>")] for verb, spec in SPECS.items())),
        Discriminator(_verb, custom_error_type="E016", custom_error_message=f"a step has one of {', '.join(VERBS)}"),
    ]
    for _model in _defined(BaseModel):
        _model.model_rebuild(_types_namespace={"AnySpec": AnySpec})
