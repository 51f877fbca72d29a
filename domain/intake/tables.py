"""What happened."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from domain.store.columns import Row, id_column, instant, json_column, reference


class CustomerWalk(Row, table=True):
    """A walk over many customers that isn't at its end: an event taken to a journey, or a schedule that was `due`.

    `cursor` is where its next page begins; "" at the beginning. Of a journey's schedule, the walk that was due last
    stays, `ended`.
    """

    __tablename__: ClassVar[Any] = "walks"
    __table_args__ = (
        UniqueConstraint("journey", "event_id", name="uq_walks_event"),
        UniqueConstraint("journey", "due", name="uq_walks_due"),
    )
    id: int = id_column()
    journey: str
    event_id: int | None = reference("events.id", nullable=True)
    due: datetime | None = instant(nullable=True)
    cursor: str = ""
    ended: bool = False


class Event(Row, table=True):
    """What happened, once per (source, event_id), for ever. Of one that is `forgotten`, no `data` is kept.

    `identifiers` are those that it came with, as `phone:+86…`; null for what the product made, and for older rows.
    """

    __tablename__: ClassVar[Any] = "events"
    __table_args__ = (
        UniqueConstraint("source", "event_id"),
        Index("ix_events_history", "customer_id", "type", "time"),
        Index("ix_events_time", "time", postgresql_using="brin"),
        Index("ix_events_by_type", "type", "time", "customer_id", postgresql_where=text("customer_id IS NOT NULL")),
        Index("ix_events_business", "type", "time", postgresql_where=text("customer_id IS NULL")),
        Index(
            "ix_events_data",
            "data",
            postgresql_using="gin",
            postgresql_ops={"data": "jsonb_path_ops"},
            postgresql_where=text("customer_id IS NOT NULL"),
        ),
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
    identifiers: list[str] | None = Field(default=None, sa_type=JSONB(none_as_null=True), nullable=True)
    forgotten: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
