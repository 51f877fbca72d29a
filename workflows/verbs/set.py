"""`set`: fields of the customer."""

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from workflows.source.tree import Node
from workflows.terms.fields import DERIVED, RANKED, Scope, check_field
from workflows.terms.operands import FieldRef, Operand
from workflows.terms.wording import Wording
from workflows.terms.written import Name
from workflows.verbs.base import Position, Step, StepSpec

RESERVED = (*DERIVED, *sorted(RANKED), "timezone")
"""Fields that are worked out of orders, and one that all times go by."""


class SetFields(Step):
    """Sets fields of the customer, each to a value or to what another field holds; a missing one sets nothing."""

    verb: Literal["set"] = "set"
    fields: dict[str, Operand]

    noun = ("设置字段", "set")
    field_names = {"fields": ("字段", "its fields")}
    trail = {"set": lambda it, say: say.pick(f"设置字段 {it.value}", f"set the field {it.value}")}

    def words(self, say: Wording) -> str:
        assignments = say.pick("，", ", ").join(
            f"`customer.{name}` = {f'`{value.field}`' if isinstance(value, FieldRef) else value}"
            for name, value in self.fields.items()
        )
        return say.pick(f"设置 {assignments}", f"set {assignments}")


def _settable(name: str) -> str:
    if name in RESERVED:
        raise PydanticCustomError("E015", "not a field that a journey can set")
    return name


class SetStep(StepSpec):
    verb: ClassVar = "set"

    fields: dict[Annotated[Name, AfterValidator(_settable)], Operand] = Field(alias="set", min_length=1)

    def compiled(self, position: Position) -> SetFields:
        return SetFields(**position.fields(self), fields=self.fields)

    @classmethod
    def check_alone(cls, step: Node, scope: Scope) -> None:
        for value in step.entries["set"].entries.values():
            check_field(value.get("field"), scope)
