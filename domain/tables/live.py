"""What runs between a show and the supply chain: its sales, its alarms, and what is ordered because of them."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, DateTime, Index, text
from sqlmodel import Field

from domain.tables.columns import Row, id_column, instant, json_column, reference

_INSTANT: Any = DateTime(timezone=True)
_WIDE: Any = BigInteger


class LiveSale(Row, table=True):
    """The units of a product that a show sold in a minute, by the time of the orders."""

    __tablename__: ClassVar[Any] = "live_sales"
    __table_args__ = (Index("ix_live_sales_sku", "sku", "minute"),)
    stream_id: str = Field(primary_key=True)
    sku: str = Field(primary_key=True)
    minute: datetime = Field(primary_key=True, sa_type=_INSTANT)
    units: int = Field(sa_type=_WIDE)


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
    proposed: int = Field(sa_type=_WIDE)
    pack: int = Field(sa_type=_WIDE)
    ceiling: int | None = Field(default=None, sa_type=_WIDE)
    basis: dict[str, Any] = json_column()
    assignee: str | None = None
    created_at: datetime = instant()
    due_at: datetime | None = instant(nullable=True)
    quantity: int | None = Field(default=None, sa_type=_WIDE)
    decided_by: str | None = None
    decided_at: datetime | None = instant(nullable=True)
    reason: str | None = None
    reference: str | None = None
    promised_on: date | None = None
    reminders: int = 0
    received: int | None = Field(default=None, sa_type=_WIDE)
    closed_at: datetime | None = instant(nullable=True)
