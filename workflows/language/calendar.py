"""The days that a shop gives names of its own, as schedules say them: `_calendar.yaml`."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_serializer, model_validator
from pydantic_core import PydanticCustomError

from workflows.language.reading import validate
from workflows.source.diagnostics import Diagnostic
from workflows.source.tree import read_source
from workflows.terms.calendar import FESTIVALS, LEAP_YEAR, is_anniversary
from workflows.terms.values import TextForm
from workflows.terms.written import matching


class OwnDay(TextForm):
    """A day of every year, or of one."""

    PATTERN = re.compile(r"(?:(?P<year>[12]\d{3})-)?(?P<month_day>\d\d-\d\d)")
    HINT = "a day; write it like 05-20 for every year, or 2027-01-16 for one"

    year: int | None = None
    month_day: str

    @model_validator(mode="after")
    def _there_is_one(self) -> Self:
        try:
            date.fromisoformat(f"{self.year or LEAP_YEAR}-{self.month_day}")
        except ValueError:
            raise PydanticCustomError("E015", "not a day: no calendar has it") from None
        return self

    @model_serializer
    def _as_text(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return f"{self.year}-{self.month_day}" if self.year else self.month_day

    def is_on(self, day: date) -> bool:
        """Whether it is this day; one of 29 February is a day earlier in years without it."""
        return self.year in (None, day.year) and is_anniversary(day, self.month_day)


def _own_name(name: Any) -> Any:
    if name in FESTIVALS:
        raise PydanticCustomError("E015", "not a name of one's own: every calendar has this festival")
    return name


_ONE_DAY = {"type": "string", "pattern": r"^\s*(?:[12]\d{3}-)?\d\d-\d\d\s*$"}
DayName = Annotated[
    str, BeforeValidator(_own_name), matching(r"[^\W\d]\w{0,29}", "a name for a day: one word, like 店庆")
]
OwnDays = Annotated[
    tuple[OwnDay, ...],
    Field(max_length=50),
    BeforeValidator(lambda value: value if isinstance(value, list | tuple) else (value,)),
    WithJsonSchema({"anyOf": [_ONE_DAY, {"type": "array", "items": _ONE_DAY}], "description": OwnDay.HINT}),
]
Calendar = Mapping[str, tuple[OwnDay, ...]]
"""The shop's own days by name: each is every year, or on the days of the years that are written."""


def read_calendar(text: str, path: str) -> tuple[dict[str, tuple[OwnDay, ...]] | None, list[Diagnostic]]:
    """Read `_calendar.yaml`. Never raises; None where there are errors."""
    source = read_source(text, path)
    calendar: dict[str, tuple[OwnDay, ...]] | None = validate(dict[DayName, OwnDays], source)
    return None if source.broken else calendar, source.sorted()
