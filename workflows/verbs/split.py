"""`split`: each customer gets one of several variants, and keeps it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, StrictInt

from workflows.source.diagnostics import quoted
from workflows.source.tree import Node
from workflows.terms.scope import Scope
from workflows.terms.values import Frozen
from workflows.terms.wording import Wording
from workflows.terms.written import Name, matching
from workflows.verbs.base import Decision, Path, Position, Step, StepSpec
from workflows.verbs.changes import Changes

if TYPE_CHECKING:
    from workflows.verbs.base import AnySpec

Variant = Annotated[str, matching(r"[\w-]{1,64}", "a variant's name: letters, digits, `_` and `-`")]


def _variant(decision: Decision, say: Wording) -> str:
    zh = f"步骤 {decision.step} 分到「{decision.value}」"
    return say.pick(zh, f"step {decision.step} gave the variant “{decision.value}”")


class PlannedArm(Frozen):
    variant: str
    weight: int
    first: Path | None = None


class Split(Step):
    verb: Literal["split"] = "split"
    arms: tuple[PlannedArm, ...]
    winner: Literal["auto"] | None = None
    """`auto`: a variant that is judged better takes over."""

    noun = ("分流", "split")
    shape = '{{"{}"}}'
    trail = {"variant": _variant}

    def ways(self) -> Sequence[Path | None]:
        return [arm.first for arm in self.arms]

    def after(self, result: str) -> Path | None:
        return next((arm.first for arm in self.arms if arm.variant == result), self.next)

    def words(self, say: Wording) -> str:
        arms = " / ".join(f"{arm.variant} {arm.weight}%" for arm in self.arms)
        takes_over = say.pick("，胜出的一组接手所有新进入的人", ", the winner gets all who enter from then on")
        return say.pick("分流", "split") + f" {arms}" + (takes_over if self.winner else "")

    def branches_in_words(self, say: Wording) -> Sequence[tuple[str, Path | None]]:
        return [(f"`{arm.variant}` {arm.weight}%", arm.first) for arm in self.arms]

    def changes(self, new: Self, label: str, changes: Changes) -> Iterator[str]:
        was, now = (", ".join(f"{arm.variant} {arm.weight}%" for arm in each.arms) for each in (self, new))
        yield from changes.changed(changes.say.pick(f"{label}：分流", f"{label}: the split"), was, now)
        by = {
            None: changes.say.pick("由人决定", "somebody decides"),
            "auto": changes.say.pick("自动接手", "takes over"),
        }
        winner = changes.say.pick(f"{label}：胜出的一组", f"{label}: the winner")
        yield from changes.changed(winner, by[self.winner], by[new.winner])


class Arm(Frozen):
    variant: Variant
    weight: Annotated[StrictInt, Field(ge=0, le=100)]
    steps: tuple["AnySpec", ...]


class SplitStep(StepSpec):
    verb: ClassVar = "split"

    id: Name
    split: tuple[Arm, ...] = Field(min_length=1)
    winner: Literal["auto"] | None = None

    def compiled(self, position: Position) -> Split:
        arms = tuple(
            PlannedArm(variant=arm.variant, weight=arm.weight, first=position.firsts[arm.variant]) for arm in self.split
        )
        return Split(**position.fields(self), arms=arms, winner=self.winner)

    def branches(self) -> Mapping[str, Sequence[StepSpec]]:
        return {arm.variant: arm.steps for arm in self.split}

    @classmethod
    def branches_in(cls, step: Node) -> Sequence[Node | None]:
        return [arm.get("steps") for arm in step.below("split")]

    @classmethod
    def check_alone(cls, step: Node, scope: Scope) -> None:
        arms = step.below("split")
        weights = [weight.value for arm in arms if (weight := arm.get("weight"))]
        if arms and len(weights) == len(arms) and all(type(weight) is int for weight in weights):
            total = sum(weight for weight in weights if isinstance(weight, int))
            if total != 100:
                scope.source.report(step.keys["split"], "E032", f"the weights sum to {total}, not to 100")
        names: set[str] = set()
        for arm in arms:
            variant = arm.get("variant")
            if variant is not None and variant.text is not None:
                if variant.text in names:
                    scope.source.report(variant, "E033", f"variant {quoted(variant.text)} is named twice")
                names.add(variant.text)
