"""Many rows in one statement: they travel as one JSON parameter, so that its text is the same however many they are."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import JSON, ColumnClause, TableValuedAlias, Text, cast, column, func, literal, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlmodel import SQLModel

Rows = Sequence[Mapping[str, Any]]


def inserting(table: type[SQLModel], rows: Rows) -> Insert:
    """The statement that inserts the rows, in their order; what a row leaves out has the model's default."""
    defaults, columns = _shape(table)
    given = _listed([{**defaults, **row} for row in rows], columns)
    return insert(table).from_select([each.name for each in columns], select(given))


@cache
def _shape(table: type[SQLModel]) -> tuple[Mapping[str, Any], Sequence[ColumnClause[Any]]]:
    optional = ((name, field) for name, field in table.model_fields.items() if not field.is_required() and name != "id")
    columns = [each for each in table.__table__.columns if each.name != "id"]  # type: ignore[attr-defined]
    return (
        {name: field.get_default(call_default_factory=True) for name, field in optional},
        [column(each.name, each.type) for each in columns],
    )


def listed(rows: Rows, **columns: Any) -> TableValuedAlias:
    """The rows as a table that a query can join, with the types of its columns."""
    return _listed(rows, [column(name, type_) for name, type_ in columns.items()])


def _listed(rows: Rows, columns: Sequence[ColumnClause[Any]]) -> TableValuedAlias:
    text = literal(json.dumps(rows, default=datetime.isoformat), Text)
    return func.json_to_recordset(cast(text, JSON)).table_valued(*columns).render_derived(with_types=True)
