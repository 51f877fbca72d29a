"""`if`: one way or another, by how many entered or by what came out on top."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from workflows.plays.base import Part, PlayScope
from workflows.source.diagnostics import did_you_mean, quoted
from workflows.source.tree import Node
from workflows.terms.values import Frozen
from workflows.terms.wording import Wording
from workflows.terms.written import Text

if TYPE_CHECKING:
    from workflows.plays.base import AnyPart


class Question(Frozen):
    """Of what was collected last: how many `entries` there are, or which option is on `top`."""

    entries_at_least: Annotated[int, Field(ge=1)] | None = None
    top: Text | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.entries_at_least is None) == (self.top is None):
            raise PydanticCustomError("E041", "it asks exactly one of `entries_at_least` and `top`")
        return self


class If(Part):
    part: ClassVar = "if"

    if_: Question = Field(alias="if")
    then: "tuple[AnyPart, ...]" = Field(min_length=1)
    else_: "tuple[AnyPart, ...]" = Field((), alias="else")

    def branches(self) -> Mapping[str, Sequence[Part]]:
        return {"then": self.then, "else": self.else_}

    def words(self, say: Wording) -> str:
        if self.if_.entries_at_least is not None:
            number = self.if_.entries_at_least
            return say.pick(f"如果至少有 {number} 份", f"if there are at least {number} entries")
        return say.pick(f"如果最高票是 {self.if_.top}", f"if {self.if_.top} is on top")

    @classmethod
    def check(cls, node: Node, scope: PlayScope) -> None:
        asked = node.entries["if"]
        top = asked.get("top")
        if not scope.needs_entries(node, "an `if`") or top is None:
            return
        options = scope.collected[-1].get("options")
        known = options.entries if options is not None else {}
        if top.text not in known:
            hint = did_you_mean(top.text or "", known) or (f"; there are {', '.join(known)}" if known else "")
            scope.report(top, "E070", f"there is no option {quoted(top.plain)}{hint}")
