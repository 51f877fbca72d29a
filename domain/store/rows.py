"""Rows as plain values: a change is a new value, which the unit of work writes (`domain/store/work.py`)."""

from collections.abc import Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import Column, Executable, Table, column, delete, tuple_, update
from sqlmodel import Session

from domain.store.bulk import as_json, insert_all, recordset
from domain.store.columns import Row

V = TypeVar("V", bound=NamedTuple)


class StaleRowError(RuntimeError):
    """A row is not as it was read any more: it wasn't read under its customer's lock."""


class RowKind(Generic[V]):
    """The values that stand for the rows of a table: they have its columns, in their order."""

    def __init__(self, model: type[Row], value: type[V]) -> None:
        self.model = model
        self.value = value
        self.table: Table = model.__table__  # type: ignore[attr-defined]
        self.columns: Sequence[Column[Any]] = list(self.table.columns)
        self.names = tuple(each.name for each in self.columns)
        if value._fields != self.names:
            raise TypeError(f"{value.__name__} has other fields than {self.table.name} has columns")
        self.keys = tuple(each.name for each in self.table.primary_key.columns)
        self.key_of = itemgetter(*(self.names.index(name) for name in self.keys))
        self.has_revision = "revision" in self.names


class HeldRows(Generic[V]):
    """The rows of a table that a transaction has read under its locks, each as it is now, by its primary key."""

    def __init__(self, kind: RowKind[V]) -> None:
        self._kind = kind
        self._now: dict[Any, V] = {}
        self._written: dict[Any, V | None] = {}
        """The rows that differ from what is written, as they are written; None for one that isn't."""

    def hold(self, row: V) -> V:
        """A row that was just read; as this transaction has it, if it was read before."""
        return self._now.setdefault(self._kind.key_of(row), row)

    def __getitem__(self, key: Any) -> V:
        return self._now[key]

    def get(self, key: Any) -> V | None:
        return self._now.get(key)

    def change(self, row: V) -> V:
        """Put the row in the place of the one that is held, whose revision it takes over."""
        key = self._kind.key_of(row)
        held = self._now[key]
        if self._kind.has_revision and row.revision != held.revision:  # type: ignore[attr-defined]
            row = row._replace(revision=held.revision)  # type: ignore[attr-defined]
        self._written.setdefault(key, held)
        self._now[key] = row
        return row

    def insert(self, row: V) -> None:
        """Hold a row that isn't stored yet."""
        key = self._kind.key_of(row)
        self._written[key] = None
        self._now[key] = row

    def remove(self, session: Session, row: V) -> None:
        """Delete a stored row, at once."""
        keys = tuple_(*(self._kind.table.c[name] for name in self._kind.keys))
        key = self._kind.key_of(row)
        session.connection().execute(delete(self._kind.table).where(keys == (key if len(keys) > 1 else (key,))))
        self._now.pop(key, None)
        self._written.pop(key, None)

    def mark(self) -> Mapping[Any, V]:
        """The rows as they are now, all of which is written, for `undo`."""
        return dict(self._now)

    def undo(self, mark: Mapping[Any, V]) -> None:
        """Let the rows be as they were when the mark was made."""
        self._now, self._written = dict(mark), {}

    def write(self, session: Session) -> None:
        """Write what was changed, by a statement for new rows and one for others. Raises StaleRowError."""
        written, self._written = self._written, {}
        if not written:
            return
        kind = self._kind
        if new := [self._now[key]._asdict() for key, before in written.items() if before is None]:
            insert_all(session, kind.model, new)
        changed: list[tuple[Any, V]] = []
        places: set[int] = set()
        for key, before in written.items():
            row = self._now[key]
            if before is not None and row != before:
                changed.append((key, row))
                places.update(
                    place
                    for place, (value, old) in enumerate(zip(row, before, strict=True))
                    if value is not old and value != old  # most are the same object, and instants compare slowly
                )
        if not changed:
            return
        names = tuple(name for place, name in enumerate(kind.names) if place in places)
        given = [*kind.keys, *names, *(["revision"] if kind.has_revision else [])]
        parameters = [{name: getattr(row, name) for name in given} for _, row in changed]
        result = session.connection().execute(_rewriting(kind, names), {"rows": as_json(parameters)})
        if result.rowcount != len(changed):
            raise StaleRowError(f"{len(changed) - result.rowcount} rows of {kind.table.name}")
        if kind.has_revision:
            for key, row in changed:
                self._now[key] = row._replace(revision=row.revision + 1)  # type: ignore[attr-defined]


@cache
def _rewriting(kind: RowKind[Any], names: tuple[str, ...]) -> Executable:
    table, revision = kind.table, ["revision"] if kind.has_revision else []
    known = [*kind.keys, *revision]
    rows = recordset("rows", *(column(name, table.c[name].type) for name in (*known, *names)))
    values: dict[str, Any] = {name: rows.c[name] for name in names}
    values |= {name: rows.c[name] + 1 for name in revision}
    return update(table).where(*(table.c[name] == rows.c[name] for name in known)).values(values)
