"""`tag` and `untag`: a tag of the customer."""

from typing import ClassVar, Literal

from pydantic import Field

from workflows.source.diagnostics import quoted
from workflows.source.tree import Node
from workflows.terms.fields import check_tag_given
from workflows.terms.scope import Scope
from workflows.terms.values import Duration
from workflows.terms.wording import Wording
from workflows.terms.written import Text
from workflows.verbs.base import Position, Step, StepSpec


class SetTag(Step):
    """Tags the customer (for a span, if one is given) or, with `remove`, takes the tag off."""

    verb: Literal["tag"] = "tag"
    tag: str
    keep: Duration | None = None
    remove: bool = False

    noun = ("标签", "tag")
    field_names = {
        "tag": ("标签", "its tag"),
        "keep": ("保留时间", "how long it is kept"),
        "remove": ("是打上还是去掉", "its remove"),
    }
    trail = {
        "tag": lambda it, say: say.pick(f"打上标签「{it.value}」", f"tagged “{it.value}”"),
        "untag": lambda it, say: say.pick(f"去掉标签「{it.value}」", f"tag “{it.value}” removed"),
    }
    visible = ("tag", "untag")

    def words(self, say: Wording) -> str:
        if self.remove:
            return say.pick(f"去掉标签「{self.tag}」", f"remove tag “{self.tag}”")
        kept = say.pick(f"，保留 {say.span(self.keep)}", f" for {say.span(self.keep)}") if self.keep else ""
        return say.pick(f"打上标签「{self.tag}」", f"add tag “{self.tag}”") + kept


class TagStep(StepSpec):
    verb: ClassVar = "tag"

    tag: Text
    keep: Duration | None = Field(None, alias="for")

    def compiled(self, position: Position) -> SetTag:
        return SetTag(**position.fields(self), tag=self.tag, keep=self.keep)

    @classmethod
    def check_alone(cls, step: Node, scope: Scope) -> None:
        check_tag(step.get("tag"), scope)


class UntagStep(StepSpec):
    verb: ClassVar = "untag"

    untag: Text

    def compiled(self, position: Position) -> SetTag:
        return SetTag(**position.fields(self), tag=self.untag, remove=True)

    @classmethod
    def check_alone(cls, step: Node, scope: Scope) -> None:
        check_tag(step.get("untag"), scope)
        check_tag_given(step.get("untag"), scope)


def check_tag(node: Node | None, scope: Scope) -> None:
    """What a rule keeps, no step may set."""
    if node is not None and node.text is not None and scope.references and node.text in scope.references.ruled:
        message = f"the tag {quoted(node.text)} is kept by its rule in _tags.yaml; a step can't set or remove it"
        scope.source.report(node, "E062", message)
