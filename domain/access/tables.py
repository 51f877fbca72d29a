"""Who may call."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from domain.store.columns import Row, id_column, instant


class ApiKey(Row, table=True):
    """An API key, kept as the SHA-256 of its secret."""

    __tablename__: ClassVar[Any] = "api_keys"
    id: int = id_column()
    name: str
    hash: str = Field(unique=True)
    scopes: list[str] = Field(default_factory=list, sa_type=JSONB)
    created_at: datetime = instant()
    revoked_at: datetime | None = instant(nullable=True)
