"""Coupons, the budgets they come from, and the orders they are used on. Money is integer fen."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from domain.store.columns import Row, instant, json_column, reference


class CampaignUse(Row, table=True):
    """What is used of a campaign's budgets: by coupons that live or were redeemed, and the sum of their `cost`."""

    __tablename__: ClassVar[Any] = "campaign_uses"
    campaign: str = Field(primary_key=True)
    issued: int = 0
    money: int = Field(default=0, sa_type=BigInteger)


class Coupon(Row, table=True):
    """A coupon with its terms, frozen at issue. One per (enrollment, step), beside those taken back.

    One that was won in a play has no enrollment; its step is the play, the instance, the part and the entry.

    `cost` is what it uses of the money budget: the most it can come to while it lives, what it came to once redeemed.
    `order_id` is the order that holds it until `locked_until`, or that it was redeemed on. `lot_id` is the only lot it
    holds for. `moves` counts its changes of status. `outside` says how far an outside service, where it is from one,
    knows: `reserved`, `confirmed` or `released`.
    """

    __tablename__: ClassVar[Any] = "coupons"
    __table_args__ = (
        Index("uq_coupons_step", "enrollment_id", "step", unique=True, postgresql_where=text("status <> 'revoked'")),
        Index("ix_coupons_customer", "customer_id", "campaign", "issued_at"),
        Index("ix_coupons_campaign", "campaign", "issued_at", "code", postgresql_include=["status", "cost"]),
        Index("ix_coupons_order", "order_id", postgresql_where=text("order_id IS NOT NULL")),
        Index("ix_coupons_lot", "lot_id", postgresql_where=text("lot_id IS NOT NULL")),
        Index("ix_coupons_expiry", "expires_at", postgresql_where=text("status = 'issued'")),
        Index("ix_coupons_locks", "locked_until", postgresql_where=text("status = 'locked'")),
        Index("ix_coupons_outside", "code",
              postgresql_where=text("outside = 'reserved' OR (outside = 'confirmed' AND status = 'revoked')")),
    )  # fmt: skip
    code: str = Field(primary_key=True)
    campaign: str
    customer_id: int = reference("customers.id")
    enrollment_id: int | None = reference("enrollments.id", nullable=True)
    step: str
    lot_id: str | None = None
    terms: dict[str, Any] = json_column()
    status: str
    issued_at: datetime = instant()
    expires_at: datetime = instant()
    cost: int = Field(default=0, sa_type=BigInteger)
    order_id: str | None = None
    locked_until: datetime | None = instant(nullable=True)
    moves: int = 0
    outside: str | None = None


class CouponOrder(Row, table=True):
    """What coupons take off an order, as it was when they were locked for it.

    `lines` is the basket, `codes` the coupons in the order in which they apply, `shares` what each takes off each line
    and `refunds` the answers given, by the refund's id.
    """

    __tablename__: ClassVar[Any] = "coupon_orders"
    order_id: str = Field(primary_key=True)
    customer_id: int = reference("customers.id", index=True)
    lines: list[Any] = Field(default_factory=list, sa_type=JSONB, nullable=False)
    codes: list[str] = Field(default_factory=list, sa_type=JSONB, nullable=False)
    shares: dict[str, list[int]] = json_column()
    redeemed_at: datetime | None = instant(nullable=True)
    refunds: dict[str, Any] = json_column()
