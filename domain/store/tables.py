"""What Temporal must be told, and the clock of a demo."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import DateTime, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from domain.store.columns import Row, id_column, instant, reference


class Outbox(Row, table=True):
    """What Temporal or an employee must be told: the kind of a notice and, in its payload, what it is for.

    See `domain.store.outbox`.

    `gather` is the plan whose starts this one may be put together with; null once that is decided. Rows of releases
    before migration 0008 have no payload, but `enrollment_id`, `event_id`, `journey` and `channel`. One that could not
    be told, `attempts` times because of a `problem`, is tried again at `next_at`, or was given up at `given_up_at`.
    `created_at` is Postgres's: the real time at which it was decided. `traceparent` is the span, as W3C writes it, in
    which it was.
    """

    __tablename__: ClassVar[Any] = "outbox"
    id: int = id_column()
    kind: str
    payload: dict[str, Any] | None = Field(default=None, sa_type=JSONB, nullable=True)
    enrollment_id: int | None = reference("enrollments.id", nullable=True)
    event_id: int | None = reference("events.id", nullable=True)
    journey: str | None = None
    channel: str | None = None
    gather: str | None = Field(default=None, foreign_key="plans.id", index=True)
    attempts: int = 0
    next_at: datetime | None = instant(nullable=True)
    given_up_at: datetime | None = instant(nullable=True)
    problem: str | None = None
    created_at: datetime | None = Field(
        default=None, sa_type=DateTime(timezone=True), sa_column_kwargs={"server_default": func.now()}
    )
    traceparent: str | None = None


class ClockState(Row, table=True):
    """One row: the compressed clock of a demo, shared by its processes. Absent in production."""

    __tablename__: ClassVar[Any] = "clock"
    id: int = Field(primary_key=True)
    journey_at: datetime = instant()
    real_at: datetime = instant()
    limit_at: datetime = instant()
    legs: list[Any] = Field(default_factory=list, sa_type=JSONB, nullable=False)
