"""The ledger of messages, and what channels need to remember."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from domain.tables.columns import id_column, instant, reference


class Message(SQLModel, table=True):
    """The ledger: one row per (enrollment, step), written before the provider is called."""

    __tablename__: ClassVar[Any] = "messages"
    __table_args__ = (
        UniqueConstraint("enrollment_id", "step"),
        Index("ix_messages_caps", "customer_id", "day", postgresql_where=text("counts")),
    )
    id: int = id_column()
    enrollment_id: int = reference("enrollments.id")
    customer_id: int = reference("customers.id")
    journey: str
    step: str
    template: str
    kind: str
    channel: str
    body: str = Field(sa_type=Text)
    coupon: str | None = None
    status: str
    reason: str | None = None
    counts: bool
    day: date
    claimed_at: datetime = instant()
    settled_at: datetime | None = instant(nullable=True)
    provider_id: str | None = None


class SandboxMessage(SQLModel, table=True):
    """A message that the sandbox channel holds, for reading."""

    __tablename__: ClassVar[Any] = "sandbox_messages"
    key: str = Field(primary_key=True)
    channel: str
    recipient: str
    body: str = Field(sa_type=Text)
    at: datetime = instant()
