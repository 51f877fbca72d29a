"""Quiet hours and caps: how they are written, and whether a journey's own are as strict as those for all."""

import re
from collections.abc import Iterable, Set
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from workflows.terms.calendar import WEEKDAY, WEEKDAYS
from workflows.terms.channels import CapName
from workflows.terms.values import Frozen, TextForm, parse_time

_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d"
_DAY = 24 * 60
_WEEK = 7 * _DAY


_Clock = Annotated[str, AfterValidator(lambda clock: clock.zfill(5))]


class QuietHours(TextForm):
    """No marketing message from `start` until `end`, customer-local `HH:MM`, or on a `weekday`.

    `end` itself is allowed again.
    """

    PATTERN = re.compile(rf"(?P<start>{_CLOCK})\s*-\s*(?P<end>{_CLOCK})|(?P<weekday>{WEEKDAY})")
    HINT = "quiet hours; write `22:00-08:00`, a weekday like `sunday`, a list of these, or none"

    start: _Clock | None = None
    end: _Clock | None = None
    weekday: str | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.start == self.end and self.weekday is None:
            raise PydanticCustomError("E044", "quiet hours that end when they begin; write none if there are none")
        return self

    def __str__(self) -> str:
        return self.weekday or f"{self.start}-{self.end}"

    @property
    def minutes(self) -> Iterable[int]:
        """The minutes of a week, from Monday on, in which it is quiet."""
        if self.weekday is not None:
            first = WEEKDAYS.index(self.weekday) * _DAY
            return range(first, first + _DAY)
        start, end = _minute(self.start or ""), _minute(self.end or "")
        return ((day + start + past) % _WEEK for day in range(0, _WEEK, _DAY) for past in range((end - start) % _DAY))


def quiet_minutes(quiet: Iterable[QuietHours]) -> Set[int]:
    """The minutes of a week, from Monday on, in which it is quiet by any of these."""
    return {minute for hours in quiet for minute in hours.minutes}


class Cap(TextForm):
    """At most `count` messages within `days` calendar days of the customer, today included."""

    PATTERN = re.compile(r"(?P<count>\d{1,6})\s+per\s+(?P<days>[1-9]\d{0,2})d")
    HINT = "a cap; write it like `1 per 1d` or `5 per 7d`"

    count: int
    days: int

    def __str__(self) -> str:
        return f"{self.count} per {self.days}d"

    def looser_than(self, other: "Cap") -> bool:
        """Whether it leaves more room than the other, in the same time or less, and so could never be reached."""
        return self.count > other.count and self.days <= other.days


def _minute(clock: str) -> int:
    time = parse_time(clock)
    return time.hour * 60 + time.minute


def _quiet(value: Any) -> Any:
    if value is None or (isinstance(value, str) and value.strip() == "none"):
        return ()
    return value if isinstance(value, list | tuple) else (value,)


def _some_time(quiet: tuple[QuietHours, ...]) -> tuple[QuietHours, ...]:
    if len(quiet_minutes(quiet)) == _WEEK:
        raise PydanticCustomError("E044", "it is quiet all week, so that nothing could ever be sent")
    return quiet


def _from_person(info: ValidationInfo) -> bool:
    return bool(info.context and info.context.get("written"))


def _percent(value: Any, info: ValidationInfo) -> Any:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool) and not _from_person(info)):
        return value
    match = re.fullmatch(r"(\d{1,3}(?:\.\d{1,4})?)\s*%", value.strip()) if isinstance(value, str) else None
    if not match:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        example = f"{value}%" if is_number else "5%"
        if is_number and 0 < value < 1:
            example += f" or {value * 100:g}%"  # a share is meant as often
        raise PydanticCustomError("E015", "not a percentage; write it like {example}", {"example": example})
    return float(match[1])


Percent = Annotated[
    float,
    BeforeValidator(_percent),
    Field(ge=0, le=100),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^\s*\d{1,3}(?:\.\d{1,4})?\s*%\s*$",
            "description": "a percentage; write it like 5%",
        }
    ),
]

_UNNAMED = re.sub(r"[?]P<[a-z]+>", "?:", QuietHours.PATTERN.pattern)
_ONE_QUIET = {"type": "string", "pattern": rf"^\s*(?:{_UNNAMED}|none)\s*$"}


class Limits(Frozen):
    """When and how often a customer is written to: `caps` are by channel and, as `all`, over all of them.

    `holdout` is the percentage of customers who are not messaged.
    """

    quiet_hours: Annotated[
        tuple[QuietHours, ...],
        BeforeValidator(_quiet),
        AfterValidator(_some_time),
        WithJsonSchema({"anyOf": [_ONE_QUIET, {"type": "array", "items": _ONE_QUIET}], "description": QuietHours.HINT}),
    ] = ()
    caps: dict[CapName, Cap] = Field(default_factory=dict)
    holdout: Percent | None = None
