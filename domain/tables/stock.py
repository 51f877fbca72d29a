"""Lots of stock and the shows that sell it."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlmodel import Field, SQLModel

from domain.tables.columns import instant


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
    starts_at: datetime = instant()
    ended_at: datetime | None = instant(nullable=True)
