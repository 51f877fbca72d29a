"""`wait_for`: an event of the customer, or what comes back about a step, or else the end of its time."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from workflows.source.diagnostics import did_you_mean, quoted
from workflows.source.tree import Node
from workflows.terms.conditions import EventCondition
from workflows.terms.fields import check_customer_event, check_event
from workflows.terms.scope import Scope
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


HAPPENED, TIMED_OUT = "happened", "timed_out"


def _waited(decision: Decision, say: Wording) -> str:
    if decision.value == TIMED_OUT:
        return say.pick(f"步骤 {decision.step} 等待超时", f"step {decision.step}: timed out")
    which = "" if decision.value == HAPPENED else decision.value
    zh = f"步骤 {decision.step} 等到了{f'「{_named(which, say)}」' if which else ''}"
    return say.pick(zh, f"step {decision.step}: {which or 'it'} happened")


def _named(choice: str, say: Wording) -> str:
    """What is waited for by this name: an event, or what a receipt tells of."""
    return say.happening(RECEIPTS.get(choice, choice)) if say.lang == "zh" else choice


class Awaited(Frozen):
    """An event of the customer, or, with `of`, a receipt of that step's message or todo; and that outcome's name."""

    condition: EventCondition
    of: str | None = None
    name: str = HAPPENED


class WaitFor(Step):
    """Waits for an event or receipt, or for the first of `any`, of which those in `on` lead elsewhere than `then`."""

    verb: Literal["wait_for"] = "wait_for"
    condition: EventCondition | None = None
    of: str | None = None
    any: tuple[Awaited, ...] | None = None
    within: Duration
    then: Path | None = None
    otherwise: Path | None = None
    on: dict[str, Path | None] | None = None

    noun = ("等待事件", "wait for an event")
    shape = '{{"{}"}}'
    waits = True
    activity = "arrive"
    field_names = {
        "condition": ("等待的事件", "what it waits for"),
        "of": ("所指的步骤", "the step it is about"),
        "any": ("等待的事件", "what it waits for"),
        "within": ("等待时间", "the time to wait"),
    }
    trail = {"waited": _waited}

    @property
    def choices(self) -> Sequence[Awaited]:
        """What it waits for, whichever comes first."""
        return self.any or ((Awaited(condition=self.condition, of=self.of),) if self.condition else ())

    @property
    def awaited(self) -> Sequence[EventCondition]:
        return [choice.condition for choice in self.choices]

    def ways(self) -> Sequence[Path | None]:
        return self.then, *(self.on or {}).values(), self.otherwise

    def after(self, result: str) -> Path | None:
        if result == TIMED_OUT:
            return self.otherwise
        return (self.on or {}).get(result, self.then)

    def words(self, say: Wording) -> str:
        what = say.pick("，或者 ", " or ").join(_in_words(choice, say) for choice in self.choices)
        span = say.span(self.within)
        return say.pick(f"等待 {what}，最多 {span}", f"wait for {what}, at most {span}")

    def branches_in_words(self, say: Wording) -> Sequence[tuple[str, Path | None]]:
        span = say.span(self.within)
        missed = say.pick(f"{span}内没有发生", f"not within {span}")
        own = [(say.pick(f"{_named(name, say)}", f"{name} happened"), path) for name, path in (self.on or {}).items()]
        return [*own, (say.pick("发生了", "it happened"), self.then), (missed, self.otherwise)]


def _in_words(choice: Awaited, say: Wording) -> str:
    what = say.event(choice.condition.event, choice.condition.where)
    return say.pick(f"步骤 `{choice.of}` 的 {what}", f"{what} of step `{choice.of}`") if choice.of else what


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
    present = [key for key in ("any", "event", *RECEIPTS) if key in value]
    return {"any": "<any>", "event": "<event>"}.get(present[0], "<receipt>") if len(present) == 1 else None


One = Annotated[
    Annotated[EventPattern, Tag("<event>")] | Annotated[Receipt, Tag("<receipt>")],
    Discriminator(
        _awaited,
        custom_error_type="E018",
        custom_error_message=f"what is awaited has exactly one of event, {', '.join(RECEIPTS)}",
    ),
]


class AnyOf(Frozen):
    any: tuple[One, ...] = Field(min_length=1, max_length=20)


class WaitForStep(StepSpec):
    verb: ClassVar = "wait_for"

    id: Name
    wait_for: Annotated[
        Annotated[EventPattern, Tag("<event>")] | Annotated[Receipt, Tag("<receipt>")] | Annotated[AnyOf, Tag("<any>")],
        Discriminator(
            _awaited,
            custom_error_type="E018",
            custom_error_message=f"wait_for has exactly one of event, any, {', '.join(RECEIPTS)}",
        ),
    ]
    within: Duration
    then: tuple["AnySpec", ...] = ()
    on: dict[str, tuple["AnySpec", ...]] = Field(default_factory=dict)
    otherwise: tuple["AnySpec", ...] = Field((), alias="else")

    def compiled(self, position: Position) -> WaitFor:
        several = isinstance(self.wait_for, AnyOf)
        choices = [
            _choice(one, position)
            for one in (self.wait_for.any if isinstance(self.wait_for, AnyOf) else [self.wait_for])
        ]
        return WaitFor(
            **position.fields(self),
            condition=None if several else choices[0].condition,
            of=None if several else choices[0].of,
            any=tuple(choices) if several else None,
            within=self.within,
            then=position.firsts["then"],
            otherwise=position.firsts["else"],
            on={name: position.firsts[_label(name)] for name in self.on} or None,
        )

    def branches(self) -> Mapping[str, Sequence[StepSpec]]:
        own = {_label(name): steps for name, steps in self.on.items()}
        return {"then": self.then, **own, "else": self.otherwise}

    @classmethod
    def branches_in(cls, step: Node) -> Sequence[Node | None]:
        on = step.get("on")
        return step.get("then"), *(on.entries.values() if on else ()), step.get("else")

    @classmethod
    def steps_named_in(cls, step: Node) -> Iterator[Node]:
        awaited = step.entries["wait_for"]
        for choice in (awaited, *awaited.below("any")):
            yield from (choice.entries[receipt] for receipt in RECEIPTS if receipt in choice.entries)

    @classmethod
    def check(cls, step: Node, scope: Scope, state: State, flow: Flow) -> State | None:
        awaited, on = step.entries["wait_for"], step.get("on")
        several = awaited.get("any")
        choices = several.items if several else [awaited]
        for choice in choices:
            _check_choice(choice, scope, state, flow)
        names = {name for choice in choices for name in _names_in(choice)} if several else set()
        for name in on.entries if on else ():
            if name not in names:
                hint = did_you_mean(name, names) or "; `on` is about what `any` waits for"
                scope.source.report(on.keys[name] if on else step, "E014", f"{quoted(name)} is not awaited here{hint}")
        span = span_of(step.get("within"))
        timed_out = flow.passing(step.entries["within"], state, state.elapsed + span) if span is not None else state
        own = [flow.sequence(branch, state) for branch in (on.entries.values() if on else ())]
        return joined([flow.sequence(step.get("then"), state), *own, flow.sequence(step.get("else"), timed_out)])


def _label(name: str) -> str:
    """How the branch of an event is called in the paths of its steps, whose parts are set apart by points."""
    return f"on_{name.replace('.', '_')}"


def _choice(one: EventPattern | Receipt, position: Position) -> Awaited:
    if isinstance(one, EventPattern):
        return Awaited(condition=one.compiled(), name=one.event)
    receipt, step = one.about
    return Awaited(condition=EventCondition(event=RECEIPTS[receipt]), of=position.name_of(step), name=receipt)


def _names_in(choice: Node) -> Iterator[str]:
    event = choice.get("event")
    if event is not None and event.text is not None:
        yield event.text
    yield from (receipt for receipt in RECEIPTS if receipt in choice.entries)


def _check_choice(awaited: Node, scope: Scope, state: State, flow: Flow) -> None:
    if "event" in awaited.entries:
        check_event(awaited, scope)
        check_customer_event(awaited.get("event"), scope)
    for receipt in RECEIPTS:
        about = awaited.get(receipt)
        if about is not None and about.text is not None:
            _check_receipt(receipt, about, about.text, state, flow)


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
