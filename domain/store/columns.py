"""The columns that tables have in common."""

from collections.abc import Callable
from decimal import Decimal
from functools import cache, partial
from typing import Any, Self

from pydantic import ConfigDict
from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Numeric
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMING


class Row(SQLModel):
    """The base of all tables.

    SQLModel keeps pydantic's state beside SQLAlchemy's. No row is validated, so it is never read; without
    it a row is made and changed several times as fast.
    """

    def __new__(cls, **_: Any) -> Self:
        return object.__new__(cls)

    def __init__(self, **values: Any) -> None:
        missing = {name: default() for name, default in _defaults(type(self)) if name not in values}
        self.__dict__.update(missing, **values)

    __setattr__ = object.__setattr__  # type: ignore[assignment]


class ReadRow(Row):
    """The base of tables whose rows are changed as values alone (`domain/store/rows.py`): one of these is to be read.

    Assigning to a column persists nowhere: mypy refuses it, and so does the row, with TypeError.
    """

    model_config = ConfigDict(frozen=True)  # type: ignore[assignment]

    def __setattr__(self, name: str, value: Any) -> None:
        if name in type(self).model_fields:
            raise TypeError(f"{type(self).__name__}.{name} is changed by the unit of work, as a value")
        object.__setattr__(self, name, value)

    __hash__ = object.__hash__


@cache
def _defaults(table: type[Row]) -> list[tuple[str, Callable[[], Any]]]:
    optional = ((name, field) for name, field in table.model_fields.items() if not field.is_required())
    return [
        (name, field.default_factory or partial(_identity, field.default))  # type: ignore[misc]
        for name, field in optional
    ]


def _identity(value: Any) -> Any:
    return value


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


def quantity_column(*, nullable: bool = False, default: Decimal | None = None) -> Any:
    """How much of a product, as `workflows/terms/quantities.py` has it."""
    kind: Any = Numeric(15, 3)
    if nullable or default is not None:
        return Field(default=default, sa_type=kind, nullable=nullable)
    return Field(sa_type=kind)


def json_column() -> Any:
    """A JSON object."""
    return Field(default_factory=dict, sa_type=JSONB, nullable=False)
