"""How far pulls and outputs have come, and rows that couldn't be taken."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from domain.store.columns import Row, id_column, instant, json_column


def _count() -> Any:
    return Field(default=0, sa_type=BigInteger)


class Pull(Row, table=True):
    """How far a connector has pulled: what it goes on with, or a range that is filled in later (`backfill`).

    `position` is where the next page begins, as the source has it; it is written in the transaction that takes the
    page. `running` says that a run is under way, `part` how much of it is done, from 0 to 1. Of the rows, `ignored`
    mean nothing here.
    """

    __tablename__: ClassVar[Any] = "connector_pulls"
    __table_args__ = (
        Index("ix_connector_pulls_regular", "connector", unique=True, postgresql_where=text("NOT backfill")),
        Index("ix_connector_pulls_backfills", "connector", "id", postgresql_where=text("backfill")),
    )
    id: int = id_column()
    connector: str
    backfill: bool = False
    since: str | None = None
    until: str | None = None
    position: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    running: bool = False
    part: float | None = None
    rows: int = _count()
    events: int = _count()
    duplicates: int = _count()
    ignored: int = _count()
    set_aside: int = _count()
    asked_at: datetime = instant()
    started_at: datetime | None = instant(nullable=True)
    last_at: datetime | None = instant(nullable=True)
    finished_at: datetime | None = instant(nullable=True)
    failed_at: datetime | None = instant(nullable=True)
    error: str | None = None


class SetAsideRow(Row, table=True):
    """A row that couldn't be taken, by the event that it should have been; `reason` is a stable code."""

    __tablename__: ClassVar[Any] = "set_aside_rows"
    __table_args__ = (UniqueConstraint("connector", "key"), Index("ix_set_aside_rows_at", "at"))
    id: int = id_column()
    connector: str
    key: str
    row: dict[str, Any] = json_column()
    field: str
    reason: str
    detail: str
    at: datetime = instant()


class OutputPosition(Row, table=True):
    """How far an output has told of a stream: all up to `position` was taken by the other side.

    `seen` is a number up to which all is to be told once every transaction is over that began before `horizon`: only
    then nothing with a smaller number can still come.
    """

    __tablename__: ClassVar[Any] = "output_positions"
    output: str = Field(primary_key=True)
    stream: str = Field(primary_key=True)
    position: int = _count()
    seen: int = _count()
    horizon: int = _count()
    sent: int = _count()
    last_at: datetime | None = instant(nullable=True)
    failed_at: datetime | None = instant(nullable=True)
    error: str | None = None
