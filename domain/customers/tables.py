"""Customers and what names them, what they allowed, and what they bought."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import BigInteger, Index, text
from sqlmodel import Field

from domain.store.columns import Row, id_column, instant, json_column, reference


class OwnDataError(ValueError):
    """What is stored of a customer can't be read, which is nobody's defect: `bad_timezone`, `bad_fields`."""


class Customer(Row, table=True):
    """One person. `fields` holds what is known of them (city, birthday, owner, …), `field_times` since which event."""

    __tablename__: ClassVar[Any] = "customers"
    id: int = id_column()
    name: str | None = None
    timezone: str | None = None
    fields: dict[str, Any] = json_column()
    field_times: dict[str, Any] = json_column()
    created_at: datetime = instant()


class CustomerRow(NamedTuple):
    """A row of customers as a value."""

    id: int
    name: str | None
    timezone: str | None
    fields: Mapping[str, Any]
    field_times: Mapping[str, Any]
    created_at: datetime


AnyCustomer = Customer | CustomerRow
"""A customer to be read."""


class Identifier(Row, table=True):
    """Something that names a customer: `phone`, `unionid`, `openid:mini`, …"""

    __tablename__: ClassVar[Any] = "identifiers"
    kind: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    customer_id: int = reference("customers.id", index=True)


class IdentifierConflict(Row, table=True):
    """An event whose identifiers point at different customers; the strongest was taken."""

    __tablename__: ClassVar[Any] = "identifier_conflicts"
    id: int = id_column()
    customer_id: int = reference("customers.id", index=True)
    other_customer_id: int = reference("customers.id")
    kind: str
    value: str
    event_id: int = reference("events.id", index=True)


class Consent(Row, table=True):
    """The append-only record of what a customer allowed; the latest row of a channel and purpose holds.

    `address` is what it was said of: the customer's own then, or what the same event named beside the customer.
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


class CustomerTag(Row, table=True):
    """A tag on a customer, until a time if one was given."""

    __tablename__: ClassVar[Any] = "customer_tags"
    customer_id: int = reference("customers.id", primary_key=True)
    tag: str = Field(primary_key=True)
    until: datetime | None = instant(nullable=True)


class Order(Row, table=True):
    """A paid order; the customer's derived fields are read from these. Amounts in fen."""

    __tablename__: ClassVar[Any] = "orders"
    order_id: str = Field(primary_key=True)
    customer_id: int = reference("customers.id", index=True)
    paid_at: datetime = instant()
    total: int = Field(sa_type=BigInteger)
    refunded: int = Field(default=0, sa_type=BigInteger)
