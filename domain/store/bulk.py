"""Many rows in one statement: they travel as one JSON parameter, so that its text is the same however many they are."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import orjson
from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnClause,
    ColumnElement,
    DefaultClause,
    Executable,
    Function,
    TableValuedAlias,
    Text,
    any_,
    bindparam,
    cast,
    column,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert
from sqlmodel import Session, col

from domain.store.columns import Row
from workflows.terms.quantities import number_of

Rows = Sequence[Mapping[str, Any]]


def inserting(table: type[Row], rows: Rows) -> Insert:
    """The statement that inserts the rows, in their order; what a row leaves out has the model's default."""
    defaults, columns = _shape(table)
    recordset = _recordset([{**defaults, **row} for row in rows], columns)
    return insert(table).from_select([column.name for column in columns], select(recordset))


def insert_all(session: Session, table: type[Row], rows: Rows, *returning: str) -> Sequence[Any]:
    """Insert the rows, as `inserting` does, by a statement that is made once. Returns these columns of each."""
    session.flush()
    defaults, _ = _shape(table)
    parameters = {"rows": as_json([{**defaults, **row} for row in rows])}
    result = session.connection().execute(_insertion(table, returning), parameters)
    return result.all() if returning else ()


@cache
def _insertion(table: type[Row], returning: tuple[str, ...]) -> Executable:
    _, columns = _shape(table)
    target = table.__table__  # type: ignore[attr-defined]
    statement = insert(target).from_select([column.name for column in columns], select(recordset("rows", *columns)))
    return statement.returning(*(target.c[name] for name in returning)) if returning else statement


def recordset(name: str, *columns: ColumnClause[Any]) -> TableValuedAlias:
    """Rows as a table that a query can join, if the query is made once: its parameter `name` is their `as_json`."""
    text = bindparam(name, type_=Text)
    return func.json_to_recordset(cast(text, JSON)).table_valued(*columns).render_derived(with_types=True)


def is_among(column: Any, ids: Iterable[int] | None = None) -> ColumnElement[bool]:
    """Whether a column of ids is one of these; the statement's text is the same however many they are.

    Without them, it is for a statement that is made once and has the parameter `ids`.
    """
    id_array = bindparam("ids", type_=ARRAY(BigInteger)) if ids is None else cast(list(ids), ARRAY(BigInteger))
    return col(column) == any_(id_array)


@cache
def _shape(table: type[Row]) -> tuple[Mapping[str, Any], Sequence[ColumnClause[Any]]]:
    columns = [each for each in table.__table__.columns if each.name != "id" and not _is_of_postgres(each)]  # type: ignore[attr-defined]
    fields = {each.name: table.model_fields[each.name] for each in columns}
    optional = ((name, field) for name, field in fields.items() if not field.is_required())
    return (
        {name: field.get_default(call_default_factory=True) for name, field in optional},
        [column(table_column.name, table_column.type) for table_column in columns],
    )


def _is_of_postgres(column: Column[Any]) -> bool:
    """Whether Postgres alone gives a column its value, by a function, as the time at which a row was written."""
    default = column.server_default
    return isinstance(default, DefaultClause) and isinstance(default.arg, Function)


def as_json(rows: Any) -> str:
    """The rows as the parameter that `json_to_recordset` reads."""
    try:
        return orjson.dumps(rows, default=_plain).decode()
    except TypeError:  # an integer of more than 64 bits
        return json.dumps(rows, default=_plain)


def _plain(value: date | Decimal) -> str | int | float:
    if isinstance(value, Decimal):
        return number_of(value)
    return value.isoformat()


def recordset_of(rows: Rows, **columns: Any) -> TableValuedAlias:
    """The rows as a table that a query can join, with the types of its columns."""
    return _recordset(rows, [column(name, type_) for name, type_ in columns.items()])


def _recordset(rows: Rows, columns: Sequence[ColumnClause[Any]]) -> TableValuedAlias:
    text = literal(as_json(rows), Text)
    return func.json_to_recordset(cast(text, JSON)).table_valued(*columns).render_derived(with_types=True)
