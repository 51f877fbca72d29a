"""Deliveries that are planned with suppliers."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from domain.store.columns import Row, id_column, instant, json_column


class SupplierDue(Row, table=True):
    """When a supplier's run acts next by itself."""

    __tablename__: ClassVar[Any] = "supplier_dues"
    supplier: str = Field(primary_key=True)
    due_at: datetime = instant()


class SupplyPlan(Row, table=True):
    """A delivery of a supplier that is to come `on` a day, from the proposal to the receipt.

    `lines` is what was proposed, `answer` what the supplier said to it, `exceptions` why that is for the buyer to
    decide, `ordered` the units of each product that are awaited, `orders` what the ERP says of each product's order
    (`reference`, `confirmed`, `promised_on`), `shipped` its shipping notice, `received` what came of each product, and
    `notes` what was told to both sides.
    """

    __tablename__: ClassVar[Any] = "supply_plans"
    __table_args__ = (
        UniqueConstraint("supplier", "on", name="uq_supply_plans_delivery"),
        Index("ix_supply_plans_status", "status"),
    )
    id: int = id_column()
    supplier: str
    way: str
    on: date
    created_at: datetime = instant()
    status: str
    due_at: datetime | None = instant(nullable=True)
    reminders: int = 0
    lines: list[dict[str, Any]] = Field(sa_type=JSONB)
    answer: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    exceptions: list[str] = Field(default_factory=list, sa_type=JSONB)
    decided_by: str | None = None
    ordered: dict[str, Any] = json_column()
    orders: dict[str, Any] = json_column()
    reference: str | None = None
    promised_on: date | None = None
    shipped: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    received: dict[str, Any] = json_column()
    notes: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB)
    closed_at: datetime | None = instant(nullable=True)
