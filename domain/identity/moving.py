"""Which rows are about a customer, and how they go from one customer to another and back."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import TextClause, text
from sqlmodel import Session, SQLModel

import domain.tables  # noqa: F401  (all tables are to be known)
from domain.customers.tables import Customer, IdentityApart, IdentityJoin, IdentityMove, OrderSums

KEPT = frozenset({each.__tablename__ for each in (Customer, IdentityJoin, IdentityMove, IdentityApart, OrderSums)})
"""The tables that say who became one with whom, where what they say stays; and sums, which follow their orders."""


@dataclass(frozen=True)
class Place:
    """A column that says whom a row is about, and the columns of the table's key, with their types."""

    table: str
    column: str
    key: Sequence[tuple[str, str]]
    in_key: bool
    has_revision: bool

    @property
    def counted(self) -> str:
        """SQL that counts the change, in a table whose rows have a revision."""
        return ", revision = revision + 1" if self.has_revision else ""

    @property
    def name(self) -> str:
        return f"{self.table}.{self.column}"


@cache
def places() -> Sequence[Place]:
    """Every column of every table that says whom a row is about; of the trail too, which has no foreign key."""
    found = []
    for table in SQLModel.metadata.sorted_tables:
        for column in table.columns:
            is_reference = any(key.target_fullname == "customers.id" for key in column.foreign_keys)
            if table.name not in KEPT and (is_reference or column.name == "customer_id"):
                key = [(each.name, str(each.type)) for each in table.primary_key if each.name != column.name]
                found.append(Place(table.name, column.name, key, column.primary_key, "revision" in table.columns))
    return found


def move(session: Session, join: int, loser: int, survivor: int) -> None:
    """Move the loser's rows to the survivor, and note them in the journal of the join.

    A row that the survivor has already, by the table's key, stays where it is.
    """
    session.connection().execute(_move(), {"join": join, "loser": loser, "survivor": survivor})


def move_back(session: Session, join: int, loser: int, survivor: int) -> None:
    """Move the rows back that a join moved, as far as they are the survivor's still."""
    session.connection().execute(_move_back(), {"join": join, "loser": loser, "survivor": survivor})


@cache
def _move() -> TextClause:
    parts, told = [], []
    for number, place in enumerate(places()):
        is_free = ""
        if place.in_key:
            same = " AND ".join(f"other.{name} = {place.table}.{name}" for name, _ in place.key)
            taken = f"SELECT FROM {place.table} AS other WHERE other.{place.column} = :survivor AND {same}"
            is_free = f" AND NOT EXISTS ({taken})"
        keys = ", ".join(name for name, _ in place.key)
        entered = ", entered_as = coalesce(entered_as, :loser)" if place.table == "enrollments" else ""
        entered += place.counted
        parts.append(
            f"moved{number} AS (UPDATE {place.table} SET {place.column} = :survivor{entered}"
            f" WHERE {place.column} = :loser{is_free} RETURNING {keys})"
        )
        told.append(f"SELECT '{place.name}', jsonb_agg(jsonb_build_array({keys})) FROM moved{number}")
    union = " UNION ALL ".join(told)
    return text(
        f"WITH {', '.join(parts)} INSERT INTO identity_moves (join_id, place, keys)"
        f" SELECT :join, place, keys FROM ({union}) AS moved (place, keys) WHERE keys IS NOT NULL"
    )


@cache
def _move_back() -> TextClause:
    parts = []
    for number, place in enumerate(places()):
        same = " AND ".join(
            f"{place.table}.{name} = CAST(key.value ->> {index} AS {type})"
            for index, (name, type) in enumerate(place.key)
        )
        entered = ", entered_as = nullif(entered_as, :loser)" if place.table == "enrollments" else ""
        entered += place.counted
        parts.append(
            f"back{number} AS (UPDATE {place.table} SET {place.column} = :loser{entered}"
            f" FROM identity_moves AS journal, jsonb_array_elements(journal.keys) AS key"
            f" WHERE journal.join_id = :join AND journal.place = '{place.name}'"
            f" AND {place.table}.{place.column} = :survivor AND {same})"
        )
    return text(f"WITH {', '.join(parts)} SELECT")
