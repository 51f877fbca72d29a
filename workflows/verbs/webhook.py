"""`webhook`: tells another system."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from workflows.source.diagnostics import did_you_mean, quoted
from workflows.source.tree import Node
from workflows.terms.scope import Scope
from workflows.terms.wording import Wording
from workflows.terms.written import Name, Text
from workflows.verbs.base import Decision, Position, Step, StepSpec
from workflows.verbs.flow import Flow, State


def _called(decision: Decision, say: Wording) -> str:
    name, reason = decision.value, decision.reason
    if reason:
        return say.pick(f"通知外部系统 {name} 失败：{reason}", f"calling {name} failed: {reason}")
    return say.pick(f"通知外部系统 {name}", f"called {name}")


class CallWebhook(Step):
    """Tells another system; `webhook` is the name that the settings know it by."""

    verb: Literal["webhook"] = "webhook"
    webhook: str
    data: dict[str, Any] = Field(default_factory=dict)

    noun = ("通知外部系统", "webhook")
    field_names = {"webhook": ("外部系统", "its webhook"), "data": ("数据", "its data")}
    trail = {"webhook": _called}
    visible = ("webhook",)
    reasons = {
        "unknown_webhook": ("没有配置这个外部系统", "no such webhook is configured"),
        "private_address": ("其地址不是公网地址", "it isn't on the public internet"),
        "no_such_host": ("找不到其地址", "its host can't be found"),
        "no_connection": ("无法连接", "nothing answers there"),
        "timeout": ("没有及时回应", "it didn't answer in time"),
        "broken_off": ("连接中断", "the connection broke off"),
        "too_large": ("内容太大", "there is too much to say"),
    }

    def words(self, say: Wording) -> str:
        return say.pick(f"通知外部系统 `{self.webhook}`", f"call webhook `{self.webhook}`")


class WebhookStep(StepSpec):
    verb: ClassVar = "webhook"

    id: Name
    webhook: Text
    data: dict[str, Any] = Field(default_factory=dict)

    def compiled(self, position: Position) -> CallWebhook:
        return CallWebhook(**position.fields(self), webhook=self.webhook, data=self.data)

    @classmethod
    def check(cls, step: Node, scope: Scope, state: State, flow: Flow) -> State | None:
        node, references = step.entries["webhook"], scope.references
        if node.text is not None and references is not None and node.text not in references.webhooks:
            known = references.webhooks
            hint = did_you_mean(node.text, known) or "; its address and secret go into AFTERSHOW_WEBHOOKS"
            scope.source.report(node, "E040", f"unknown webhook {quoted(node.text)}{hint}")
        return state
