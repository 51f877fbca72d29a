"""`wait_for`: an event of the customer, or what comes back about a step, or else the end of its time."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from workflows.source.diagnostics import did_you_mean, quoted
from workflows.source.tree import Node
from workflows.terms.conditions import EventCondition
from workflows.terms.fields import Scope, check_customer_event, check_event
from workflows.terms.values import Duration, Frozen
from workflows.terms.wording import Wording
from workflows.terms.written import EventPattern, Name
from workflows.verbs.base import Decision, Path, Position, Step, StepSpec
from workflows.verbs.flow import Flow, State, joined, span_of

if TYPE_CHECKING:
    from workflows.verbs.base import AnySpec

RECEIPTS = {
    "clicked": "message.clicked",
    "delivered": "message.delivered",
    "read": "message.read",
    "replied": "message.replied",
    "redeemed": "coupon.redeemed",
    "done": "todo.done",
}


def _waited(decision: Decision, say: Wording) -> str:
    happened = decision.value == "happened"
    zh = f"步骤 {decision.step} {'等到了' if happened else '等待超时'}"
    return say.pick(zh, f"step {decision.step}: {'it happened' if happened else 'timed out'}")


class WaitFor(Step):
    """Waits for an event of the customer, or, with `of`, for a receipt of that step's message or todo."""

    verb: Literal["wait_for"] = "wait_for"
    condition: EventCondition
    of: str | None = None
    within: Duration
    then: Path | None = None
    otherwise: Path | None = None

    noun = ("等待事件", "wait for an event")
    shape = '{{"{}"}}'
    waits = True
    activity = "arrive"
    field_names = {
        "condition": ("等待的事件", "what it waits for"),
        "of": ("所指的步骤", "the step it is about"),
        "within": ("等待时间", "the time to wait"),
    }
    trail = {"waited": _waited}

    @property
    def awaited(self) -> EventCondition | None:
        return self.condition

    def ways(self) -> Sequence[Path | None]:
        return self.then, self.otherwise

    def after(self, result: str) -> Path | None:
        return self.then if result == "happened" else self.otherwise

    def words(self, say: Wording) -> str:
        what = say.event(self.condition.event, self.condition.where)
        if self.of:
            what = say.pick(f"步骤 `{self.of}` 的 {what}", f"{what} of step `{self.of}`")
        span = say.span(self.within)
        return say.pick(f"等待 {what}，最多 {span}", f"wait for {what}, at most {span}")

    def branches_in_words(self, say: Wording) -> Sequence[tuple[str, Path | None]]:
        span = say.span(self.within)
        missed = say.pick(f"{span}内没有发生", f"not within {span}")
        return [(say.pick("发生了", "it happened"), self.then), (missed, self.otherwise)]


class Receipt(Frozen):
    """What comes back about a step of this enrollment: exactly one key, naming the step."""

    clicked: Name | None = None
    delivered: Name | None = None
    read: Name | None = None
    replied: Name | None = None
    redeemed: Name | None = None
    done: Name | None = None

    @property
    def about(self) -> tuple[str, str]:
        """The key and the step."""
        return next((key, step) for key in RECEIPTS if (step := getattr(self, key)) is not None)


def _awaited(value: Any) -> str | None:
    if not isinstance(value, Mapping):
        return None
    present = [key for key in ("event", *RECEIPTS) if key in value]
    return ("<event>" if present == ["event"] else "<receipt>") if len(present) == 1 else None


class WaitForStep(StepSpec):
    verb: ClassVar = "wait_for"

    id: Name
    wait_for: Annotated[
        Annotated[EventPattern, Tag("<event>")] | Annotated[Receipt, Tag("<receipt>")],
        Discriminator(
            _awaited,
            custom_error_type="E018",
            custom_error_message=f"wait_for has exactly one of event, {', '.join(RECEIPTS)}",
        ),
    ]
    within: Duration
    then: tuple["AnySpec", ...] = ()
    otherwise: tuple["AnySpec", ...] = Field((), alias="else")

    def compiled(self, position: Position) -> WaitFor:
        condition, of = self._condition()
        then, otherwise = position.firsts["then"], position.firsts["else"]
        return WaitFor(
            **position.fields(self), condition=condition, of=of, within=self.within, then=then, otherwise=otherwise
        )

    def _condition(self) -> tuple[EventCondition, str | None]:
        if isinstance(self.wait_for, EventPattern):
            return self.wait_for.compiled(), None
        receipt, step = self.wait_for.about
        return EventCondition(event=RECEIPTS[receipt]), step

    def branches(self) -> Mapping[str, Sequence[StepSpec]]:
        return {"then": self.then, "else": self.otherwise}

    @classmethod
    def branches_in(cls, step: Node) -> Sequence[Node | None]:
        return step.get("then"), step.get("else")

    @classmethod
    def check(cls, step: Node, scope: Scope, state: State, flow: Flow) -> State | None:
        awaited = step.entries["wait_for"]
        if "event" in awaited.entries:
            check_event(awaited, scope)
            check_customer_event(awaited.get("event"), scope)
        for receipt in RECEIPTS:
            about = awaited.get(receipt)
            if about is not None and about.text is not None:
                _check_receipt(receipt, about, about.text, state, flow)
        span = span_of(step.get("within"))
        timed_out = flow.passing(step.entries["within"], state, state.elapsed + span) if span is not None else state
        return joined([flow.sequence(step.get("then"), state), flow.sequence(step.get("else"), timed_out)])


def _check_receipt(receipt: str, node: Node, about: str, state: State, flow: Flow) -> None:
    step = flow.named.get(about)
    if step is None:
        flow.source.report(node, "E030", f"unknown step {quoted(about)}{did_you_mean(about, flow.named)}")
        return
    verbs = flow.verbs(step)
    if receipt == "redeemed":
        wanted, gives = "a step with a coupon", any(verb.campaign_in(step) is not None for verb in verbs)
    else:
        giving = next(verb for verb in flow.specs.values() if receipt in verb.receipts)
        wanted, gives = f"a {giving.verb}", any(receipt in verb.receipts for verb in verbs)
    if not gives:
        flow.source.report(node, "E031", f"step {quoted(about)} can never be {receipt}: it is not {wanted}")
    elif about not in state.passed:
        flow.source.report(node, "E031", f"step {quoted(about)} is not before this one, on any way to it")
