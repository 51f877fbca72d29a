"""The ledger of messages, and what channels need to remember."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from domain.tables.columns import Row, id_column, instant, json_column, reference


class Message(Row, table=True):
    """The ledger: one row per (enrollment, step), written before the provider is called; see domain/ledger.py.

    `channel`, `recipient`, `body` and `provider_id` are of the attempt under way, `refused` holds what the channels
    before it said, as {channel, reason}. `day` is the customer's local day, of whose caps it takes a place if it
    `counts`.
    `called_at` is the instant of sending, `look_at` when to ask the provider again, after `looks` times in vain.
    `written_at` says when the enrollment was told; a receipt may come before.
    """

    __tablename__: ClassVar[Any] = "messages"
    __table_args__ = (
        UniqueConstraint("enrollment_id", "step"),
        Index("ix_messages_caps", "customer_id", "day", postgresql_where=text("counts")),
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


class Link(Row, table=True):
    """A short link in a message, and where it leads."""

    __tablename__: ClassVar[Any] = "links"
    token: str = Field(primary_key=True)
    message_id: int = Field(
        sa_column=Column(BigInteger, ForeignKey("messages.id", ondelete="CASCADE"), index=True, nullable=False)
    )
    url: str = Field(sa_type=Text)


class ProviderAccount(Row, table=True):
    """How an account with a provider stands, for all workers.

    `next_at` is when the rate limit is all used up to; nothing is sent before `held_until`, after `failures` calls
    without an answer in a row. `reason` is what was said last.
    """

    __tablename__: ClassVar[Any] = "provider_accounts"
    name: str = Field(primary_key=True)
    next_at: datetime | None = instant(nullable=True)
    failures: int = 0
    failing_since: datetime | None = instant(nullable=True)
    held_until: datetime | None = instant(nullable=True)
    reason: str | None = None


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


class SandboxMessage(Row, table=True):
    """A message that the sandbox channel holds, for reading."""

    __tablename__: ClassVar[Any] = "sandbox_messages"
    key: str = Field(primary_key=True)
    channel: str
    recipient: str
    body: str = Field(sa_type=Text)
    at: datetime = instant()


class ProviderToken(Row, table=True):
    """The access token of an account with a provider, shared by all workers."""

    __tablename__: ClassVar[Any] = "provider_tokens"
    account: str = Field(primary_key=True)
    token: str = Field(repr=False)
    expires_at: datetime = instant()


class WecomFriend(Row, table=True):
    """Whether an employee and a customer are friends in WeCom, since `at`, as far as WeCom told us."""

    __tablename__: ClassVar[Any] = "wecom_friends"
    external_userid: str = Field(primary_key=True)
    userid: str = Field(primary_key=True)
    friends: bool
    at: datetime = instant()


class WecomReminder(Row, table=True):
    """How often an employee was reminded of a message that waits for them in WeCom."""

    __tablename__: ClassVar[Any] = "wecom_reminders"
    msgid: str = Field(primary_key=True)
    times: int
