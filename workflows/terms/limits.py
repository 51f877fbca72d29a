"""Quiet hours and caps: how they are written, and whether a journey's own are as strict as those for all."""

import re
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from workflows.terms.channels import CapName
from workflows.terms.values import Frozen, TextForm, parse_time

_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d"
_DAY = 24 * 60


class QuietHours(TextForm):
    """No marketing message from `start` until `end`, customer-local `HH:MM`; `end` itself is allowed again."""

    PATTERN = re.compile(rf"(?P<start>{_CLOCK})\s*-\s*(?P<end>{_CLOCK})")
    HINT = "quiet hours; write `22:00-08:00` or none"

    start: Annotated[str, AfterValidator(lambda clock: clock.zfill(5))]
    end: Annotated[str, AfterValidator(lambda clock: clock.zfill(5))]

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.start == self.end:
            raise PydanticCustomError("E044", "quiet hours that end when they begin; write none if there are none")
        return self

    def __str__(self) -> str:
        return f"{self.start}-{self.end}"

    def covers(self, other: "QuietHours") -> bool:
        """Whether it is quiet whenever it is by the other."""
        start, end, first, last = (_minute(clock) for clock in (self.start, self.end, other.start, other.end))
        return (first - start) % _DAY + (last - first) % _DAY <= (end - start) % _DAY


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
    return None if isinstance(value, str) and value.strip() == "none" else value


class Limits(Frozen):
    """When and how often a customer is written to: `caps` are by channel and, as `all`, over all of them."""

    quiet_hours: Annotated[QuietHours | None, BeforeValidator(_quiet)] = None
    caps: dict[CapName, Cap] = Field(default_factory=dict)
