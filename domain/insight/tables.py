"""What orders are owed to, and the models that foretell them."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Index
from sqlmodel import Field

from domain.store.columns import Row, id_column, instant, json_column, reference


class Attribution(Row, table=True):
    """The message that an order is owed to: the newest that was sent to the customer within the policy's window before.

    `variants` are those of its enrollment, by step. Amounts are those of the order, so that a refund counts at once.
    """

    __tablename__: ClassVar[Any] = "attributions"
    __table_args__ = (Index("ix_attributions_journey", "journey", "paid_at"),)
    order_id: str = Field(foreign_key="orders.order_id", primary_key=True)
    message_id: int = reference("messages.id")
    enrollment_id: int = Field(sa_type=BigInteger)
    customer_id: int = reference("customers.id", index=True)
    journey: str
    step: str
    variants: dict[str, Any] = json_column()
    paid_at: datetime = instant()


class ForecastFit(Row, table=True):
    """Models fitted to all orders: their parameters and log-likelihoods, and of how many customers."""

    __tablename__: ClassVar[Any] = "forecast_fits"
    id: int = id_column()
    at: datetime = instant()
    customers: int
    purchases: dict[str, Any] = json_column()
    order_values: dict[str, Any] = json_column()
