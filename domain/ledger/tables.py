"""The ledger of messages."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from domain.store.columns import ReadRow, id_column, instant, reference


class Message(ReadRow, table=True):
    """The ledger: one row per (enrollment, step), written before the provider is called; see domain/ledger/states.py.

    `channel`, `recipient`, `body` and `provider_id` are of the attempt under way, `refused` holds what the channels
    before it said, as {channel, reason}. `day` is the customer's local day, of whose caps it takes a place if it
    `counts`.
    `called_at` is the instant of sending, `look_at` when to ask the provider again, after `looks` times in vain.
    `written_at` is when its result was recorded for the enrollment; a receipt may come before. `revision` counts the
    changes made under the lock on its customer.
    """

    __tablename__: ClassVar[Any] = "messages"
    __table_args__ = (
        UniqueConstraint("enrollment_id", "step"),
        Index("ix_messages_caps", "customer_id", "day", postgresql_where=text("counts")),
        Index("ix_messages_customer", "customer_id"),
        Index("ix_messages_called", "called_at", postgresql_using="brin"),
        Index("ix_messages_provider", "provider_id", postgresql_where=text("provider_id IS NOT NULL")),
        Index("ix_messages_look", "channel", "look_at", postgresql_where=text("look_at IS NOT NULL")),
        Index("ix_messages_open", "status", "id",
              postgresql_where=text("status IN ('claimed', 'calling', 'pending_staff', 'unknown')")),
    )  # fmt: skip
    id: int = id_column()
    enrollment_id: int = reference("enrollments.id")
    customer_id: int = reference("customers.id")
    journey: str
    step: str
    template: str
    kind: str
    channel: str
    recipient: str
    body: str = Field(sa_type=Text)
    coupon: str | None = None
    coupon_refused: str | None = None
    status: str
    reason: str | None = None
    refused: list[Any] = Field(default_factory=list, sa_type=JSONB, nullable=False)
    counts: bool
    day: date
    claimed_at: datetime = instant()
    called_at: datetime | None = instant(nullable=True)
    written_at: datetime | None = instant(nullable=True)
    provider_id: str | None = None
    look_at: datetime | None = instant(nullable=True)
    looks: int = 0
    revision: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class MessageRow(NamedTuple):
    """A row of messages as a value."""

    id: int
    enrollment_id: int
    customer_id: int
    journey: str
    step: str
    template: str
    kind: str
    channel: str
    recipient: str
    body: str
    coupon: str | None
    coupon_refused: str | None
    status: str
    reason: str | None
    refused: Sequence[Any]
    counts: bool
    day: date
    claimed_at: datetime
    called_at: datetime | None
    written_at: datetime | None
    provider_id: str | None
    look_at: datetime | None
    looks: int
    revision: int

    @property
    def is_forgotten(self) -> bool:
        """Whether its customer was erased: nothing that leads to whom it went to is kept."""
        return not self.recipient
