"""Enrollments, and what is written of each: waits, todos, the trail, webhook calls."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import BigInteger, DateTime, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from domain.store.columns import ReadRow, Row, id_column, instant, json_column, reference


class Enrollment(ReadRow, table=True):
    """One customer in one version of a journey.

    `due_at` is the journey time at which it acts next (null once it is over, or while a pause holds it). `anchor` is
    where its time begins and `generation` counts its restarts. `outcomes` is its history, as [path, result, at];
    `position` the path of its next step. `slot` makes the re-entry rule a unique key. `cohort_id` is the enrollment
    after which the cohort is named in whose run this one is; null for one that runs alone. `stuck_on` is the defect
    that put it off, `attempts` times since `stuck_since`; null once a step was carried out again. `revision` counts the
    changes made under the lock on its customer. `entered_as` is the id by which the customer is in it for splits and
    holdouts, where a join changed the id since.
    """

    __tablename__: ClassVar[Any] = "enrollments"
    __table_args__ = (
        UniqueConstraint("journey", "key", "slot"),
        Index("uq_enrollments_restart", "journey", "key", unique=True,
              postgresql_where=text("ending IS NULL AND exclusive")),
        Index("ix_enrollments_open", "customer_id", postgresql_where=text("ending IS NULL")),
        Index("ix_enrollments_goal", "customer_id", "goal_until"),
        Index("ix_enrollments_entered", "entered_at", postgresql_using="brin"),
        Index("ix_enrollments_due", "due_at", postgresql_where=text("ending IS NULL")),
        Index("ix_enrollments_journey", "journey", "id", postgresql_where=text("ending IS NULL")),
        Index("ix_enrollments_stuck", "id", postgresql_where=text("stuck_on IS NOT NULL")),
        Index("ix_enrollments_held", "id", postgresql_where=text("held AND ending IS NULL")),
        Index("ix_enrollments_failed", "journey", postgresql_where=text("ending = 'failed'")),
        Index("ix_enrollments_cohort", "cohort_id", postgresql_where=text("cohort_id IS NOT NULL")),
    )  # fmt: skip
    id: int = id_column()
    journey: str
    plan_id: str = Field(foreign_key="plans.id")
    customer_id: int = reference("customers.id")
    cohort_id: int | None = reference("enrollments.id", nullable=True)
    key: str
    slot: str
    exclusive: bool = False
    trigger_id: int = reference("events.id")
    subject: dict[str, Any] = json_column()
    entered_at: datetime = instant()
    anchor: datetime = instant()
    generation: int = 0
    claimed: bool = False
    held: bool = False
    outcomes: list[Any] = Field(default_factory=list, sa_type=JSONB, nullable=False)
    position: str | None = None
    due_at: datetime | None = instant(nullable=True)
    last_sent_at: datetime | None = instant(nullable=True)
    goal_until: datetime | None = instant(nullable=True)
    ending: str | None = None
    reason: str | None = None
    ended_at: datetime | None = instant(nullable=True)
    converted_at: datetime | None = instant(nullable=True)
    stuck_on: str | None = None
    stuck_since: datetime | None = instant(nullable=True)
    attempts: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    revision: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    entered_as: int | None = Field(default=None, sa_type=BigInteger)

    @property
    def run(self) -> int:
        """The enrollment that its run is named after."""
        return self.cohort_id or self.id


class EnrollmentRow(NamedTuple):
    """A row of enrollments as a value."""

    id: int
    journey: str
    plan_id: str
    customer_id: int
    cohort_id: int | None
    key: str
    slot: str
    exclusive: bool
    trigger_id: int
    subject: Mapping[str, Any]
    entered_at: datetime
    anchor: datetime
    generation: int
    claimed: bool
    held: bool
    outcomes: Sequence[Any]
    position: str | None
    due_at: datetime | None
    last_sent_at: datetime | None
    goal_until: datetime | None
    ending: str | None
    reason: str | None
    ended_at: datetime | None
    converted_at: datetime | None
    stuck_on: str | None
    stuck_since: datetime | None
    attempts: int
    revision: int
    entered_as: int | None = None


class EnrollmentTrace(Row, table=True):
    """The span in which the event came in that an enrollment began with, as W3C writes it; of traced ones alone."""

    __tablename__: ClassVar[Any] = "enrollment_traces"
    enrollment_id: int = reference("enrollments.id", primary_key=True)
    traceparent: str


class Wait(ReadRow, table=True):
    """A registered wait_for. `result` is set once, by the event or by the time-out."""

    __tablename__: ClassVar[Any] = "waits"
    enrollment_id: int = reference("enrollments.id", primary_key=True)
    generation: int = Field(primary_key=True)
    step: str = Field(primary_key=True)
    deadline: datetime = instant()
    result: str | None = None
    settled_at: datetime | None = instant(nullable=True)


class WaitRow(NamedTuple):
    """A row of waits as a value."""

    enrollment_id: int
    generation: int
    step: str
    deadline: datetime
    result: str | None = None
    settled_at: datetime | None = None


class Todo(Row, table=True):
    """A task for a sales guide."""

    __tablename__: ClassVar[Any] = "todos"
    __table_args__ = (UniqueConstraint("enrollment_id", "step"),)
    id: int = id_column()
    enrollment_id: int = reference("enrollments.id")
    customer_id: int = reference("customers.id")
    step: str
    text: str
    assignee: str | None = None
    due_at: datetime = instant()
    done_at: datetime | None = instant(nullable=True)


class TrailEntry(Row, table=True):
    """Every decision about a customer, in order: the timeline, and what `why` reads.

    Customers and enrollments are never deleted, so it has no foreign keys: looking each up again took as long as
    writing the entry.
    """

    __tablename__: ClassVar[Any] = "trail"
    __table_args__ = (
        Index("ix_trail_customer", "customer_id", "id"),
        Index("ix_trail_entered", "journey", "at", postgresql_where=text("what = 'entered'")),
        Index("ix_trail_variants", "journey", "step", "at", postgresql_where=text("what = 'variant'")),
    )
    id: int = id_column()
    at: datetime = instant()
    customer_id: int = Field(sa_type=BigInteger)
    journey: str
    enrollment_id: int | None = Field(default=None, sa_type=BigInteger)
    step: str | None = None
    what: str
    value: str
    via: str | None = None
    reason: str | None = None
    until: datetime | None = instant(nullable=True)
    because: str | None = None


class JourneyCount(Row, table=True):
    """How often something happened at a step of a plan since a local midnight, on that day; see
    `domain/journeys/counts.py`.
    """

    __tablename__: ClassVar[Any] = "journey_counts"
    journey: str = Field(primary_key=True)
    plan_id: str = Field(primary_key=True)
    step: str = Field(primary_key=True)
    what: str = Field(primary_key=True)
    detail: str = Field(primary_key=True)
    since: datetime = Field(primary_key=True, index=True, sa_type=DateTime(timezone=True))
    n: int = Field(sa_type=BigInteger)


class CountChange(Row, table=True):
    """What a transaction adds to a count, until it is folded into it. `at` is the beginning of a quarter of an hour.

    Transactions only add rows, so that none waits for another because both count the same.
    """

    __tablename__: ClassVar[Any] = "count_changes"
    id: int = id_column()
    journey: str = Field(index=True)
    plan_id: str
    step: str
    what: str
    detail: str
    at: datetime = instant()
    n: int


class WebhookCall(Row, table=True):
    """A call of an outside system for a step: written before it is made, so that a repeated one is known as the same.

    `id` is the key that the other side tells repetitions by, `body` what it is told each time. `status` is `calling`
    (and tried again at `retry_at`), `ok` or `failed`.
    """

    __tablename__: ClassVar[Any] = "webhook_calls"
    __table_args__ = (UniqueConstraint("enrollment_id", "step"),)
    id: int = id_column()
    enrollment_id: int = reference("enrollments.id")
    step: str
    name: str
    body: dict[str, Any] = json_column()
    status: str = "calling"
    reason: str | None = None
    attempts: int = 0
    begun_at: datetime = instant()
    retry_at: datetime | None = instant(nullable=True)
    settled_at: datetime | None = instant(nullable=True)
