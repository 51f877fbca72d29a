"""What is published, and the enrollments that walk it."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from domain.tables.columns import Row, id_column, instant, json_column, reference


class Publication(Row, table=True):
    """One row whose version (never used twice) changes with every publishing, so that readers read again."""

    __tablename__: ClassVar[Any] = "publication"
    id: int = Field(primary_key=True)
    version: str


class Document(Row, table=True):
    """A published `_policy`, `_segments`, `_coupons` or `_stock` file, as the JSON of its validated models."""

    __tablename__: ClassVar[Any] = "documents"
    name: str = Field(primary_key=True)
    body: dict[str, Any] = json_column()


class MessageText(Row, table=True):
    """The live text of a template on a channel."""

    __tablename__: ClassVar[Any] = "message_texts"
    template: str = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    body: str = Field(sa_type=Text)


class PublishedPlan(Row, table=True):
    """An immutable version of a journey; `id` is the hash of its content, `ended` why its enrollments don't go on."""

    __tablename__: ClassVar[Any] = "plans"
    __table_args__ = (UniqueConstraint("journey", "version"),)
    id: str = Field(primary_key=True)
    journey: str
    version: int
    source: str = Field(sa_type=Text)
    plan: dict[str, Any] = json_column()
    published_at: datetime = instant()
    ended: str | None = None


class Journey(Row, table=True):
    """A journey and its live version.

    What fell due in the last pause, from `paused_at` to `dropped_until`, isn't sent any more; without an end, it is.
    """

    __tablename__: ClassVar[Any] = "journeys"
    name: str = Field(primary_key=True)
    plan_id: str = Field(foreign_key="plans.id")
    paused: bool = False
    stopped: bool = False
    paused_at: datetime | None = instant(nullable=True)
    dropped_until: datetime | None = instant(nullable=True)


class JourneyAction(Row, table=True):
    """Who did what to a journey, and when: `published`, `paused`, `resumed`, `stopped`, `stopped_customer`."""

    __tablename__: ClassVar[Any] = "journey_actions"
    id: int = id_column()
    journey: str = Field(index=True)
    action: str
    by: str
    at: datetime = instant()
    version: int
    details: dict[str, Any] = json_column()


class Enrollment(Row, table=True):
    """One customer's pass through one plan.

    `due_at` is the journey time at which it acts next (null once it is over, or while a pause holds it). `anchor` is
    where its time begins and `generation` counts its restarts. `outcomes` is its history, as [path, result, at];
    `position` the step it stands before. `slot` makes the re-entry rule a unique key. `cohort_id` is the enrollment
    after which the cohort is named in whose run this one is; null for one that runs alone.
    """

    __tablename__: ClassVar[Any] = "enrollments"
    __table_args__ = (
        UniqueConstraint("journey", "key", "slot"),
        Index("uq_enrollments_restart", "journey", "key", unique=True,
              postgresql_where=text("ending IS NULL AND exclusive")),
        Index("ix_enrollments_open", "customer_id", postgresql_where=text("ending IS NULL")),
        Index("ix_enrollments_goal", "customer_id", "goal_until"),
        Index("ix_enrollments_due", "due_at", postgresql_where=text("ending IS NULL")),
        Index("ix_enrollments_journey", "journey", "id", postgresql_where=text("ending IS NULL")),
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

    @property
    def run(self) -> int:
        """The enrollment that its run is named after."""
        return self.cohort_id or self.id


class Wait(Row, table=True):
    """A registered wait_for. `result` is set once, by the event or by the time-out."""

    __tablename__: ClassVar[Any] = "waits"
    enrollment_id: int = reference("enrollments.id", primary_key=True)
    generation: int = Field(primary_key=True)
    step: str = Field(primary_key=True)
    deadline: datetime = instant()
    result: str | None = None
    settled_at: datetime | None = instant(nullable=True)


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
    __table_args__ = (Index("ix_trail_customer", "customer_id", "id"),)
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
