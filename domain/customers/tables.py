"""Customers and what names them, what they allowed, and what they bought."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import BigInteger, Column, Index, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from domain.store.columns import ReadRow, Row, id_column, instant, json_column, reference


class OwnDataError(ValueError):
    """What is stored of a customer can't be read, which is nobody's defect: `bad_timezone`, `bad_fields`."""


class Customer(ReadRow, table=True):
    """One person. `fields` holds what is known of them (city, birthday, owner, …), `field_times` since which event.

    A row that is `merged_into` another is nobody any more: it was the same person, whose `former` ids are in the other
    one's. `identity` counts how often identifiers came to the customer or went, so that a change can be noticed.
    """

    __tablename__: ClassVar[Any] = "customers"
    __table_args__ = (Index("ix_customers_people", "id", postgresql_where=text("merged_into IS NULL")),)
    id: int = id_column()
    name: str | None = None
    timezone: str | None = None
    fields: dict[str, Any] = json_column()
    field_times: dict[str, Any] = json_column()
    created_at: datetime = instant()
    merged_into: int | None = reference("customers.id", nullable=True)
    former: list[int] = Field(
        default_factory=list, sa_column=Column(ARRAY(BigInteger), nullable=False, server_default="{}")
    )
    identity: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class CustomerRow(NamedTuple):
    """A row of customers as a value."""

    id: int
    name: str | None
    timezone: str | None
    fields: Mapping[str, Any]
    field_times: Mapping[str, Any]
    created_at: datetime
    merged_into: int | None = None
    former: Sequence[int] = ()
    identity: int = 0


AnyCustomer = Customer | CustomerRow
"""A customer to be read."""


class Identifier(Row, table=True):
    """Something that names a customer: `phone`, `unionid`, `openid:mini`, …

    `since` is when it was linked and `event_id` the event that did; both are null for links older than this release.
    `device_id:unnamed` is what happens on a device without a name, once somebody is known on it.
    """

    __tablename__: ClassVar[Any] = "identifiers"
    kind: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    customer_id: int = reference("customers.id", index=True)
    since: datetime | None = instant(nullable=True)
    event_id: int | None = Field(default=None, sa_type=BigInteger)


class IdentifierConflict(Row, table=True):
    """An identifier of an event that didn't name the customer it was about, the one of the strongest: why it doesn't.

    `reason` is `each` (a person has no more of this kind), `asks` (a person decides), `too_many` identifiers, or
    `apart` (they were split). Without another customer, nobody has the identifier. `decided` is what a person said.
    """

    __tablename__: ClassVar[Any] = "identifier_conflicts"
    id: int = id_column()
    customer_id: int = reference("customers.id", index=True)
    other_customer_id: int | None = reference("customers.id", nullable=True, index=True)
    kind: str
    value: str
    event_id: int = reference("events.id", index=True)
    reason: str = Field(default="asks", sa_column_kwargs={"server_default": "asks"})
    decided: str | None = None
    decided_at: datetime | None = instant(nullable=True)


class IdentityJoin(Row, table=True):
    """Two customers that became one: `survivor_id` went on, `loser_id` is nobody since.

    `evidence` are the identifiers (`phone:+86…`) that named both, in the event if it was one; else `by` did it for a
    `reason`. `before` and `after` are what the survivor was and became (name, timezone, fields and their times),
    `tags` the times until which its tags lasted, as {tag: [before, after]}, `made` the ids of consents that the join
    wrote. It is null and void once it is `undone_at`.
    """

    __tablename__: ClassVar[Any] = "identity_joins"
    id: int = id_column()
    survivor_id: int = reference("customers.id", index=True)
    loser_id: int = reference("customers.id", index=True)
    at: datetime = instant()
    event_id: int | None = Field(default=None, sa_type=BigInteger)
    by: str | None = None
    reason: str | None = None
    evidence: list[str] = Field(default_factory=list, sa_type=JSONB, nullable=False)
    before: dict[str, Any] = json_column()
    after: dict[str, Any] = json_column()
    tags: dict[str, Any] = json_column()
    made: list[int] = Field(default_factory=list, sa_type=JSONB, nullable=False)
    undone_at: datetime | None = instant(nullable=True)


class IdentityMove(Row, table=True):
    """The rows of a table that a join moved from the loser to the survivor, by their primary keys as lists."""

    __tablename__: ClassVar[Any] = "identity_moves"
    join_id: int = reference("identity_joins.id", primary_key=True)
    place: str = Field(primary_key=True)
    keys: list[Any] = Field(default_factory=list, sa_type=JSONB, nullable=False)


class IdentityApart(Row, table=True):
    """Two customers whom no event joins again: somebody split them, or decided so. The lower id first."""

    __tablename__: ClassVar[Any] = "identity_apart"
    customer_id: int = reference("customers.id", primary_key=True)
    other_id: int = reference("customers.id", primary_key=True)
    at: datetime = instant()
    by: str


class Consent(Row, table=True):
    """The append-only record of what a customer allowed; the latest row of a channel and purpose holds.

    `address` is what it was said of: the customer's own then, or what the same event named beside the customer. Of a
    customer who was erased, it is a keyed hash of that, `erased:…`.
    """

    __tablename__: ClassVar[Any] = "consents"
    __table_args__ = (
        Index("ix_consents_lookup", "customer_id", "channel", "purpose", "at"),
        Index("ix_consents_address", "address", postgresql_where=text("address IS NOT NULL")),
    )
    id: int = id_column()
    customer_id: int = reference("customers.id")
    address: str | None = None
    channel: str
    purpose: str
    given: bool
    source: str | None = None
    wording: str | None = None
    at: datetime = instant()


class ErasureKey(Row, table=True):
    """The secret by which addresses of erased customers are kept as hashes, so that a refusal of one still holds."""

    __tablename__: ClassVar[Any] = "erasure_key"
    id: int = Field(default=1, primary_key=True)
    key: str


class CustomerTag(Row, table=True):
    """A tag on a customer, until a time if one was given.

    `ruled` says that a rule keeps it, `because` what decided that (workflows/terms/because.py); else a journey set it.
    `since` is null for tags older than that.
    """

    __tablename__: ClassVar[Any] = "customer_tags"
    __table_args__ = (
        Index("ix_customer_tags_tag", "tag", "customer_id"),
        Index("ix_customer_tags_until", "until", postgresql_where=text("until IS NOT NULL")),
    )
    customer_id: int = reference("customers.id", primary_key=True)
    tag: str = Field(primary_key=True)
    until: datetime | None = instant(nullable=True)
    ruled: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    since: datetime | None = instant(nullable=True)
    because: str | None = None


class Order(Row, table=True):
    """A paid order; a customer's derived fields are read from these, out of the index alone. Amounts in fen.

    `stream_id` is the livestream that it came from.
    """

    __tablename__: ClassVar[Any] = "orders"
    __table_args__ = (
        Index("ix_orders_totals", "customer_id", postgresql_include=["paid_at", "total", "refunded"]),
        Index("ix_orders_paid", "paid_at"),
    )
    order_id: str = Field(primary_key=True)
    customer_id: int = reference("customers.id")
    paid_at: datetime = instant()
    total: int = Field(sa_type=BigInteger)
    refunded: int = Field(default=0, sa_type=BigInteger)
    stream_id: str | None = None


class OrderSums(Row, table=True):
    """What all orders of a customer come to, for conditions that are asked of everybody. Triggers on orders keep it.

    `orders` are those that aren't refunded wholly; `spent`, in fen, is what was paid less what was refunded.
    """

    __tablename__: ClassVar[Any] = "order_sums"
    __table_args__ = (Index("ix_order_sums_first", "first_order_at"),)
    customer_id: int = reference("customers.id", primary_key=True)
    orders: int = Field(sa_type=BigInteger)
    spent: int = Field(sa_type=BigInteger)
    first_order_at: datetime | None = instant(nullable=True)
    last_order_at: datetime = instant()
