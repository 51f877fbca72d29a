"""Receipts that came before their message was settled."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Index
from sqlmodel import Field

from domain.store.columns import Row, instant, json_column


class DoubtfulEnrollment(Row, table=True):
    """An enrollment that was due, at `due_at`, in a span of time that a restore has lost."""

    __tablename__: ClassVar[Any] = "doubtful_enrollments"
    enrollment_id: int = Field(primary_key=True, sa_type=BigInteger, foreign_key="enrollments.id")
    due_at: datetime = instant()


class EarlyReceipt(Row, table=True):
    """A receipt for a message that its provider has named before we knew the name."""

    __tablename__: ClassVar[Any] = "early_receipts"
    __table_args__ = (Index("ix_early_receipts_provider", "channel", "provider_id"),)
    source: str = Field(primary_key=True)
    receipt_id: str = Field(primary_key=True)
    channel: str
    provider_id: str
    receipt: dict[str, Any] = json_column()
    received_at: datetime = instant()
