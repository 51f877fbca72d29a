"""Products, the book of their lots, the shows that sell them, and what is ordered because of them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import DateTime, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from domain.store.columns import Row, id_column, instant, json_column, quantity_column, reference

_INSTANT: Any = DateTime(timezone=True)


class LiveSale(Row, table=True):
    """The units of a product that a show sold in a minute, by the time of the orders."""

    __tablename__: ClassVar[Any] = "live_sales"
    __table_args__ = (Index("ix_live_sales_sku", "sku", "minute"),)
    stream_id: str = Field(primary_key=True)
    sku: str = Field(primary_key=True)
    minute: datetime = Field(primary_key=True, sa_type=_INSTANT)
    units: Decimal = quantity_column()


class LiveProduct(Row, table=True):
    """A product in a running show: what it was expected to sell when its first order came, and its alarms."""

    __tablename__: ClassVar[Any] = "live_products"
    stream_id: str = Field(primary_key=True)
    sku: str = Field(primary_key=True)
    baseline: dict[str, Any] = json_column()
    alarm: str | None = None
    alarmed_at: datetime | None = instant(nullable=True)
    alarms: int = 0


class Replenishment(Row, table=True):
    """An order for more of a product, from the proposal to the receipt. One at a time per product and city.

    `due_at` is when it acts next by itself: escalates, lapses or reminds. `basis` is what the proposal was worked out
    from. Units; `quantity` is what was decided.
    """

    __tablename__: ClassVar[Any] = "replenishments"
    __table_args__ = (
        Index("uq_replenishments_open", "sku", "city", unique=True, postgresql_where=text("closed_at IS NULL")),
        Index("ix_replenishments_status", "status", "id"),
    )
    id: int = id_column()
    alarm_id: int = reference("events.id", unique=True)
    stream_id: str | None = None
    sku: str
    city: str = ""
    status: str
    proposed: Decimal = quantity_column()
    pack: Decimal = quantity_column()
    ceiling: Decimal | None = quantity_column(nullable=True)
    basis: dict[str, Any] = json_column()
    assignee: str | None = None
    created_at: datetime = instant()
    due_at: datetime | None = instant(nullable=True)
    quantity: Decimal | None = quantity_column(nullable=True)
    decided_by: str | None = None
    decided_at: datetime | None = instant(nullable=True)
    reason: str | None = None
    reference: str | None = None
    promised_on: date | None = None
    reminders: int = 0
    received: Decimal | None = quantity_column(nullable=True)
    closed_at: datetime | None = instant(nullable=True)


class ReplenishmentNotice(Row, table=True):
    """A notice to a buyer: one per status of a replenishment and per reminder."""

    __tablename__: ClassVar[Any] = "replenishment_notices"
    replenishment_id: int = reference("replenishments.id", primary_key=True)
    status: str = Field(primary_key=True)
    reminders: int = Field(primary_key=True)
    recipient: str
    body: str = Field(sa_type=Text)
    at: datetime = instant()


class Product(Row, table=True):
    """What is sold. It keeps `shelf_days` from the day it is made, and must keep `min_days` more when it is sold.

    `companions` are the products that the shop itself would offer beside it, the first first.
    `aliases` are what customers call it beside its name; `manager` is the employee who answers for it.
    """

    __tablename__: ClassVar[Any] = "products"
    sku: str = Field(primary_key=True)
    name: str | None = None
    category: str | None = None
    shelf_days: int | None = None
    min_days: int = 0
    companions: list[str] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    aliases: list[str] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    manager: str | None = None
    updated_at: datetime = instant()


class Store(Row, table=True):
    """Where stock is kept: a store, or the city itself of lots that name no store. `location` is `{lat, lon}`."""

    __tablename__: ClassVar[Any] = "stores"
    store: str = Field(primary_key=True)
    city: str | None = Field(default=None, index=True)
    location: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))


class Lot(Row, table=True):
    """A batch of stock with an expiry date. `on_hand` is always the sum of its moves. Units.

    `counted_at` is the instant of the newest count, `moved_at` that of the newest move.
    """

    __tablename__: ClassVar[Any] = "lots"
    lot_id: str = Field(primary_key=True)
    sku: str = Field(index=True)
    name: str | None = None
    category: str | None = None
    city: str | None = None
    store: str | None = None
    expires_on: date = Field(index=True)
    on_hand: Decimal = quantity_column()
    reserved: Decimal = quantity_column(default=Decimal(0))
    quarantined: Decimal = quantity_column(default=Decimal(0))
    received_at: datetime | None = instant(nullable=True)
    counted_at: datetime | None = instant(nullable=True)
    moved_at: datetime | None = instant(nullable=True)


class StockMove(Row, table=True):
    """A change of what is on hand of a lot, never altered: the sum of a lot's moves up to an instant is what was there.

    `reason` is received, sold, returned, counted, sold_out, or wholesale for what was sold to it or came back. `seen`
    marks one that takes a late move back at the count that had already seen it.
    """

    __tablename__: ClassVar[Any] = "stock_moves"
    __table_args__ = (
        Index("ix_stock_moves_lot", "lot_id", "at"),
        Index("ix_stock_moves_at", "at"),
        Index("ix_stock_moves_order", "order_id", postgresql_where=text("order_id IS NOT NULL")),
    )
    id: int = id_column()
    lot_id: str = Field(foreign_key="lots.lot_id")
    at: datetime = instant()
    quantity: Decimal = quantity_column()
    reason: str
    seen: bool = False
    order_id: str | None = None
    event_id: int | None = reference("events.id", nullable=True)


class Stream(Row, table=True):
    """A livestream: planned, called off, running or over.

    `plan` is what was said of it beforehand, as in `stream.scheduled`: host, minutes, reservations, products.
    """

    __tablename__: ClassVar[Any] = "streams"
    stream_id: str = Field(primary_key=True)
    title: str | None = None
    city: str | None = None
    starts_at: datetime = instant()
    cancelled_at: datetime | None = instant(nullable=True)
    ended_at: datetime | None = instant(nullable=True)
    plan: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
