"""A plan: one immutable, compiled version of a journey. Steps are keyed by path and say what follows them.

The plan travels in the workflow's input, so it holds no personal data and stays small. `semantics` names the version of
the interpreter's rules that it was compiled for.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from workflows.terms.conditions import Condition, EventCondition, FieldRef
from workflows.terms.limits import Limits
from workflows.terms.values import Day, Duration, Frozen

SEMANTICS = 1

Channel = Literal["sms", "wecom", "wechat"]
CHANNELS: tuple[Channel, ...] = ("sms", "wecom", "wechat")

Path = str
"""Where a step stands: its id, or its place (`3`), below the step and branch it belongs to (`answer.else.rescue`)."""


class EventTrigger(Frozen):
    event: str
    where: Condition | None = None


class ScheduleTrigger(Frozen):
    """`days` says on which local days it fires at `at`: every day, a weekday (0 is Monday), or near a festival."""

    at: str
    weekday: int | None = None
    festival: str | None = None
    offset_days: int = 0
    for_each: str
    where: Condition | None = None


class Entry(Frozen):
    """Re-entry: `again` is never, always, restart or after; `after` counts from the last entry.

    With `cohort` 1 each enrollment has a run of its own, however many enter at once.
    """

    again: Literal["never", "always", "restart", "after"]
    after: Duration | None = None
    per: tuple[str, ...] = ("customer",)
    cohort: Literal[1] | None = None


class Active(Frozen):
    """Local days of the policy's timezone, both included."""

    start: Day | None = Field(None, alias="from")
    until: Day | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.start and self.until and self.until < self.start:
            raise PydanticCustomError("E044", "`until` is before `from`, so that nobody could ever enter")
        return self


class Goal(Frozen):
    condition: EventCondition
    within: Duration


class _Step(Frozen):
    path: Path
    id: str | None = None
    next: Path | None = None

    @property
    def name(self) -> str:
        """What the world outside knows the step by: its id, else its path."""
        return self.id or self.path


def _expiry_form(value: Any) -> str:
    return "<field>" if isinstance(value, Mapping | FieldRef) else "<span>"


Expires = Annotated[
    Annotated[Duration, Tag("<span>")] | Annotated[FieldRef, Tag("<field>")], Discriminator(_expiry_form)
]
"""When a message is of no use any more: a span after its step began, or the instant that a field holds."""


class Send(_Step):
    verb: Literal["send"] = "send"
    template: str
    via: tuple[Channel, ...]
    coupon: str | None = None
    without_coupon: Literal["skip", "send"] = "skip"
    expires: Expires | None = None
    kind: Literal["marketing", "transactional"] = "marketing"
    data: dict[str, Any] = Field(default_factory=dict)


class Wait(_Step):
    """Exactly one form: `span`; `clock` (with `day` counted from the entry day, or the next such time); `field`."""

    verb: Literal["wait"] = "wait"
    span: Duration | None = None
    clock: str | None = None
    day: int | None = None
    field: str | None = None
    minus: Duration | None = None
    plus: Duration | None = None


class WaitFor(_Step):
    """Waits for an event of the customer, or, with `of`, for a receipt of that step's message or todo."""

    verb: Literal["wait_for"] = "wait_for"
    condition: EventCondition
    of: str | None = None
    within: Duration
    then: Path | None = None
    otherwise: Path | None = None


class Branch(Frozen):
    label: str
    when: Condition
    first: Path | None = None


class Decide(_Step):
    """`if` and `choose`: the first branch whose condition holds."""

    verb: Literal["decide"] = "decide"
    branches: tuple[Branch, ...]
    otherwise: Path | None = None


class Arm(Frozen):
    variant: str
    weight: int
    first: Path | None = None


class Split(_Step):
    verb: Literal["split"] = "split"
    arms: tuple[Arm, ...]


class IssueCoupon(_Step):
    verb: Literal["coupon"] = "coupon"
    campaign: str


class AssignTodo(_Step):
    verb: Literal["todo"] = "todo"
    text: str
    assign: str
    due: Duration


class SetTag(_Step):
    """Tags the customer (for a span, if one is given) or, with `remove`, takes the tag off."""

    verb: Literal["tag"] = "tag"
    tag: str
    keep: Duration | None = None
    remove: bool = False


class CallWebhook(_Step):
    """Tells another system; `webhook` is the name that the settings know it by."""

    verb: Literal["webhook"] = "webhook"
    webhook: str
    data: dict[str, Any] = Field(default_factory=dict)


class Stop(_Step):
    verb: Literal["stop"] = "stop"
    reason: str


Step = Annotated[
    Send | Wait | WaitFor | Decide | Split | IssueCoupon | AssignTodo | SetTag | CallWebhook | Stop,
    Field(discriminator="verb"),
]


class Plan(Frozen):
    semantics: int = SEMANTICS
    journey: str
    name: str
    trigger: EventTrigger | ScheduleTrigger
    audience: Condition | None = None
    active: Active | None = None
    entry: Entry
    exits: tuple[EventCondition, ...] = ()
    goal: Goal | None = None
    policy: Limits | None = None
    first: Path | None = None
    steps: dict[Path, Step]

    def after(self, path: Path, result: str) -> "Step | None":
        """The step that follows `path` when it came to `result`; None where the journey is at its end."""
        step = self.steps[path]
        match step:
            case WaitFor():
                following = step.then if result == "happened" else step.otherwise
            case Decide():
                following = next((b.first for b in step.branches if b.label == result), step.otherwise)
            case Split():
                following = next((a.first for a in step.arms if a.variant == result), step.next)
            case _:
                following = step.next
        return self.steps[following] if following is not None else None

    def listens_to(self) -> Iterator[str]:
        """The event types that can end or wake an enrollment of this plan."""
        if self.goal:
            yield self.goal.condition.event
        for condition in self.exits:
            yield condition.event
        for step in self.steps.values():
            if isinstance(step, WaitFor):
                yield step.condition.event
