"""The grammar of a journey's YAML. What is written here is all that a journey can say.

Tags of unions are in angle brackets, which tells them from keys in the place of an error.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, StrictInt, Tag, model_validator
from pydantic_core import PydanticCustomError

from workflows.plan.model import Active, Channel, Expires
from workflows.terms.conditions import Condition
from workflows.terms.limits import Limits
from workflows.terms.values import Duration, Frozen, TextForm

_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
RECEIPTS = {
    "clicked": "message.clicked",
    "delivered": "message.delivered",
    "read": "message.read",
    "replied": "message.replied",
    "redeemed": "coupon.redeemed",
    "done": "todo.done",
}


def _named(pattern: str, hint: str) -> BeforeValidator:
    def check(value: Any) -> Any:
        if isinstance(value, str) and not re.fullmatch(pattern, value):
            raise PydanticCustomError("E015", "not {hint}", {"hint": hint})
        return value

    return BeforeValidator(check)


Name = Annotated[str, _named(r"[^\W\d][\w-]{0,63}", "a name: a letter first, then letters, digits, `_` and `-`")]
Variant = Annotated[str, _named(r"[\w-]{1,64}", "a variant's name: letters, digits, `_` and `-`")]
Text = Annotated[str, Field(min_length=1, max_length=1000)]


def _has(*keys: str) -> Any:
    """Tells the forms of a union of mappings by the key that only one of them has."""

    def form(value: Any) -> str | None:
        if not isinstance(value, Mapping):
            return None
        found = [key for key in keys if key in value]
        return f"<{found[0]}>" if len(found) == 1 else None

    return form


class EventPattern(Frozen):
    """An event of the customer, and what must hold of it."""

    event: Text
    where: Condition | None = None


class Schedule(TextForm):
    """`every day at 09:00`, `every monday at 10:00`, `on 春节 -3d at 10:00`; local to the policy's timezone."""

    PATTERN = re.compile(
        rf"(?:every\s+(?:day|(?P<weekday>{'|'.join(WEEKDAYS)}))|on\s+(?P<festival>\S+?)(?:\s+(?P<offset>[+-]\d{{1,3}})d)?)"
        rf"\s+at\s+(?P<at>{_CLOCK})"
    )
    HINT = "a schedule; write `every day at 09:00`, `every monday at 10:00` or `on 春节 -3d at 10:00`"

    at: str
    weekday: str | None = None
    festival: str | None = None
    offset: int = 0


class ScheduleTrigger(Frozen):
    schedule: Schedule
    for_each: Annotated[
        str, _named(r"near_expiry_lot|birthday|segment:\S.*", "known; write near_expiry_lot, birthday or segment:NAME")
    ]
    where: Condition | None = None


Trigger = Annotated[
    Annotated[EventPattern, Tag("<event>")] | Annotated[ScheduleTrigger, Tag("<schedule>")],
    Discriminator(
        _has("event", "schedule"),
        custom_error_type="E018",
        custom_error_message="a trigger has exactly one of event, schedule",
    ),
]


class Again(TextForm):
    PATTERN = re.compile(r"(?P<kind>never|always|restart)|after\s+(?P<after>\S+(?:\s*[mhdw])?)")
    HINT = "an answer to who may enter again; write never, always, restart or `after 30d`"

    kind: Literal["never", "always", "restart", "after"] = "after"
    after: Duration | None = None


class Entry(Frozen):
    again: Again
    per: tuple[Text, ...] = ("customer",)
    cohort: Annotated[
        Literal[1] | None, Field(description="1: each customer has a run of their own, however many enter at once")
    ] = None


class Goal(EventPattern):
    within: Duration


class Clock(TextForm):
    PATTERN = re.compile(rf"until\s+(?:day\s+(?P<day>\d{{1,4}})\s+at\s+)?(?P<clock>{_CLOCK})")
    HINT = "a wait; write `1h`, `until 10:00` or `until day 3 at 10:00`"

    clock: str
    day: int | None = None


class Moment(Frozen):
    """The instant that a field holds, or a span before or after it."""

    field: Text
    minus: Duration | None = None
    plus: Duration | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.minus and self.plus:
            raise PydanticCustomError("E041", "`minus` and `plus` exclude each other")
        return self


def _moment(value: Any) -> Any:
    if isinstance(value, str):
        raise PydanticCustomError("E015", "not a field; write `{field: …}`, or a time of day as `wait: until 10:00`")
    return value


class Until(Frozen):
    until: Annotated[Moment, BeforeValidator(_moment)]


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


class _Step(Frozen):
    id: Name | None = None


class SendStep(_Step):
    id: Name
    send: Text
    via: tuple[Channel, ...] = Field(min_length=1)
    coupon: Text | None = None
    without_coupon: Literal["skip", "send"] | None = None
    expires: Expires | None = None
    kind: Literal["marketing", "transactional"] = "marketing"
    data: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _no_coupon(self) -> Self:
        if self.without_coupon and not self.coupon:
            raise PydanticCustomError("E041", "`without_coupon` says what to do without `coupon`, but there is none")
        return self


def _wait_form(value: Any) -> str:
    if isinstance(value, Mapping | Until):
        return "<until>"
    return "<clock>" if isinstance(value, Clock) or str(value).lstrip().startswith("until") else "<span>"


class WaitStep(_Step):
    wait: Annotated[
        Annotated[Duration, Tag("<span>")] | Annotated[Clock, Tag("<clock>")] | Annotated[Until, Tag("<until>")],
        Discriminator(_wait_form),
    ]


def _awaited(value: Any) -> str | None:
    if not isinstance(value, Mapping):
        return None
    found = [key for key in ("event", *RECEIPTS) if key in value]
    return ("<event>" if found == ["event"] else "<receipt>") if len(found) == 1 else None


class WaitForStep(_Step):
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
    then: tuple["Step", ...] = ()
    otherwise: tuple["Step", ...] = Field((), alias="else")


class IfStep(_Step):
    condition: Condition = Field(alias="if")
    then: tuple["Step", ...]
    otherwise: tuple["Step", ...] = Field((), alias="else")


class Case(Frozen):
    when: Condition
    steps: tuple["Step", ...]


class ChooseStep(_Step):
    choose: tuple[Case, ...] = Field(min_length=1)
    otherwise: tuple["Step", ...] = Field((), alias="else")


class Arm(Frozen):
    variant: Variant
    weight: Annotated[StrictInt, Field(ge=0, le=100)]
    steps: tuple["Step", ...]


class SplitStep(_Step):
    id: Name
    split: tuple[Arm, ...] = Field(min_length=1)


class CouponStep(_Step):
    coupon: Text


class TodoStep(_Step):
    id: Name
    todo: Text
    assign: Text
    due: Duration


class TagStep(_Step):
    tag: Text
    keep: Duration | None = Field(None, alias="for")


class UntagStep(_Step):
    untag: Text


class WebhookStep(_Step):
    id: Name
    webhook: Text
    data: dict[str, Any] = Field(default_factory=dict)


class StopStep(_Step):
    stop: Text


STEPS: dict[str, type[_Step]] = {
    "send": SendStep,
    "wait": WaitStep,
    "wait_for": WaitForStep,
    "if": IfStep,
    "choose": ChooseStep,
    "split": SplitStep,
    "coupon": CouponStep,
    "todo": TodoStep,
    "tag": TagStep,
    "untag": UntagStep,
    "webhook": WebhookStep,
    "stop": StopStep,
}
VERBS = tuple(STEPS)


def verbs_of(keys: Mapping[str, Any]) -> list[str]:
    """The verbs among a step's keys; beside `send`, `coupon` is not one."""
    found = [verb for verb in VERBS if verb in keys]
    return [verb for verb in found if verb != "coupon"] if "send" in found else found


def _verb(value: Any) -> str | None:
    if isinstance(value, Mapping):
        found = verbs_of(value)
        return f"<{found[0]}>" if len(found) == 1 else None
    return next((f"<{verb}>" for verb, model in STEPS.items() if type(value) is model), None)


Step = Annotated[
    Annotated[SendStep, Tag("<send>")]
    | Annotated[WaitStep, Tag("<wait>")]
    | Annotated[WaitForStep, Tag("<wait_for>")]
    | Annotated[IfStep, Tag("<if>")]
    | Annotated[ChooseStep, Tag("<choose>")]
    | Annotated[SplitStep, Tag("<split>")]
    | Annotated[CouponStep, Tag("<coupon>")]
    | Annotated[TodoStep, Tag("<todo>")]
    | Annotated[TagStep, Tag("<tag>")]
    | Annotated[UntagStep, Tag("<untag>")]
    | Annotated[WebhookStep, Tag("<webhook>")]
    | Annotated[StopStep, Tag("<stop>")],
    Discriminator(_verb, custom_error_type="E016", custom_error_message=f"a step has one of {', '.join(VERBS)}"),
]


class Journey(Frozen):
    """A journey as it is written."""

    journey: Name
    name: Text | None = None
    trigger: Trigger
    audience: Condition | None = None
    active: Active | None = None
    entry: Entry
    exit: tuple[EventPattern, ...] = ()
    goal: Goal | None = None
    policy: Limits | None = None
    steps: tuple[Step, ...] = Field(min_length=1)


for _model in (WaitForStep, IfStep, Case, ChooseStep, Arm, SplitStep, Journey):
    _model.model_rebuild()
