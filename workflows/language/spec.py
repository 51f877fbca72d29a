"""The grammar of a journey's YAML, but for its steps: each verb has its own in `workflows/verbs`.

Tags of unions are in angle brackets, which tells them from keys in the place of an error.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from workflows.plan.model import Active
from workflows.terms.calendar import LEAP_YEAR, MONTH_DAY, WEEKDAY
from workflows.terms.conditions import Condition
from workflows.terms.limits import Limits
from workflows.terms.values import Duration, Frozen, TextForm
from workflows.terms.written import CLOCK, EventPattern, Name, Text, matching
from workflows.verbs.registry import AnySpec


def _has(*keys: str) -> Any:
    """Tells the forms of a union of mappings by the key that only one of them has."""

    def form(value: Any) -> str | None:
        if not isinstance(value, Mapping):
            return None
        given = [key for key in keys if key in value]
        return f"<{given[0]}>" if len(given) == 1 else None

    return form


def _day_of_a_year(day: str | None) -> str | None:
    try:
        return day and f"{date.fromisoformat(f'{LEAP_YEAR}-{day}'):%m-%d}"
    except ValueError:
        raise PydanticCustomError("E015", "not a schedule: no year has a {day}", {"day": day}) from None


class Schedule(TextForm):
    """`every day at 09:00`, `every monday at 10:00`, `on 春节 -3d at 10:00`; local to the policy's timezone."""

    PATTERN = re.compile(
        rf"(?:every\s+(?:day|(?P<weekday>{WEEKDAY})|month\s+on\s+(?P<month_day>{MONTH_DAY})"
        rf"|year\s+on\s+(?P<year_day>\d\d-\d\d))|on\s+(?P<festival>\S+?)(?:\s+(?P<offset>[+-]\d{{1,3}})d)?)"
        rf"\s+at\s+(?P<at>{CLOCK})"
    )
    HINT = (
        "a schedule; write `every day at 09:00`, `every monday at 10:00`, `every month on the 1st at 10:00`, "
        "`every month on the last day at 10:00`, `every year on 09-10 at 10:00` or `on 春节 -3d at 10:00`"
    )

    at: str
    weekday: str | None = None
    month_day: str | None = None
    year_day: Annotated[str | None, AfterValidator(_day_of_a_year)] = None
    festival: str | None = None
    offset: int = 0


class ScheduleTrigger(Frozen):
    schedule: Schedule
    for_each: Annotated[
        str,
        matching(
            r"near_expiry_lot|birthday(\s+[+-]\d{1,3}d)?|segment:\S.*",
            "known; write near_expiry_lot, birthday, `birthday -3d` or segment:NAME",
        ),
    ]
    where: Condition | None = None


class EventTrigger(EventPattern):
    """An event of the customer, or one about the business and for whom it is."""

    for_each: Annotated[str | None, matching(r"segment:\S.*", "known; write segment:NAME")] = None


Trigger = Annotated[
    Annotated[EventTrigger, Tag("<event>")] | Annotated[ScheduleTrigger, Tag("<schedule>")],
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
    steps: tuple[AnySpec, ...] = Field(min_length=1)
