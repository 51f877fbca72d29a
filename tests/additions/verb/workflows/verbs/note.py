"""`note`: writes something down about the customer, so many times."""

from typing import ClassVar, Literal

from pydantic import Field

from workflows.source.tree import Node
from workflows.terms.scope import Scope
from workflows.terms.wording import Wording
from workflows.terms.written import Text
from workflows.verbs.base import Position, Step, StepSpec
from workflows.verbs.flow import Flow, State


class Note(Step):
    verb: Literal["note"] = "note"
    note: str
    times: int = 1

    noun = ("备注", "note")
    field_names = {"note": ("备注内容", "what is noted")}
    trail = {"note": lambda it, say: say.pick(f"记下「{it.value}」", f"noted “{it.value}”: {it.reason}")}
    visible = ("note",)
    reasons = {"by_hand": ("人工", "written by hand")}

    def words(self, say: Wording) -> str:
        return say.pick(f"备注「{self.note}」{self.times} 次", f"note “{self.note}” × {self.times}")


class NoteStep(StepSpec):
    verb: ClassVar = "note"

    note: Text
    times: int = Field(1, ge=1)

    def compiled(self, position: Position) -> Note:
        return Note(**position.fields(self), note=self.note, times=self.times)

    @classmethod
    def check(cls, step: Node, scope: Scope, state: State, flow: Flow) -> State | None:
        if step.entries["note"].text == "TODO":
            scope.source.report(step.entries["note"], "E015", "this says nothing")
        return state
