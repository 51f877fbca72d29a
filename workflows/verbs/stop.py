"""`stop`: the journey ends here."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from workflows.source.tree import Node
from workflows.terms.scope import Scope
from workflows.terms.wording import Wording
from workflows.terms.written import Text
from workflows.verbs.base import Path, Position, Step, StepSpec
from workflows.verbs.flow import Flow, State


class Stop(Step):
    verb: Literal["stop"] = "stop"
    reason: str

    noun = ("结束", "stop")
    shape = '(["{}"])'
    activity = "arrive"
    field_names = {"reason": ("原因", "the reason")}

    def ways(self) -> Sequence[Path | None]:
        return (None,)

    def words(self, say: Wording) -> str:
        return say.pick(f"结束：{self.reason}", f"stop: {self.reason}")


class StopStep(StepSpec):
    verb: ClassVar = "stop"

    stop: Text

    def compiled(self, position: Position) -> Stop:
        return Stop(path=position.path, id=self.id, next=None, reason=self.stop)

    @classmethod
    def check(cls, step: Node, scope: Scope, state: State, flow: Flow) -> State | None:
        return None
