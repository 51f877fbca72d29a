"""`todo`: a task for a sales guide."""

from typing import ClassVar, Literal

from workflows.terms.values import Duration
from workflows.terms.wording import Wording
from workflows.terms.written import Name, Text
from workflows.verbs.base import Position, Step, StepSpec


class AssignTodo(Step):
    verb: Literal["todo"] = "todo"
    text: str
    assign: str
    due: Duration

    noun = ("任务", "todo")
    field_names = {
        "text": ("内容", "its text"),
        "assign": ("负责人", "whom it is assigned to"),
        "due": ("完成期限", "its due time"),
    }
    trail = {"todo": lambda it, say: say.pick(f"派出任务 {it.value}", f"todo {it.value} assigned")}
    visible = ("todo",)

    def words(self, say: Wording) -> str:
        span = say.span(self.due)
        whom = "专属导购" if self.assign == "owner" else self.assign
        zh = f"给 {whom} 派任务「{self.text}」，{span}内完成"
        return say.pick(zh, f"assign to {self.assign}: “{self.text}”, due in {span}")


class TodoStep(StepSpec):
    verb: ClassVar = "todo"
    receipts: ClassVar = frozenset({"done"})

    id: Name
    todo: Text
    assign: Text
    due: Duration

    def compiled(self, position: Position) -> AssignTodo:
        return AssignTodo(**position.fields(self), text=self.todo, assign=self.assign, due=self.due)
