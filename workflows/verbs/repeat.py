"""`repeat`: steps that are done several times over. A plan holds each round's steps, known as `weekly#2.remind`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from workflows.source.tree import Node
from workflows.terms.conditions import Condition
from workflows.terms.fields import Scope, check_condition
from workflows.terms.wording import Wording
from workflows.terms.written import Name
from workflows.verbs.base import Decision, Path, Position, Step, StepSpec
from workflows.verbs.flow import Flow, State
from workflows.verbs.wait import Clock

if TYPE_CHECKING:
    from workflows.verbs.base import AnySpec

AGAIN, OVER = "again", "over"


def _round(decision: Decision, say: Wording) -> str:
    if decision.value == OVER:
        return say.pick(f"步骤 {decision.step} 不再重复", f"step {decision.step} isn't done again")
    return say.pick(f"步骤 {decision.step} 开始", f"step {decision.step} begins")


class Repeat(Step):
    """The beginning of a round; `until` is asked of all but the first. `rejoined` is where the round leads on to."""

    verb: Literal["repeat"] = "repeat"
    times: int
    until: Condition | None = None
    first: Path | None = None
    onward: Path | None = None

    noun = ("重复", "repeat")
    shape = '{{"{}"}}'
    field_names = {"times": ("次数", "how often"), "until": ("结束重复的条件", "when it ends")}
    trail = {"round": _round}

    @property
    def rejoined(self) -> Path | None:
        return self.onward

    def ways(self) -> Sequence[Path | None]:
        return self.first, self.next

    def after(self, result: str) -> Path | None:
        return self.next if result == OVER else self.first

    def words(self, say: Wording) -> str:
        until = (
            say.pick(f"，直到 {say.condition(self.until)}", f", until {say.condition(self.until)}")
            if self.until
            else ""
        )
        return say.pick(f"重复 {self.times} 次", f"repeat {self.times} times") + until

    def branches_in_words(self, say: Wording) -> Sequence[tuple[str, Path | None]]:
        return [(say.pick("每次", "each time"), self.first), (say.pick("之后", "afterwards"), self.next)]


class RepeatStep(StepSpec):
    verb: ClassVar = "repeat"

    id: Name
    repeat: int = Field(ge=1, le=100)
    until: Condition | None = None
    steps: tuple["AnySpec", ...] = Field(min_length=1)

    @property
    def rounds(self) -> int:
        return self.repeat

    @property
    def asks_again(self) -> bool:
        return self.until is not None

    def compiled(self, position: Position) -> Repeat:
        return Repeat(
            **position.fields(self), times=self.repeat, until=self.until,
            first=position.firsts["do"], onward=position.firsts["again"],
        )  # fmt: skip

    def branches(self) -> Mapping[str, Sequence[StepSpec]]:
        return {"do": self.steps}

    @classmethod
    def branches_in(cls, step: Node) -> Sequence[Node | None]:
        return (step.get("steps"),)

    @classmethod
    def rounds_in(cls, step: Node) -> int:
        times = step.entries["repeat"].plain
        return times if isinstance(times, int) and 1 <= times <= 100 else 1

    @classmethod
    def check(cls, step: Node, scope: Scope, state: State, flow: Flow) -> State | None:
        check_condition(step.get("until"), scope)
        waits = list(_waits(step.get("steps"), flow))
        texts = {wait.text for wait in waits}
        if cls.rounds_in(step) > 1 and len(texts) == 1 and Clock.PATTERN.fullmatch((waits[0].text or "").strip()):
            words = "a round but the first begins when this time has come, and waits for nothing"
            flow.source.report(waits[0], "W009", f"{words}; put a wait in front of it, like `wait: 1d`", "warning")
        after = flow.sequence(step.get("steps"), state)
        if after is None:
            return None
        return State(after.elapsed, state.passed, after.coupon)


def _waits(steps: Node | None, flow: Flow) -> Iterator[Node]:
    """What the steps wait for, at any depth."""
    for step in steps.items if steps is not None else ():
        for verb in flow.verbs(step):
            if verb.verb in ("wait", "wait_for"):
                yield step.entries[verb.verb]
            for branch in verb.branches_in(step):
                yield from _waits(branch, flow)
