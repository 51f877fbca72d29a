"""`wait`: time passes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Discriminator, Tag, model_validator
from pydantic_core import PydanticCustomError

from workflows.source.tree import Node
from workflows.terms.fields import Scope, check_field
from workflows.terms.values import Duration, Frozen, TextForm, parse_time
from workflows.terms.wording import Wording
from workflows.terms.written import CLOCK, Text
from workflows.verbs.base import Position, Step, StepSpec
from workflows.verbs.changes import Changes
from workflows.verbs.flow import Flow, State, span_of

MOVED_BY: Mapping[str, Sequence[str]] = {
    "stream": ("stream.scheduled", "stream.started", "stream.cancelled"),
    "lot": ("lot.received",),
}
"""The events that move the instants of a show or a lot."""


class Wait(Step):
    """Exactly one form: `span`; `clock` (with `day` counted from the entry day, or the next such time); `field`.

    One that `moves` is for an instant of the journey's show or lot, and is over when that is, as it is by then.
    """

    verb: Literal["wait"] = "wait"
    span: Duration | None = None
    clock: str | None = None
    day: int | None = None
    field: str | None = None
    minus: Duration | None = None
    plus: Duration | None = None
    moves: Literal[True] | None = None

    noun = ("等待", "wait")
    waits = True
    activity = "arrive"
    reasons = {"no_time": ("等待的时间不存在", "there is no such time to wait for")}

    @property
    def early(self) -> bool:
        return not self.moves

    @property
    def follows(self) -> Sequence[str]:
        return MOVED_BY[(self.field or "").partition(".")[0]] if self.moves else ()

    def words(self, say: Wording) -> str:
        if self.span:
            return say.pick(f"等待 {say.span(self.span)}", f"wait {say.span(self.span)}")
        if self.field:
            words = f"`{self.field}`"
            shift = self.minus or self.plus
            if shift:
                span, before = say.span(shift), self.minus is not None
                words = say.pick(
                    f"{words} {'前' if before else '后'} {span}", f"{span} {'before' if before else 'after'} {words}"
                )
            return say.pick(f"等到 {words}", f"wait until {words}")
        if self.day is not None:
            return say.pick(f"等到第 {self.day} 天 {self.clock}", f"wait until day {self.day} {self.clock}")
        return say.pick(f"等到 {self.clock}", f"wait until {self.clock}")

    def changes(self, new: Self, label: str, changes: Changes) -> Iterator[str]:
        say = changes.say
        was, now = self.words(say).replace("`", ""), new.words(say).replace("`", "")
        if was == now:
            return
        if self.span and new.span:
            yield changes.span(label, self.span, new.span)
            return
        words = say.pick(f"{label}由「{was}」改为「{now}」", f"{label} changes from “{was}” to “{now}”")
        yield words + changes.kept(say.pick("原来的", "the old one"))


class Clock(TextForm):
    PATTERN = re.compile(rf"until\s+(?:day\s+(?P<day>\d{{1,4}})\s+at\s+)?(?P<clock>{CLOCK})")
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


def _wait_form(value: Any) -> str:
    if isinstance(value, Mapping | Until):
        return "<until>"
    return "<clock>" if isinstance(value, Clock) or str(value).lstrip().startswith("until") else "<span>"


class WaitStep(StepSpec):
    verb: ClassVar = "wait"

    wait: Annotated[
        Annotated[Duration, Tag("<span>")] | Annotated[Clock, Tag("<clock>")] | Annotated[Until, Tag("<until>")],
        Discriminator(_wait_form),
    ]

    def compiled(self, position: Position) -> Wait:
        common = position.fields(self)
        match self.wait:
            case Clock(clock=clock, day=day):
                return Wait(**common, clock=clock.zfill(5), day=day)
            case Until(until=moment):
                moves = moment.field.partition(".")[0] in MOVED_BY or None
                return Wait(**common, field=moment.field, minus=moment.minus, plus=moment.plus, moves=moves)
            case span:
                return Wait(**common, span=span)

    @classmethod
    def check(cls, step: Node, scope: Scope, state: State, flow: Flow) -> State | None:
        node = step.entries["wait"]
        until = node.get("until")
        if until is not None:
            check_field(until.get("field"), scope)
        span = span_of(node)
        if span is not None:
            return flow.passing(node, state, state.elapsed + span)
        written = Clock.PATTERN.fullmatch(node.text.strip()) if node.text else None
        if written and written["day"]:
            clock = parse_time(written["clock"])
            least = timedelta(days=int(written["day"]) - 1, hours=clock.hour, minutes=clock.minute)
            return flow.passing(node, state, max(state.elapsed, least))
        return state
