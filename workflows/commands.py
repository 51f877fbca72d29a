"""What passes between a workflow and its activities. Ids and step names only: no personal data enters Temporal."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from workflows.plan import Path, Plan
from workflows.values import Frozen

END: Path = ""
"""The place after a journey's last step."""


class Outcome(Frozen):
    """What a step came to, and when the database settled it (for a wait: when it was due)."""

    path: Path
    result: str
    at: datetime


class Member(Frozen):
    """An enrollment in a command. `at` is the logical time at which it reached the step.

    `now` is for a rehearsal, whose customers each live in a time of their own; a workflow leaves it out.
    """

    enrollment: int
    generation: int
    at: datetime | None = None
    now: datetime | None = None


class Group(Frozen):
    """Equal commands of one or more enrollments: carry out the step at `path` for each."""

    plan_id: str
    path: Path
    members: tuple[Member, ...]


class Answer(Frozen):
    """What the database says of one enrollment after a command.

    - `done`: the step came to `result` at `at`. If a wait follows, it ends at `due`.
    - `later`: not now; try again at `due`.
    - `moved`: the enrollment was restarted: begin again at `at`, as `generation`.
    - `over`: the enrollment has ended, at `at`, as `result`.

    `seconds` is the real time from now until `due`.
    """

    enrollment: int
    kind: Literal["done", "later", "moved", "over"]
    at: datetime
    result: str = ""
    due: datetime | None = None
    seconds: float = 0
    generation: int = 0


class Traveller(Frozen):
    """An enrollment as it enters a workflow, or is carried over to the next run of it.

    Of `outcomes` the last one counts: steps never come back, so it says which step follows and when it was reached.
    The whole history is the database's. One that sleeps until `due`, in journey time, `wakes` then in real time.
    """

    enrollment: int
    customer: int
    generation: int
    outcomes: tuple[Outcome, ...] = ()
    due: datetime | None = None
    wakes: datetime | None = None


class Cohort(Frozen):
    """The input of a CohortWorkflow: enrollments that entered one plan together, and how earlier ones ended."""

    plan_id: str
    version: int
    plan: Plan
    travellers: tuple[Traveller, ...]
    endings: dict[str, int] = Field(default_factory=dict)


class FanOut(Frozen):
    """A page of work over many customers: of a journey's schedule, or of an event about the business."""

    journey: str
    event: int | None = None
    cursor: str = ""
