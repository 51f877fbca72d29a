"""`if` and `choose`: the first branch whose condition holds."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field

from workflows.source.tree import Node
from workflows.terms.conditions import Condition
from workflows.terms.fields import check_condition
from workflows.terms.scope import Scope
from workflows.terms.values import Frozen
from workflows.terms.wording import Wording
from workflows.verbs.base import Decision, Path, Position, Step, StepSpec
from workflows.verbs.changes import Changes
from workflows.verbs.flow import Flow, State

if TYPE_CHECKING:
    from workflows.verbs.base import AnySpec


def _branch(decision: Decision, say: Wording) -> str:
    place = say.pick("否则", "else") if decision.value == "else" else decision.value
    zh = f"步骤 {decision.step} 走分支「{place}」"
    return say.pick(zh, f"step {decision.step} took the branch “{place}”")


class Branch(Frozen):
    label: str
    when: Condition
    first: Path | None = None


class Decide(Step):
    verb: Literal["decide"] = "decide"
    branches: tuple[Branch, ...]
    otherwise: Path | None = None

    noun = ("判断", "decision")
    shape = '{{"{}"}}'
    trail = {"branch": _branch}

    def ways(self) -> Sequence[Path | None]:
        return [*(branch.first for branch in self.branches), self.otherwise]

    def after(self, result: str) -> Path | None:
        return next((branch.first for branch in self.branches if branch.label == result), self.otherwise)

    def words(self, say: Wording) -> str:
        return say.pick("判断", "decide")

    def in_short(self, say: Wording) -> str:
        conditions = (say.condition(branch.when) for branch in self.branches)
        asked = (say.pick(f" 如果 {each}", f" if {each}") for each in conditions)
        return self.words(say) + say.pick("，否则", ", else").join(asked)

    def branches_in_words(self, say: Wording) -> Sequence[tuple[str, Path | None]]:
        conditions = [
            (say.pick(f"如果 {say.condition(each.when)}", f"if {say.condition(each.when)}"), each.first)
            for each in self.branches
        ]
        return [*conditions, (say.pick("否则", "otherwise"), self.otherwise)]

    def changes(self, new: Self, label: str, changes: Changes) -> Iterator[str]:
        say = changes.say
        before, after = ({each.label: say.condition(each.when) for each in step.branches} for step in (self, new))
        for branch in dict.fromkeys([*before, *after]):
            which = say.pick(f"{label}：条件", f"{label}: the condition")
            if branch != "then":
                which = say.pick(f"{label}：分支 {branch} 的条件", f"{which} of branch {branch}")
            yield from changes.changed(which, before.get(branch, ""), after.get(branch, ""))


class IfStep(StepSpec):
    verb: ClassVar = "if"

    condition: Condition = Field(alias="if")
    then: tuple["AnySpec", ...]
    otherwise: tuple["AnySpec", ...] = Field((), alias="else")

    def compiled(self, position: Position) -> Decide:
        then = Branch(label="then", when=self.condition, first=position.firsts["then"])
        return Decide(**position.fields(self), branches=(then,), otherwise=position.firsts["else"])

    def branches(self) -> Mapping[str, Sequence[StepSpec]]:
        return {"then": self.then, "else": self.otherwise}

    @classmethod
    def branches_in(cls, step: Node) -> Sequence[Node | None]:
        return step.get("then"), step.get("else")

    @classmethod
    def check(cls, step: Node, scope: Scope, state: State, flow: Flow) -> State | None:
        check_condition(step.get("if"), scope)
        return super().check(step, scope, state, flow)


class Case(Frozen):
    when: Condition
    steps: tuple["AnySpec", ...]


class ChooseStep(StepSpec):
    verb: ClassVar = "choose"

    choose: tuple[Case, ...] = Field(min_length=1)
    otherwise: tuple["AnySpec", ...] = Field((), alias="else")

    def compiled(self, position: Position) -> Decide:
        cases = tuple(
            Branch(label=str(number), when=case.when, first=position.firsts[str(number)])
            for number, case in enumerate(self.choose, 1)
        )
        return Decide(**position.fields(self), branches=cases, otherwise=position.firsts["else"])

    def branches(self) -> Mapping[str, Sequence[StepSpec]]:
        return {**{str(number): case.steps for number, case in enumerate(self.choose, 1)}, "else": self.otherwise}

    @classmethod
    def branches_in(cls, step: Node) -> Sequence[Node | None]:
        return [*(case.get("steps") for case in step.below("choose")), step.get("else")]

    @classmethod
    def check(cls, step: Node, scope: Scope, state: State, flow: Flow) -> State | None:
        for case in step.below("choose"):
            check_condition(case.get("when"), scope)
        return super().check(step, scope, state, flow)
