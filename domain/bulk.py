"""Many rows in one statement: they travel as one JSON parameter, so that its text is the same however many they are."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

import orjson
from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnClause,
    ColumnElement,
    Executable,
    TableValuedAlias,
    Text,
    any_,
    bindparam,
    cast,
    column,
    func,
    inspect,
    literal,
    select,
    update,
)
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, col

from domain.tables import Enrollment, Message, TrailEntry
from domain.tables.columns import Row

Rows = Sequence[Mapping[str, Any]]


def inserting(table: type[Row], rows: Rows) -> Insert:
    """The statement that inserts the rows, in their order; what a row leaves out has the model's default."""
    defaults, columns = _shape(table)
    given = _listed([{**defaults, **row} for row in rows], columns)
    return insert(table).from_select([each.name for each in columns], select(given))


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
    statement = insert(target).from_select([each.name for each in columns], select(given("rows", *columns)))
    return statement.returning(*(target.c[name] for name in returning)) if returning else statement


def given(name: str, *columns: ColumnClause[Any]) -> TableValuedAlias:
    """Rows as a table that a query can join, if the query is made once: its parameter `name` is their `as_json`."""
    text = bindparam(name, type_=Text)
    return func.json_to_recordset(cast(text, JSON)).table_valued(*columns).render_derived(with_types=True)


def among(column: Any, ids: Iterable[int]) -> ColumnElement[bool]:
    """Whether a column of ids is one of these; the statement's text is the same however many they are."""
    return col(column) == any_(cast(list(ids), ARRAY(BigInteger)))


@cache
def _shape(table: type[Row]) -> tuple[Mapping[str, Any], Sequence[ColumnClause[Any]]]:
    optional = ((name, field) for name, field in table.model_fields.items() if not field.is_required() and name != "id")
    columns = [each for each in table.__table__.columns if each.name != "id"]  # type: ignore[attr-defined]
    return (
        {name: field.get_default(call_default_factory=True) for name, field in optional},
        [column(each.name, each.type) for each in columns],
    )


def as_json(rows: Any) -> str:
    """The rows as the parameter that `json_to_recordset` reads."""
    try:
        return orjson.dumps(rows).decode()
    except TypeError:  # an integer of more than 64 bits
        return json.dumps(rows, default=_written)


def _written(value: date) -> str:
    return value.isoformat()


def listed(rows: Rows, **columns: Any) -> TableValuedAlias:
    """The rows as a table that a query can join, with the types of its columns."""
    return _listed(rows, [column(name, type_) for name, type_ in columns.items()])


def _listed(rows: Rows, columns: Sequence[ColumnClause[Any]]) -> TableValuedAlias:
    text = literal(as_json(rows), Text)
    return func.json_to_recordset(cast(text, JSON)).table_valued(*columns).render_derived(with_types=True)


@sqlalchemy_event.listens_for(Session, "before_flush")
def _write_in_bulk(session: Session, *_: Any) -> None:
    """Take from the unit of work, which writes row by row, what a group's step writes most of."""
    noted = [each for each in session.new if isinstance(each, TrailEntry)]
    if len(noted) > 1:
        session.execute(inserting(TrailEntry, [_values(each, _shape(TrailEntry)[1]) for each in noted]))
        for each in noted:
            session.expunge(each)
    for table in (Enrollment, Message):
        changed = [each for each in session.dirty if isinstance(each, table)]
        if len(changed) > 1:
            _rewrite(session, table, changed)


def _rewrite(session: Session, table: type[Enrollment] | type[Message], rows: Sequence[Row]) -> None:
    names = {
        name for row in rows for name, before in inspect(row).committed_state.items() if getattr(row, name) != before
    }
    columns = [each for each in _shape(table)[1] if each.name in names]
    if not columns:
        return
    values = [_values(each, columns) for each in rows]
    given = _listed(
        [{**each, "id": row.id} for each, row in zip(values, rows, strict=True)],  # type: ignore[attr-defined]
        [column("id", BigInteger()), *columns],
    )
    new = {each.name: given.c[each.name] for each in columns}
    mine = update(table).where(col(table.id) == given.c.id).values(new)
    session.execute(mine, execution_options={"synchronize_session": False})
    for row, each in zip(rows, values, strict=True):
        for name, value in each.items():
            set_committed_value(row, name, value)


def _values(row: Row, columns: Sequence[ColumnClause[Any]]) -> dict[str, Any]:
    return {each.name: getattr(row, each.name) for each in columns}
