"""What passes between a workflow and its activities. Ids and step names only: no personal data enters Temporal."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypeVar

from pydantic import Field, model_validator

from workflows.plan.model import Plan
from workflows.terms.values import Frozen, Language
from workflows.verbs.base import Path

END: Path = ""
"""The place after a journey's last step."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step came to, and when the database settled it (for a wait: when it was due)."""

    path: Path
    result: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """An enrollment in a command. `at` is the logical time at which it reached the step.

    `now` is for a rehearsal, whose customers each live in a time of their own; a workflow leaves it out. On its way
    through Temporal it may stand for `others`, too.
    """

    enrollment: int
    generation: int
    at: datetime | None = None
    now: datetime | None = None
    others: tuple[int, ...] = ()

    @property
    def same(self) -> Hashable:
        return self.generation, self.at, self.now


class Group(Frozen):
    """Equal commands of one or more enrollments: carry out the step at `path` for each."""

    plan_id: str
    path: Path
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the database says of one enrollment after a command.

    - `done`: the step came to `result` at `at`. If a wait follows, it ends at `due`.
    - `later`: not now; try again at `due`. A wait is over by then, unless the `result` is `again`: it is asked anew.
    - `moved`: the enrollment was restarted: begin again at `at`, as `generation`. With a `plan_id` it goes on under
      that plan: at the step that is the `result`, if there is one, reached at `at`.
    - `over`: the enrollment has ended, at `at`, as `result`.

    `seconds` is the real time from now until `due`. On its way through Temporal it may hold for `others`, too.
    """

    enrollment: int
    kind: Literal["done", "later", "moved", "over"]
    at: datetime
    result: str = ""
    due: datetime | None = None
    seconds: float = 0
    generation: int = 0
    others: tuple[int, ...] = ()
    plan_id: str = ""

    @property
    def same(self) -> Hashable:
        return self.kind, self.at, self.result, self.due, self.seconds, self.generation, self.plan_id


Each = TypeVar("Each", bound=Member | Answer)


def pack(several: Iterable[Each]) -> list[Each]:
    """Those that are the same as one, so that what passes through Temporal is as short as it is simple."""
    groups: dict[Hashable, list[Each]] = {}
    for each in several:
        groups.setdefault(each.same, []).append(each)
    return [replace(same[0], others=tuple(other.enrollment for other in same[1:])) for same in groups.values()]


def unpack(several: Iterable[Each]) -> list[Each]:
    """One for each enrollment."""
    return [
        replace(each, enrollment=enrollment, others=()) if each.others else each
        for each in several
        for enrollment in (each.enrollment, *each.others)
    ]


class EnrollmentState(Frozen):
    """An enrollment as it enters a workflow, or is carried over to the next run of it.

    Its `last` outcome says which step follows and when that was reached, for steps never come back; the whole history
    is the database's. One that sleeps until `due`, in journey time, `wakes` then in real time; one that `asks_again`
    then was put off, also before a wait. `plan_id` names its plan, if that isn't the cohort's.
    """

    enrollment: int
    customer: int
    generation: int
    last: Outcome | None = None
    due: datetime | None = None
    wakes: datetime | None = None
    asks_again: bool = False
    plan_id: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_outcomes(cls, value: Any) -> Any:
        """Runs that earlier releases began carry all their `outcomes`."""
        if not isinstance(value, Mapping) or "outcomes" not in value:
            return value
        outcomes = value["outcomes"]
        return {name: part for name, part in value.items() if name != "outcomes"} | {
            "last": outcomes[-1] if outcomes else None
        }


class Cohort(Frozen):
    """The input of a JourneyWorkflow: enrollments that entered one plan together, and how earlier ones ended.

    `language` and `timezone` are what its details and summaries are written in; `plans` are those that members were
    moved to.
    """

    plan_id: str
    version: int
    plan: Plan
    enrollments: tuple[EnrollmentState, ...] = Field(alias="travellers")
    endings: dict[str, int] = Field(default_factory=dict)
    language: Language = "en"
    timezone: str = "UTC"
    plans: dict[str, Plan] = Field(default_factory=dict)


class FanOut(Frozen):
    """A page of work over many customers: of a journey's schedule, or of an event about the business.

    `language` is what the run's summaries are written in. A `nominal` schedule goes by the instant at which it was
    `due`, as Temporal tells it; another by when it begins.
    """

    journey: str
    event: int | None = None
    cursor: str = ""
    nominal: bool = False
    language: Language = "en"
    due: datetime | None = None
