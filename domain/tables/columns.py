"""The columns that tables have in common."""

from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMING


def id_column() -> Any:
    """A numbered primary key."""
    return Field(default=None, sa_type=BigInteger, primary_key=True)


def reference(
    target: str, *, index: bool = False, nullable: bool = False, primary_key: bool = False, unique: bool = False
) -> Any:
    """A reference to another row."""
    column = Column(
        BigInteger, ForeignKey(target), index=index, nullable=nullable, primary_key=primary_key, unique=unique or None
    )
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)


def instant(*, nullable: bool = False) -> Any:
    """An aware instant, kept in UTC."""
    kind: Any = DateTime(timezone=True)
    return Field(default=None, sa_type=kind, nullable=True) if nullable else Field(sa_type=kind)


def json_column() -> Any:
    """A JSON object."""
    return Field(default_factory=dict, sa_type=JSONB, nullable=False)
