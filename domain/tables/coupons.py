"""Coupons and the budgets they come from. Money is integer fen."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from domain.tables.columns import instant, json_column, reference


class CampaignUse(SQLModel, table=True):
    """What a coupon campaign has given out: a count, and the greatest cost in fen."""

    __tablename__: ClassVar[Any] = "campaign_uses"
    campaign: str = Field(primary_key=True)
    issued: int = 0
    money: int = Field(default=0, sa_type=BigInteger)


class Coupon(SQLModel, table=True):
    """A coupon with its terms, frozen at issue. One per (enrollment, step). `lot_id` is the only lot it holds for."""

    __tablename__: ClassVar[Any] = "coupons"
    __table_args__ = (
        UniqueConstraint("enrollment_id", "step"),
        Index("ix_coupons_customer", "customer_id", "campaign", "issued_at"),
        Index("ix_coupons_lot", "lot_id", postgresql_where=text("lot_id IS NOT NULL")),
    )
    code: str = Field(primary_key=True)
    campaign: str
    customer_id: int = reference("customers.id")
    enrollment_id: int = reference("enrollments.id")
    step: str
    lot_id: str | None = None
    terms: dict[str, Any] = json_column()
    status: str
    issued_at: datetime = instant()
    expires_at: datetime = instant()
