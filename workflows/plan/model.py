"""A plan: one immutable, compiled version of a journey. Steps are keyed by path and say what follows them.

The plan travels in the workflow's input, so it holds no personal data and stays small. `semantics` names the version of
the interpreter's rules that it was compiled for.
"""

from collections.abc import Iterator
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from workflows.terms.conditions import Condition, EventCondition
from workflows.terms.limits import Limits
from workflows.terms.names.events import event_of
from workflows.terms.values import Day, Duration, Frozen
from workflows.verbs.base import Path, Step
from workflows.verbs.registry import AnyStep

SEMANTICS = 1

MOVED: Path = "@"
"""In the place of a step's path: the enrollment came from another version, and stands where the result says."""


class EventTrigger(Frozen):
    """An event about the business says with `for_each` for which segment it is; without, it is for all."""

    event: str
    for_each: str | None = None
    where: Condition | None = None


class ScheduleTrigger(Frozen):
    """It fires at `at` on every local day, a weekday (0 is Monday), a day of each month (-1 is the last) or year, or
    near a festival. `birthday_offset` is the number of days after a birthday, or before it if negative.
    """

    at: str
    weekday: int | None = None
    month_day: int | None = None
    year_day: str | None = None
    festival: str | None = None
    offset_days: int = 0
    for_each: str
    birthday_offset: int | None = None
    where: Condition | None = None

    @property
    def event(self) -> str:
        """The type of the event that it emits for each."""
        return event_of(self.for_each)


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
    steps: dict[Path, AnyStep]

    def after(self, path: Path, result: str) -> Step | None:
        """The step that follows `path` when it came to `result`; None where the journey is at its end."""
        if path == MOVED:
            return self.steps[result]
        following = self.steps[path].after(result)
        return self.steps[following] if following is not None else None

    def listens_to(self) -> Iterator[str]:
        """The event types that can end, wake or move an enrollment of this plan."""
        if self.goal:
            yield self.goal.condition.event
        for condition in self.exits:
            yield condition.event
        for step in self.steps.values():
            yield from (condition.event for condition in step.awaited)
            yield from step.follows
