"""`set`: fields of the customer."""

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from workflows.source.diagnostics import quoted, slip_of
from workflows.source.tree import Node
from workflows.terms.constants import check_constant
from workflows.terms.fields import DERIVED, RANKED, check_field, described_of_customers, type_of
from workflows.terms.operands import FieldRef, Operand
from workflows.terms.scope import Scope
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
            f"{say.field(f'customer.{name}')} = {say.field(value.field) if isinstance(value, FieldRef) else value}"
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
        fields = step.entries["set"]
        for name, value in fields.entries.items():
            check_field(value.get("field"), scope)
            held = type_of(f"customer.{name}", scope)
            if held is not None and held.kind == "parts" and not value.entries:
                scope.source.report(value, "E015", f"{name} has parts, and is no single value; write {{field: …}}")
            elif not value.entries and not value.items:
                check_constant(value, name, held, scope.source)
            described = described_of_customers(scope)
            if name not in described and (meant := slip_of(name, described)):
                message = f"a customer has no field {quoted(name)}; did you mean {quoted(meant)}?"
                scope.source.report(fields.keys[name], "E027", message)
