"""What happened, and what Temporal must be told of it."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from domain.tables.columns import Row, id_column, instant, json_column, reference


class Event(Row, table=True):
    """What happened, once per (source, event_id), for ever. Of one that is `forgotten`, no `data` is kept."""

    __tablename__: ClassVar[Any] = "events"
    __table_args__ = (
        UniqueConstraint("source", "event_id"),
        Index("ix_events_history", "customer_id", "type", "time"),
        Index("ix_events_business", "type", "time", postgresql_where=text("customer_id IS NULL")),
        Index(
            "ix_events_kept", "received_at", "id", postgresql_where=text("customer_id IS NOT NULL AND NOT forgotten")
        ),
    )
    id: int = id_column()
    source: str
    event_id: str
    type: str
    time: datetime = instant()
    received_at: datetime = instant()
    customer_id: int | None = reference("customers.id", nullable=True)
    data: dict[str, Any] = json_column()
    forgotten: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})


class Outbox(Row, table=True):
    """What Temporal must be told: `start` and `wake` an enrollment, `fan_out` a business event to a journey.

    `gather` is the plan whose starts this one may be put together with; null once that is decided.
    `replenish` and `restocked` start and wake the replenishment of a `stock.alarm`.
    """

    __tablename__: ClassVar[Any] = "outbox"
    id: int = id_column()
    kind: str
    enrollment_id: int | None = reference("enrollments.id", nullable=True)
    event_id: int | None = reference("events.id", nullable=True)
    journey: str
    gather: str | None = Field(default=None, foreign_key="plans.id", index=True)
    attempts: int = 0
