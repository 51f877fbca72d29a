"""What orders are owed to, the models that foretell them, and what is learnt of products and hours."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from domain.store.columns import Row, id_column, instant, json_column, reference


class Attribution(Row, table=True):
    """What an order is owed to: the newest message that was sent to the customer within the policy's window before.

    `coupon` is that of a journey that was used on it. Where there is no such message, journey and step are the
    coupon's, and the message is the one that it came with, if any. `variants` are those of the enrollment, by step.
    Amounts are those of the order, so that a refund counts at once.
    """

    __tablename__: ClassVar[Any] = "attributions"
    __table_args__ = (Index("ix_attributions_journey", "journey", "paid_at"),)
    order_id: str = Field(foreign_key="orders.order_id", primary_key=True)
    message_id: int | None = reference("messages.id", nullable=True)
    coupon: str | None = None
    enrollment_id: int = Field(sa_type=BigInteger)
    customer_id: int = reference("customers.id", index=True)
    journey: str
    step: str
    variants: dict[str, Any] = json_column()
    paid_at: datetime = instant()


class ForecastFit(Row, table=True):
    """Models fitted to all orders: their parameters and log-likelihoods, and of how many customers.

    `foretold` is what would have been foretold of the last 90 days, beside what came, by how often customers had
    ordered again.
    """

    __tablename__: ClassVar[Any] = "forecast_fits"
    id: int = id_column()
    at: datetime = instant()
    customers: int
    purchases: dict[str, Any] = json_column()
    order_values: dict[str, Any] = json_column()
    foretold: list[Any] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False, server_default="[]"))


class LearntCompanion(Row, table=True):
    """A product that is bought with another more often than by chance, as of the last night.

    `place` counts from 0, the best first. `together` is how often both were bought in one order or within the days
    after, `lift` how many times as often as by chance (drawn towards 1 where little was seen), and `weight` what is
    added up over the products of a basket. `name` is what the newest order called it.
    """

    __tablename__: ClassVar[Any] = "companions"
    sku: str = Field(primary_key=True)
    companion: str = Field(primary_key=True)
    place: int
    weight: float
    lift: float
    together: int
    name: str | None = None


class ShopHour(Row, table=True):
    """How often all customers clicked, answered or ordered in an hour of their day, in the days before the last night.

    0 is the hour after midnight.
    """

    __tablename__: ClassVar[Any] = "shop_hours"
    hour: int = Field(primary_key=True)
    times: int = Field(sa_type=BigInteger)


class UnitDay(Row, table=True):
    """Customers of a group whose windows closed on a day, and their sums, as of the last night (`units.py`).

    `step` is a split, and `plans` those by which it splits; "" is the holdout. `day` is null of windows that are open.
    """

    __tablename__: ClassVar[Any] = "unit_days"
    __table_args__ = (Index("ix_unit_days_journey", "journey", "step"),)
    id: int = id_column()
    journey: str
    step: str
    plans: list[str] = json_column()
    name: str
    day: date | None = None
    n: int = Field(sa_type=BigInteger)
    reached: int = Field(sa_type=BigInteger)
    paid: float
    paid_squares: float
    before: float
    before_squares: float
    product: float
    first: datetime = instant()


class JourneyTotal(Row, table=True):
    """What came of a journey as of the last night: entries, messages, and what is owed to them in fen."""

    __tablename__: ClassVar[Any] = "journey_totals"
    journey: str = Field(primary_key=True)
    at: datetime = instant()
    entered: int = Field(sa_type=BigInteger)
    first: datetime | None = instant(nullable=True)
    sent: int = Field(sa_type=BigInteger)
    clicked: int = Field(sa_type=BigInteger)
    orders: int = Field(sa_type=BigInteger)
    revenue: int = Field(sa_type=BigInteger)


class MetricPoint(Row, table=True):
    """A metric of a day, week or month of the zone that is over, kept as it was counted (`rollups.py`).

    `definition` tells by which SQL and in which zone, `numerator` is null where there is no number.
    """

    __tablename__: ClassVar[Any] = "metric_points"
    metric: str = Field(primary_key=True)
    definition: str = Field(primary_key=True)
    by: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    starts: datetime = instant()
    ends: datetime = instant()
    numerator: float | None = None
    denominator: float | None = None


class MetricChange(Row, table=True):
    """An hour of which something changed that metrics are made of, until what is kept of it is forgotten.

    Triggers on the tables that metrics read add these rows, and only add, so that no transaction waits for another.
    """

    __tablename__: ClassVar[Any] = "metric_changes"
    id: int = id_column()
    source: str
    hour: datetime = instant()
