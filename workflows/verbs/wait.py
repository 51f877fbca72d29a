"""`wait`: time passes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Discriminator, Tag, model_serializer, model_validator
from pydantic_core import PydanticCustomError

from workflows.source.tree import Node
from workflows.terms.calendar import MONTH_DAY, WEEKDAY, WEEKDAYS, month_day_of
from workflows.terms.conditions import Measure
from workflows.terms.fields import check_field, check_measure
from workflows.terms.operands import FieldRef
from workflows.terms.scope import Scope
from workflows.terms.values import Duration, Frozen, TextForm, parse_time
from workflows.terms.wording import Wording
from workflows.terms.written import CLOCK, Text
from workflows.verbs.base import Decision, Position, Step, StepSpec
from workflows.verbs.changes import Changes
from workflows.verbs.flow import Flow, State, span_of

MOVED_BY: Mapping[str, Sequence[str]] = {
    "stream": ("stream.scheduled", "stream.started", "stream.cancelled"),
    "lot": ("lot.received",),
}
"""The events that move the instants of a show or a lot."""


def _number_field(value: Any) -> Any:
    if isinstance(value, Mapping) and value.keys() == {"measure"}:
        return value["measure"]  # as conditions write it
    return {"field": value} if isinstance(value, str) else value


def _amount_form(value: Any) -> str:
    is_field = isinstance(value, FieldRef) or (isinstance(value, Mapping) and "field" in value)
    return "<field>" if is_field else "<measure>"


Amount = Annotated[
    Annotated[FieldRef, Tag("<field>")] | Annotated[Measure, Tag("<measure>")],
    Discriminator(_amount_form),
    BeforeValidator(_number_field),
]
"""How many there are of something: what a field holds, or what a measure comes to."""


class Between(TextForm):
    """From `start` until `end`, customer-local `HH:MM`; `end` itself isn't in it. It may go over midnight."""

    PATTERN = re.compile(rf"(?P<start>{CLOCK})\s*-\s*(?P<end>{CLOCK})")
    HINT = "times of day; write `09:00-21:00`"

    start: str
    end: str

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.start.zfill(5) == self.end.zfill(5):
            raise PydanticCustomError("E044", "it ends when it begins; leave `between` out if any hour will do")
        return self

    @model_serializer
    def _as_text(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return f"{self.start.zfill(5)}-{self.end.zfill(5)}"


def _hour(decision: Decision, say: Wording) -> str:
    until = f"{decision.until:%Y-%m-%d %H:%M}" if decision.until else ""
    zh = f"等到 {until}：{decision.reason} {decision.value} 点"
    return say.pick(zh, f"waits until {until}: {decision.reason} {decision.value}:00")


class Wait(Step):
    """Exactly one form:

    - `span`, to a `clock` time on its last day if there is one;
    - `clock`: on the `day` counted from the entry day, or the next such time, on a `weekday` (0 is Monday) or on a
      `month_day` (-1 is the last);
    - `field`;
    - `each` span times the number that `of` is, or that its items add up to;
    - `usual`, the hour in which the customer is mostly about, `between` two times of day if those are given.

    One that `moves` is for an instant of the journey's show or lot, and is over when that is, as it is by then.
    """

    verb: Literal["wait"] = "wait"
    span: Duration | None = None
    clock: str | None = None
    day: int | None = None
    weekday: int | None = None
    month_day: int | None = None
    each: Duration | None = None
    of: Amount | None = None
    at_most: Duration | None = None
    field: str | None = None
    minus: Duration | None = None
    plus: Duration | None = None
    moves: Literal[True] | None = None
    usual: Literal[True] | None = None
    between: Between | None = None

    noun = ("等待", "wait")
    waits = True
    activity = "arrive"
    trail = {"hour": _hour}
    reasons = {
        "no_time": ("等待的时间不存在", "there is no such time to wait for"),
        "usual_hour": ("客户最常在的钟点是", "the hour in which the customer is mostly about is"),
        "shop_hour": ("还不知道客户常在的钟点，店里最热闹的是", "the customer's hour isn't known, the shop's best is"),
        "no_hour": ("还不知道客户和店里常在的钟点，最早可以是", "nobody's usual hour is known, the first allowed is"),
    }

    @property
    def early(self) -> bool:
        return not self.moves

    @property
    def follows(self) -> Sequence[str]:
        return MOVED_BY[(self.field or "").partition(".")[0]] if self.moves else ()

    def words(self, say: Wording) -> str:
        if self.each and self.of:
            of = say.field(self.of.field) if isinstance(self.of, FieldRef) else say.measure(self.of)
            each = say.span(self.each)
            words = say.pick(f"等待 {each} × {of}", f"wait {each} for each of {of}")
            limit = say.pick("，至多 ", ", at most ") + say.span(self.at_most) if self.at_most else ""
            return words + limit
        if self.span and self.clock:
            span = say.span(self.span)
            return say.pick(f"等到 {span}后的 {self.clock}", f"wait until {self.clock}, {span} on")
        if self.span:
            return say.pick(f"等待 {say.span(self.span)}", f"wait {say.span(self.span)}")
        if self.field:
            words = say.field(self.field)
            shift = self.minus or self.plus
            if shift:
                span, before = say.span(shift), self.minus is not None
                words = say.pick(
                    f"{words} {'前' if before else '后'} {span}", f"{span} {'before' if before else 'after'} {words}"
                )
            return say.pick(f"等到 {words}", f"wait until {words}")
        if self.usual:
            span = f"（{self.between}）" if self.between else ""
            en = f" between {self.between}" if self.between else ""
            return say.pick(f"等到客户最常在的钟点{span}", f"wait until the customer's usual hour{en}")
        if self.day is not None:
            return say.pick(f"等到第 {self.day} 天 {self.clock}", f"wait until day {self.day} {self.clock}")
        named = ""
        if self.weekday is not None:
            named = say.weekday(self.weekday) + " "
        elif self.month_day is not None:
            named = say.month_day(self.month_day) + " "
        return say.pick(f"等到{' ' + named if named else ' '}{self.clock}", f"wait until {named}{self.clock}")

    def changes(self, new: Self, label: str, changes: Changes) -> Iterator[str]:
        say = changes.say
        was, now = self.words(say).replace("`", ""), new.words(say).replace("`", "")
        if was == now:
            return
        if self.span and new.span and not self.clock and not new.clock:
            yield changes.span(label, self.span, new.span)
            return
        words = say.pick(f"{label}由「{was}」改为「{now}」", f"{label} changes from “{was}” to “{now}”")
        yield words + changes.kept(say.pick("原来的", "the old one"))


class Clock(TextForm):
    PATTERN = re.compile(
        rf"until\s+(?:(?:day\s+(?P<day>\d{{1,4}})|(?P<weekday>{WEEKDAY})|(?P<month_day>{MONTH_DAY}))\s+at\s+)?"
        rf"(?P<clock>{CLOCK})"
    )
    HINT = (
        "a wait; write `1h`, `1d at 10:00`, `until 10:00`, `until day 3 at 10:00`, `until sunday at 20:00`, "
        "`until the 1st at 10:00` or `until the last day at 10:00`"
    )

    clock: str
    day: int | None = None
    weekday: str | None = None
    month_day: str | None = None


class DaysOn(TextForm):
    PATTERN = re.compile(rf"(?P<span>[1-9]\d{{0,5}}\s*[dw])\s+at\s+(?P<clock>{CLOCK})")
    HINT = "a wait of days or weeks to a time of day; write `1d at 10:00`"

    span: Duration
    clock: str


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


class UsualHour(Frozen):
    """The hour in which the customer is mostly about: `{until: usual_hour, between: 09:00-21:00}`."""

    until: Literal["usual_hour"]
    between: Between | None = None


class ForEach(Frozen):
    """A span for each that there is of something: `{each: 25d, of: trigger.items.quantity, at_most: 100d}`."""

    each: Duration
    of: Amount
    at_most: Duration | None = None


def _wait_form(value: Any) -> str:
    match value:
        case ForEach() | {"each": _}:
            return "<each>"
        case UsualHour() | {"until": "usual_hour"} | {"between": _}:
            return "<usual>"
        case Until() | Mapping():
            return "<until>"
        case Clock():
            return "<clock>"
        case DaysOn():
            return "<at>"
    written = str(value).strip()
    return "<clock>" if written.startswith("until") else "<at>" if re.search(r"\sat(\s|$)", written) else "<span>"


class WaitStep(StepSpec):
    verb: ClassVar = "wait"

    wait: Annotated[
        Annotated[Duration, Tag("<span>")]
        | Annotated[DaysOn, Tag("<at>")]
        | Annotated[Clock, Tag("<clock>")]
        | Annotated[Until, Tag("<until>")]
        | Annotated[ForEach, Tag("<each>")]
        | Annotated[UsualHour, Tag("<usual>")],
        Discriminator(_wait_form),
    ]

    def compiled(self, position: Position) -> Wait:
        common = position.fields(self)
        match self.wait:
            case Clock(clock=clock, day=day, weekday=weekday, month_day=month_day):
                return Wait(
                    **common,
                    clock=clock.zfill(5),
                    day=day,
                    weekday=WEEKDAYS.index(weekday) if weekday else None,
                    month_day=month_day_of(month_day) if month_day else None,
                )
            case DaysOn(span=span, clock=clock):
                return Wait(**common, span=span, clock=clock.zfill(5))
            case ForEach(each=each, of=number, at_most=at_most):
                return Wait(**common, each=each, of=number, at_most=at_most)
            case UsualHour(between=between):
                return Wait(**common, usual=True, between=between)
            case Until(until=moment):
                moves = moment.field.partition(".")[0] in MOVED_BY or None
                return Wait(**common, field=moment.field, minus=moment.minus, plus=moment.plus, moves=moves)
            case span:
                return Wait(**common, span=span)

    @classmethod
    def check(cls, step: Node, scope: Scope, state: State, flow: Flow) -> State | None:
        node = step.entries["wait"]
        until = node.get("until")
        if until is not None and until.text != "usual_hour":
            check_field(until.get("field"), scope)
        number = node.get("of")
        if number is not None:
            number = number.get("measure") or number
            check_field(number.get("field") or number, scope)
            check_measure(number, scope)
        days_on = DaysOn.PATTERN.fullmatch(node.text.strip()) if node.text else None
        if days_on:
            clock = parse_time(days_on["clock"])
            days = Duration.of(days_on["span"]).nominal - timedelta(days=1)
            return flow.passing(node, state, state.elapsed + days + timedelta(hours=clock.hour, minutes=clock.minute))
        span = span_of(node)
        if span is not None:
            return flow.passing(node, state, state.elapsed + span)
        written = Clock.PATTERN.fullmatch(node.text.strip()) if node.text else None
        if written and written["day"]:
            clock = parse_time(written["clock"])
            least = timedelta(days=int(written["day"]) - 1, hours=clock.hour, minutes=clock.minute)
            return flow.passing(node, state, max(state.elapsed, least))
        return state


_LONGEST_CLOCK = {"weekday": timedelta(days=7), "month_day": timedelta(days=31), None: timedelta(days=1)}


def longest(step: Node) -> timedelta | None:
    """The longest that a step may wait; None if nobody knows."""
    node = step.get("wait")
    if node is None:
        return span_of(step.get("within"))
    text = (node.text or "").strip()
    if (days_on := DaysOn.PATTERN.fullmatch(text)) is not None:
        return Duration.of(days_on["span"]).nominal + timedelta(days=1)
    clock = Clock.PATTERN.fullmatch(text)
    if clock is None or clock["day"]:
        return span_of(node) if clock is None else None
    return _LONGEST_CLOCK[next((name for name in ("weekday", "month_day") if clock[name]), None)]
