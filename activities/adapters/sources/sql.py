"""A database over SQLAlchemy: rows in the order of their cursor and, where that is equal, of their key."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, column, create_engine, or_, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from activities.adapters.sources.source import BadRangeError, Position, SourceError, Surroundings, part_of
from domain.connectors.mapping import plain, zone_of
from domain.connectors.pulls import Page
from workflows.language.connectors import Connector, Sql
from workflows.language.mapping import instant_of

_BIND = re.compile(r"(?<![:\\\w]):(?=\w)")
"""What SQLAlchemy would take for a parameter; a query has none."""


class SqlSource:
    """The rows of a query. `begin` goes back by the overlap where the cursor is a time."""

    def __init__(self, connector: Connector, sql: Sql, surroundings: Surroundings) -> None:
        self._connector = connector
        self._zone = zone_of(connector)
        self._cursor: ColumnElement[Any] = column(str(connector.cursor))
        self._key: ColumnElement[Any] = column(str(connector.key))
        self._from = text(f"(\n{_BIND.sub(lambda _: chr(92) + ':', sql.query)}\n) page")
        url = surroundings.value(sql.url)
        try:
            self._engine = create_engine(url, hide_parameters=True, pool_size=1, max_overflow=0, pool_pre_ping=True)
        except (ArgumentError, NoSuchModuleError, ImportError, TypeError):
            raise SourceError(f"{sql.url} is no SQLAlchemy URL, or the driver that it names isn't installed") from None

    def close(self) -> None:
        self._engine.dispose()

    def begin(self, last: Position | None) -> Position:
        if last is None or last.get("top") is None:
            return {"at": None, "key": None, "top": None}
        top = _decoded(last["top"])
        back = top - self._connector.overlap.nominal if isinstance(top, datetime | date) else top
        return {"at": _encoded(back), "key": None, "top": last["top"]}

    def range(self, since: str, until: str) -> Position:
        sample = self._sample()
        begin, end = (_encoded(self._as(written, sample)) for written in (since, until))
        return {"at": begin, "key": None, "top": None, "since": begin, "until": end}

    def read(self, position: Position) -> Page:
        size = self._connector.page
        query = select(text("*")).select_from(self._from).order_by(self._cursor, self._key).limit(size)
        rows = self._rows(query.where(*self._conditions(position)))
        position = {**position}
        if rows:
            at, key = rows[-1][str(self._connector.cursor)], rows[-1][str(self._connector.key)]
            top = at if position["top"] is None else max(at, _decoded(position["top"]))
            position |= {"at": _encoded(at), "key": _encoded(key), "top": _encoded(top)}
        more = len(rows) == size
        return Page([plain(row, self._zone) for row in rows], position, more, self._part(position) if more else 1.0)

    def _conditions(self, position: Position) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = [self._cursor.is_not(None)]
        if position["at"] is not None:
            at = _decoded(position["at"])
            conditions.append(self._cursor >= at)
            if position["key"] is not None:
                behind = and_(self._cursor == at, self._key > _decoded(position["key"]))
                conditions.append(or_(self._cursor > at, behind))
        if position.get("until") is not None:
            conditions.append(self._cursor < _decoded(position["until"]))
        return conditions

    def _sample(self) -> Any:
        """Some value of the cursor; None if there is none."""
        query = select(self._cursor).select_from(self._from).where(self._cursor.is_not(None)).limit(1)
        rows = self._rows(query)
        return next(iter(rows[0].values())) if rows else None

    def _as(self, written: str, sample: Any) -> Any:
        """What people wrote, as a value of the cursor's kind."""
        if isinstance(sample, int | Decimal | float):
            try:
                return Decimal(written) if isinstance(sample, Decimal) else int(written)
            except (ValueError, ArithmeticError):
                raise BadRangeError(f"the cursor is a number, and {written} is none") from None
        if isinstance(sample, str):
            return written
        instant = instant_of(written, self._zone)
        if instant is None:
            raise BadRangeError(f"{written} is no time; write it like 2026-03-02 or 2026-03-02T08:00") from None
        local = instant.astimezone(self._zone)
        if isinstance(sample, datetime):
            return instant if sample.tzinfo else local.replace(tzinfo=None)
        return local.date()

    def _rows(self, query: Any) -> list[Mapping[str, Any]]:
        try:
            with self._engine.connect().execution_options(postgresql_readonly=True) as connection:
                return [dict(row) for row in connection.execute(query).mappings()]
        except DBAPIError as error:
            raise SourceError(f"the database says: {str(error.orig).splitlines()[0][:200]}") from None
        except (SQLAlchemyError, KeyError) as error:
            raise SourceError(f"the query can't be asked: {type(error).__name__}") from None

    def _part(self, position: Position) -> float | None:
        if position.get("until") is None:
            return None
        since, until, at = (_decoded(position[name]) for name in ("since", "until", "at"))
        if isinstance(at, datetime):
            return part_of(since, until, at)
        return float((at - since) / (until - since)) if isinstance(at, int | Decimal) and until > since else None


def _encoded(value: Any) -> Any:
    """A value of a cursor or a key as JSON, so that it comes back as what it was."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            return {"time": value.isoformat()}
        case date():
            return {"date": value.isoformat()}
        case Decimal():
            return {"decimal": str(value)}
        case timedelta():
            raise SourceError("a cursor can't be a span of time")
    return str(value)


def _decoded(value: Any) -> Any:
    match value:
        case {"time": str(written)}:
            return datetime.fromisoformat(written)
        case {"date": str(written)}:
            return date.fromisoformat(written)
        case {"decimal": str(written)}:
            return Decimal(written)
    return value
