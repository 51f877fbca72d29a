"""What runs the product itself: keys, and the clock of a demo."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from domain.tables.columns import Row, id_column, instant


class ApiKey(Row, table=True):
    """An API key, kept as the SHA-256 of its secret."""

    __tablename__: ClassVar[Any] = "api_keys"
    id: int = id_column()
    name: str
    hash: str = Field(unique=True)
    scopes: list[str] = Field(default_factory=list, sa_type=JSONB)
    created_at: datetime = instant()
    revoked_at: datetime | None = instant(nullable=True)


class ClockState(Row, table=True):
    """One row: the compressed clock of a demo, shared by its processes. Absent in production."""

    __tablename__: ClassVar[Any] = "clock"
    id: int = Field(primary_key=True)
    journey_at: datetime = instant()
    real_at: datetime = instant()
    limit_at: datetime = instant()
    legs: list[Any] = Field(default_factory=list, sa_type=JSONB, nullable=False)
