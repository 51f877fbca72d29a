"""Many rows in one statement: they travel as one JSON parameter, so that its text is the same however many they are."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, Generic, TypeVar

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
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, col

from domain.journeys.tables import Enrollment
from domain.store.columns import Row

Rows = Sequence[Mapping[str, Any]]
R = TypeVar("R", bound=Row)


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
    optional = ((name, field) for name, field in table.model_fields.items() if not field.is_required() and name != "id")
    columns = [table_column for table_column in table.__table__.columns if table_column.name != "id"]  # type: ignore[attr-defined]
    return (
        {name: field.get_default(call_default_factory=True) for name, field in optional},
        [column(table_column.name, table_column.type) for table_column in columns],
    )


def as_json(rows: Any) -> str:
    """The rows as the parameter that `json_to_recordset` reads."""
    try:
        return orjson.dumps(rows).decode()
    except TypeError:  # an integer of more than 64 bits
        return json.dumps(rows, default=_iso_format)


def _iso_format(value: date) -> str:
    return value.isoformat()


def recordset_of(rows: Rows, **columns: Any) -> TableValuedAlias:
    """The rows as a table that a query can join, with the types of its columns."""
    return _recordset(rows, [column(name, type_) for name, type_ in columns.items()])


def _recordset(rows: Rows, columns: Sequence[ColumnClause[Any]]) -> TableValuedAlias:
    text = literal(as_json(rows), Text)
    return func.json_to_recordset(cast(text, JSON)).table_valued(*columns).render_derived(with_types=True)


class BulkRows(Generic[R]):
    """Rows that are read for a group at once. The session doesn't keep them: what is changed in them is written here.

    They have the attributes of the table's rows, but no change tracking, which costs more than all other work on them.
    The session has other objects for the same rows.
    """

    def __init__(self, table: type[R]) -> None:
        self._table = table
        self._make_row = _row_factory(table)
        self._names = [column.name for column in table.__table__.columns]  # type: ignore[attr-defined]
        self._rows: list[R] = []
        self._before: list[list[Any]] = []

    def make(self, values: Mapping[str, Any]) -> R:
        """A row that was just inserted, with these values; what they leave out has the model's default."""
        defaults, _ = _shape(self._table)
        return self.add([values[name] if name in values else defaults[name] for name in self._names])

    def add(self, values: Sequence[Any]) -> R:
        """A row, from the values of the table's columns in their order."""
        row: R = self._make_row()
        row.__dict__ = dict(zip(self._names, values, strict=True))
        self._rows.append(row)
        self._before.append(list(values))
        return row

    def mark(self) -> Sequence[list[Any]]:
        """What was written last, for `undo`."""
        return tuple(self._before)

    def undo(self, mark: Sequence[list[Any]]) -> None:
        """Let the rows be as they were written when the mark was made; those added since are forgotten."""
        del self._rows[len(mark) :]
        self._before = list(mark)
        for row, before in zip(self._rows, self._before, strict=True):
            row.__dict__.update(zip(self._names, before, strict=True))

    def write(self, session: Session) -> None:
        """Write what was changed since the last time, after what the session has to write."""
        session.flush()
        changed: list[R] = []
        names: set[str] = set()
        for number, (row, before) in enumerate(zip(self._rows, self._before, strict=True)):
            values = list(row.__dict__.values())
            if values != before:
                changed.append(row)
                names.update(name for name, new, old in zip(self._names, values, before, strict=True) if new != old)
                self._before[number] = values
        if changed:
            columns = tuple(name for name in self._names if name in names or name == "id")
            rows = [{name: row.__dict__[name] for name in columns} for row in changed]
            session.connection().execute(_rewriting(self._table, columns), {"rows": as_json(rows)})


@cache
def _row_factory(table: type[R]) -> Callable[[], R]:
    properties = {name: value for name, value in vars(table).items() if isinstance(value, property)}
    return type(table.__name__, (), properties)


@cache
def _rewriting(table: type[Row], names: tuple[str, ...]) -> Executable:
    target = table.__table__  # type: ignore[attr-defined]
    changed = recordset("rows", *(column(name, target.c[name].type) for name in names))
    new = {name: changed.c[name] for name in names if name != "id"}
    return update(target).where(target.c.id == changed.c.id).values(new)


def rewrite(session: Session, rows: Sequence[Enrollment]) -> None:
    """Write what was changed in rows of the session, by one statement."""
    changed = {
        name for row in rows for name, before in inspect(row).committed_state.items() if getattr(row, name) != before
    }
    if not changed:
        return
    names = tuple(name for name in Enrollment.model_fields if name in changed or name == "id")
    values = [{name: getattr(row, name) for name in names} for row in rows]
    session.connection().execute(_rewriting(Enrollment, names), {"rows": as_json(values)})
    for row in rows:
        for name in changed:
            set_committed_value(row, name, getattr(row, name))
