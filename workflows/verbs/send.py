"""`send`: a message to the customer, over the first channel that may and can deliver it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from workflows.source.diagnostics import did_you_mean, quoted
from workflows.source.tree import Node
from workflows.terms.channels import CHANNELS, Channel
from workflows.terms.fields import check_event_type, check_field
from workflows.terms.operands import FieldRef
from workflows.terms.scope import Scope
from workflows.terms.values import Duration, Frozen, Window
from workflows.terms.wording import Wording
from workflows.terms.written import Name, Text
from workflows.verbs.base import Decision, Position, Step, StepSpec
from workflows.verbs.flow import Flow, State

_GIVEN = frozenset({"customer", "trigger", "data", "shop", "measure", "lot", "stream"})


def _expiry_form(value: Any) -> str:
    return "<field>" if isinstance(value, Mapping | FieldRef) else "<span>"


Expires = Annotated[
    Annotated[Duration, Tag("<span>")] | Annotated[FieldRef, Tag("<field>")], Discriminator(_expiry_form)
]
"""When a message is of no use any more: a span after its step began, or the instant that a field holds."""


class EventList(Frozen):
    """The customer's events of a type, newest first: `{events: product.viewed, within: 1h, at_most: 5}`."""

    events: Text
    within: Window | None = None
    at_most: int = Field(10, ge=1, le=100)


def _data_form(value: Any) -> str:
    if isinstance(value, EventList) or (isinstance(value, Mapping) and "events" in value):
        return "<events>"
    is_field = isinstance(value, FieldRef) or (isinstance(value, Mapping) and set(value) == {"field"})
    return "<field>" if is_field else "<value>"


DataValue = Annotated[
    Annotated[EventList, Tag("<events>")] | Annotated[FieldRef, Tag("<field>")] | Annotated[Any, Tag("<value>")],
    Discriminator(_data_form),
]
"""What a step hands to its text: a list of events, what a field holds, or a value as it is written."""


def _held(decision: Decision, say: Wording) -> str:
    if decision.until is None:
        return say.pick(f"{decision.value} 暂缓发送：{decision.reason}", f"{decision.value} held: {decision.reason}")
    until = f"{decision.until:%Y-%m-%d %H:%M}"
    return say.pick(f"{decision.value} 暂缓到 {until} 再发送", f"{decision.value} held until {until}")


def _reworded(decision: Decision, say: Wording) -> str:
    zh = f"{decision.value} 里有不宜照抄到消息里的内容（太长、链接、括号或看不见的字符），已去掉"
    en = f"{decision.value} is written without what doesn't belong into a message: it is too long, or holds links"
    return say.pick(zh, f"{en}, brackets or unseen characters")


def _settled(decision: Decision, say: Wording) -> str:
    went = decision.value != "failed"
    zh = f"后来查明，步骤 {decision.step} 的消息{'已经送出' if went else '没有送出'}"
    return say.pick(zh, f"step {decision.step}: found out later that it was {'sent' if went else 'not sent'}")


class Send(Step):
    verb: Literal["send"] = "send"
    template: str
    via: tuple[Channel, ...]
    coupon: str | None = None
    without_coupon: Literal["skip", "send"] = "skip"
    expires: Expires | None = None
    kind: Literal["marketing", "transactional"] = "marketing"
    data: dict[str, DataValue] = Field(default_factory=dict)

    noun = ("发送", "send")
    field_names = {
        "template": ("模板", "its template"),
        "via": ("发送渠道", "the way it goes"),
        "coupon": ("优惠券", "its coupon"),
        "without_coupon": ("发不出券时的做法", "what happens without a coupon"),
        "expires": ("时效", "its expiry"),
        "kind": ("类别", "its kind"),
        "data": ("数据", "its data"),
    }
    trail = {
        "sent": lambda it, say: say.pick(
            f"发送 {it.value}，经{say.channel(it.via or '')}", f"sent {it.value} by {it.via}"
        ),
        "held": _held,
        "unknown": lambda it, say: say.pick(f"{it.value} 是否送出不明", f"whether {it.value} was sent is unknown"),
        "failed": lambda it, say: say.pick(
            f"发送 {it.value} 失败：{it.reason}", f"sending {it.value} failed: {it.reason}"
        ),
        "reworded": _reworded,
        "settled": _settled,
    }
    visible = ("sent", "held", "unknown", "failed")
    reasons = {
        "expired": ("已过时效", "it is of no use any more"),
        "no_consent": ("客户没有同意接收", "the customer hasn't consented"),
        "unreachable": ("没有可送达的渠道", "no channel reaches the customer"),
        "capped": ("已达发送上限", "as many messages as the caps allow were sent"),
        "out_of_stock": ("已售罄", "sold out"),
        "coupon_refused": ("发不出优惠券", "no coupon could be given"),
        "text": ("文案填不出来", "its text can't be made"),
        "provider": ("服务商暂时不接收", "the provider takes nothing for now"),
        "settled_by_hand": ("人工核实后登记", "settled by hand"),
        "worker_lost": ("发送途中工作进程中断", "the worker was lost while the provider was called"),
        "restored": ("可能在恢复备份所丢失的时间里已发出", "it may have gone in the time that a restore has lost"),
    }

    @property
    def campaign_given(self) -> str | None:
        return self.coupon

    @property
    def texts(self) -> Sequence[tuple[str, Channel]]:
        return [(self.template, channel) for channel in self.via]

    @property
    def urgent(self) -> bool:
        return self.kind == "transactional"

    def words(self, say: Wording) -> str:
        via = say.pick("，否则", ", else ").join(map(say.channel, self.via))
        words = say.pick(f"发送 `{self.template}`，经{via}", f"send `{self.template}` by {via}")
        if self.coupon:
            words += say.pick(f"，附优惠券{say.coupon(self.coupon)}", f", with coupon {say.coupon(self.coupon)}")
            if self.without_coupon == "send":
                words += say.pick("（发不出券也发送）", " (sent without it, too)")
        if self.kind == "transactional":
            words += say.pick("，服务通知", ", transactional")
        if self.expires:
            after = (
                f"{say.field(self.expires.field)} " if isinstance(self.expires, FieldRef) else say.span(self.expires)
            )
            words += say.pick(f"，{after}后不再发送", f", dropped after {after.rstrip()}")
        return words


class SendStep(StepSpec):
    verb: ClassVar = "send"
    covers: ClassVar = frozenset({"coupon"})
    receipts: ClassVar = frozenset({"clicked", "delivered", "read", "replied"})

    id: Name
    send: Text
    via: tuple[Channel, ...] = Field(min_length=1)
    coupon: Text | None = None
    without_coupon: Literal["skip", "send"] | None = None
    expires: Expires | None = None
    kind: Literal["marketing", "transactional"] = "marketing"
    data: dict[str, DataValue] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _no_coupon(self) -> Self:
        if self.without_coupon and not self.coupon:
            raise PydanticCustomError("E041", "`without_coupon` says what to do without `coupon`, but there is none")
        return self

    def compiled(self, position: Position) -> Send:
        return Send(
            **position.fields(self),
            template=self.send,
            via=self.via,
            coupon=self.coupon,
            without_coupon=self.without_coupon or "skip",
            expires=self.expires,
            kind=self.kind,
            data=self.data,
        )

    @classmethod
    def campaign_in(cls, step: Node) -> Node | None:
        return step.get("coupon")

    @classmethod
    def check(cls, step: Node, scope: Scope, state: State, flow: Flow) -> State | None:
        expires = step.get("expires")
        if expires is not None:
            check_field(expires.get("field"), scope)
        data = step.get("data")
        for value in data.entries.values() if data is not None else ():
            if "events" in value.entries:
                check_event_type(value.get("events"), scope)
            elif value.entries.keys() == {"field"}:
                check_field(value.get("field"), scope)
        template, references = step.entries["send"], scope.references
        if references is None or template.text is None:
            return state
        channels = references.templates.get(template.text)
        if channels is None:
            hint = did_you_mean(template.text, references.templates)
            scope.source.report(template, "E023", f"unknown template {quoted(template.text)}{hint}")
            return state
        given = _GIVEN & ({"data", "shop", "measure"} | flow.scope.roots) | ({"coupon"} if state.coupon else set())
        for via in step.entries["via"].items if "via" in step.entries else ():
            if via.text in CHANNELS and via.text not in channels:
                message = f"template {quoted(template.text)} has no text for {via.text}"
                scope.source.report(via, "E024", f"{message}; it has {', '.join(sorted(channels)) or 'none at all'}")
            used = references.variables.get((template.text, via.text or ""), frozenset())
            for name in sorted(used - given):
                message = f"nothing provides {quoted(name)}, which the {via.text} text of {quoted(template.text)} uses"
                scope.source.report(template, "E039", message)
        return state
