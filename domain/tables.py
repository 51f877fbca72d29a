"""Every table. Times are aware and stored in UTC; money is integer fen."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMING


def _id() -> Any:
    return Field(default=None, sa_type=BigInteger, primary_key=True)


def _ref(target: str, *, index: bool = False, nullable: bool = False, primary_key: bool = False) -> Any:
    column = Column(BigInteger, ForeignKey(target), index=index, nullable=nullable, primary_key=primary_key)
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)


def _at(*, nullable: bool = False) -> Any:
    kind: Any = DateTime(timezone=True)
    return Field(default=None, sa_type=kind, nullable=True) if nullable else Field(sa_type=kind)


def _json() -> Any:
    return Field(default_factory=dict, sa_type=JSONB, nullable=False)


class Customer(SQLModel, table=True):
    """One person. `fields` holds what is known of them (city, birthday, owner, …), `field_times` since which event."""

    __tablename__: ClassVar[Any] = "customers"
    id: int = _id()
    name: str | None = None
    timezone: str | None = None
    fields: dict[str, Any] = _json()
    field_times: dict[str, Any] = _json()
    created_at: datetime = _at()


class Identifier(SQLModel, table=True):
    """Something that names a customer: `phone`, `unionid`, `openid:mini`, …"""

    __tablename__: ClassVar[Any] = "identifiers"
    kind: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    customer_id: int = _ref("customers.id", index=True)


class IdentifierConflict(SQLModel, table=True):
    """An event whose identifiers point at different customers; the strongest was taken."""

    __tablename__: ClassVar[Any] = "identifier_conflicts"
    id: int = _id()
    customer_id: int = _ref("customers.id", index=True)
    other_customer_id: int = _ref("customers.id")
    kind: str
    value: str
    event_id: int = _ref("events.id")


class Consent(SQLModel, table=True):
    """The append-only record of what a customer allowed; the latest row of a channel and purpose holds."""

    __tablename__: ClassVar[Any] = "consents"
    __table_args__ = (Index("ix_consents_lookup", "customer_id", "channel", "purpose", "at"),)
    id: int = _id()
    customer_id: int = _ref("customers.id")
    channel: str
    purpose: str
    given: bool
    source: str | None = None
    wording: str | None = None
    at: datetime = _at()


class Event(SQLModel, table=True):
    """What happened, once per (source, event_id), for ever."""

    __tablename__: ClassVar[Any] = "events"
    __table_args__ = (
        UniqueConstraint("source", "event_id"),
        Index("ix_events_history", "customer_id", "type", "time"),
        Index("ix_events_business", "type", "time", postgresql_where=text("customer_id IS NULL")),
    )
    id: int = _id()
    source: str
    event_id: str
    type: str
    time: datetime = _at()
    received_at: datetime = _at()
    customer_id: int | None = _ref("customers.id", nullable=True)
    data: dict[str, Any] = _json()


class Order(SQLModel, table=True):
    """A paid order; the customer's derived fields are read from these. Amounts in fen."""

    __tablename__: ClassVar[Any] = "orders"
    order_id: str = Field(primary_key=True)
    customer_id: int = _ref("customers.id", index=True)
    paid_at: datetime = _at()
    total: int = Field(sa_type=BigInteger)
    refunded: int = Field(default=0, sa_type=BigInteger)


class Publication(SQLModel, table=True):
    """One row whose version (never used twice) changes with every publishing, so that readers read again."""

    __tablename__: ClassVar[Any] = "publication"
    id: int = Field(primary_key=True)
    version: str


class Document(SQLModel, table=True):
    """A published `_policy`, `_segments` or `_coupons` file, as the JSON of its validated models."""

    __tablename__: ClassVar[Any] = "documents"
    name: str = Field(primary_key=True)
    body: dict[str, Any] = _json()


class MessageText(SQLModel, table=True):
    """The live text of a template on a channel."""

    __tablename__: ClassVar[Any] = "message_texts"
    template: str = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    body: str = Field(sa_type=Text)


class PublishedPlan(SQLModel, table=True):
    """An immutable version of a journey; `id` is the hash of its content, `ended` why its enrollments don't go on."""

    __tablename__: ClassVar[Any] = "plans"
    __table_args__ = (UniqueConstraint("journey", "version"),)
    id: str = Field(primary_key=True)
    journey: str
    version: int
    source: str = Field(sa_type=Text)
    plan: dict[str, Any] = _json()
    published_at: datetime = _at()
    ended: str | None = None


class Journey(SQLModel, table=True):
    """A journey and its live version. `late` (`send` or `drop`) is what to do with messages that a pause held."""

    __tablename__: ClassVar[Any] = "journeys"
    name: str = Field(primary_key=True)
    plan_id: str = Field(foreign_key="plans.id")
    paused: bool = False
    stopped: bool = False
    late: str = "send"


class JourneyAction(SQLModel, table=True):
    """Who did what to a journey, and when: `published`, `paused`, `resumed`, `stopped`, `stopped_customer`."""

    __tablename__: ClassVar[Any] = "journey_actions"
    id: int = _id()
    journey: str = Field(index=True)
    action: str
    by: str
    at: datetime = _at()
    version: int
    details: dict[str, Any] = _json()


class Enrollment(SQLModel, table=True):
    """One customer's pass through one plan.

    `due_at` is the journey time at which it acts next (null once it is over, or while a pause holds it). `anchor` is
    where its time begins and `generation` counts its restarts. `outcomes` is its history, as [path, result, at];
    `position` the step it stands before. `slot` makes the re-entry rule a unique key.
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
    )  # fmt: skip
    id: int = _id()
    journey: str
    plan_id: str = Field(foreign_key="plans.id")
    customer_id: int = _ref("customers.id")
    key: str
    slot: str
    exclusive: bool = False
    trigger_id: int = _ref("events.id")
    subject: dict[str, Any] = _json()
    entered_at: datetime = _at()
    anchor: datetime = _at()
    generation: int = 0
    claimed: bool = False
    held: bool = False
    outcomes: list[Any] = Field(default_factory=list, sa_type=JSONB, nullable=False)
    position: str | None = None
    due_at: datetime | None = _at(nullable=True)
    last_sent_at: datetime | None = _at(nullable=True)
    goal_until: datetime | None = _at(nullable=True)
    ending: str | None = None
    reason: str | None = None
    ended_at: datetime | None = _at(nullable=True)
    converted_at: datetime | None = _at(nullable=True)


class Wait(SQLModel, table=True):
    """A registered wait_for. `result` is set once, by the event or by the time-out."""

    __tablename__: ClassVar[Any] = "waits"
    enrollment_id: int = _ref("enrollments.id", primary_key=True)
    generation: int = Field(primary_key=True)
    step: str = Field(primary_key=True)
    deadline: datetime = _at()
    result: str | None = None
    settled_at: datetime | None = _at(nullable=True)


class Message(SQLModel, table=True):
    """The ledger: one row per (enrollment, step), written before the provider is called."""

    __tablename__: ClassVar[Any] = "messages"
    __table_args__ = (
        UniqueConstraint("enrollment_id", "step"),
        Index("ix_messages_caps", "customer_id", "day", postgresql_where=text("counts")),
    )
    id: int = _id()
    enrollment_id: int = _ref("enrollments.id")
    customer_id: int = _ref("customers.id")
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
    claimed_at: datetime = _at()
    settled_at: datetime | None = _at(nullable=True)
    provider_id: str | None = None


class TrailEntry(SQLModel, table=True):
    """Every decision about a customer, in order: the timeline, and what `why` reads."""

    __tablename__: ClassVar[Any] = "trail"
    __table_args__ = (Index("ix_trail_customer", "customer_id", "id"),)
    id: int = _id()
    at: datetime = _at()
    customer_id: int = _ref("customers.id")
    journey: str
    enrollment_id: int | None = _ref("enrollments.id", nullable=True)
    step: str | None = None
    what: str
    value: str
    via: str | None = None
    reason: str | None = None
    until: datetime | None = _at(nullable=True)
    because: str | None = None


class CampaignUse(SQLModel, table=True):
    """What a coupon campaign has given out: a count, and the greatest cost in fen."""

    __tablename__: ClassVar[Any] = "campaign_uses"
    campaign: str = Field(primary_key=True)
    issued: int = 0
    money: int = Field(default=0, sa_type=BigInteger)


class Coupon(SQLModel, table=True):
    """A coupon with its terms, frozen at issue. One per (enrollment, step)."""

    __tablename__: ClassVar[Any] = "coupons"
    __table_args__ = (
        UniqueConstraint("enrollment_id", "step"),
        Index("ix_coupons_customer", "customer_id", "campaign", "issued_at"),
    )
    code: str = Field(primary_key=True)
    campaign: str
    customer_id: int = _ref("customers.id")
    enrollment_id: int = _ref("enrollments.id")
    step: str
    terms: dict[str, Any] = _json()
    status: str
    issued_at: datetime = _at()
    expires_at: datetime = _at()


class Lot(SQLModel, table=True):
    """A batch of stock with an expiry date. Units; price in fen."""

    __tablename__: ClassVar[Any] = "lots"
    lot_id: str = Field(primary_key=True)
    sku: str = Field(index=True)
    name: str | None = None
    category: str | None = None
    city: str | None = None
    expires_on: date
    on_hand: int
    reserved: int = 0
    quarantined: int = 0


class Stream(SQLModel, table=True):
    """A livestream, planned, running or over."""

    __tablename__: ClassVar[Any] = "streams"
    stream_id: str = Field(primary_key=True)
    title: str | None = None
    city: str | None = None
    starts_at: datetime = _at()
    ended_at: datetime | None = _at(nullable=True)


class Todo(SQLModel, table=True):
    """A task for a sales guide."""

    __tablename__: ClassVar[Any] = "todos"
    __table_args__ = (UniqueConstraint("enrollment_id", "step"),)
    id: int = _id()
    enrollment_id: int = _ref("enrollments.id")
    customer_id: int = _ref("customers.id")
    step: str
    text: str
    assignee: str | None = None
    due_at: datetime = _at()
    done_at: datetime | None = _at(nullable=True)


class CustomerTag(SQLModel, table=True):
    """A tag on a customer, until a time if one was given."""

    __tablename__: ClassVar[Any] = "customer_tags"
    customer_id: int = _ref("customers.id", primary_key=True)
    tag: str = Field(primary_key=True)
    until: datetime | None = _at(nullable=True)


class Outbox(SQLModel, table=True):
    """What Temporal must be told: `start` and `wake` an enrollment, `fan_out` a business event to a journey."""

    __tablename__: ClassVar[Any] = "outbox"
    id: int = _id()
    kind: str
    enrollment_id: int | None = _ref("enrollments.id", nullable=True)
    event_id: int | None = _ref("events.id", nullable=True)
    journey: str
    attempts: int = 0


class ApiKey(SQLModel, table=True):
    """An API key, kept as the SHA-256 of its secret."""

    __tablename__: ClassVar[Any] = "api_keys"
    id: int = _id()
    name: str
    hash: str = Field(unique=True)
    scopes: list[str] = Field(default_factory=list, sa_type=JSONB)
    created_at: datetime = _at()
    revoked_at: datetime | None = _at(nullable=True)


class SandboxMessage(SQLModel, table=True):
    """A message that the sandbox channel holds, for reading."""

    __tablename__: ClassVar[Any] = "sandbox_messages"
    key: str = Field(primary_key=True)
    channel: str
    recipient: str
    body: str = Field(sa_type=Text)
    at: datetime = _at()


class ClockState(SQLModel, table=True):
    """One row: the compressed clock of a demo, shared by its processes. Absent in production."""

    __tablename__: ClassVar[Any] = "clock"
    id: int = Field(primary_key=True)
    journey_at: datetime = _at()
    real_at: datetime = _at()
    limit_at: datetime = _at()
    legs: list[Any] = Field(default_factory=list, sa_type=JSONB, nullable=False)
