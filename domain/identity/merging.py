"""Joining by hand, and the conflicts that a person decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import text
from sqlmodel import Session

from domain.customers.resolution import lock_customers
from domain.customers.tables import IdentifierConflict, IdentityApart, IdentityJoin
from domain.identity.joining import join
from domain.published.library import read_library
from domain.store.work import UnitOfWork

Decision = Literal["merge", "apart"]


class MergeError(ValueError):
    """What can't be merged: a customer with itself, or with nobody."""


def merge(work: UnitOfWork, one_id: int, other_id: int, now: datetime, by: str, reason: str) -> IdentityJoin:
    """Make two customers one because somebody says so; no limit holds against it. Raises MergeError."""
    customers = lock_customers(work, [one_id, other_id])
    if one_id not in customers or other_id not in customers:
        raise MergeError("there is no such customer")
    one, other = customers[one_id], customers[other_id]
    if one.id == other.id:
        raise MergeError("they are one customer already")
    return join(work, read_library(work), one, other, now, said_at=now, by=by, reason=reason)


@dataclass(frozen=True)
class OpenConflict:
    """Two customers whom events named together but didn't join; `number` is the newest of those events' conflicts."""

    number: int
    customer: int
    other: int
    kind: str
    value: str
    reason: str
    times: int


def open_conflicts(
    session: Session, *, customer: int | None = None, before: int | None, limit: int
) -> Sequence[OpenConflict]:
    """The conflicts that nobody has decided, of all customers or of one, who aren't one by now; the newest first."""
    rows = session.connection().execute(_OPEN, {"customer": customer, "before": before, "limit": limit})
    return [OpenConflict(*row) for row in rows]


def count_open(session: Session) -> int:
    """How many pairs of customers may be one."""
    return int(session.connection().execute(_COUNT_OPEN).scalar_one())


_COUNT_OPEN = text("""
SELECT count(DISTINCT (customer_id, other_customer_id)) FROM identifier_conflicts
WHERE decided IS NULL AND other_customer_id IS NOT NULL AND other_customer_id <> customer_id
""")

_OPEN = text("""
SELECT max(id) AS number, customer_id, other_customer_id, kind, value, (array_agg(reason ORDER BY id DESC))[1], count(*)
FROM identifier_conflicts
WHERE decided IS NULL AND other_customer_id IS NOT NULL AND other_customer_id <> customer_id
    AND (CAST(:customer AS bigint) IS NULL OR :customer IN (customer_id, other_customer_id))
GROUP BY customer_id, other_customer_id, kind, value
HAVING CAST(:before AS bigint) IS NULL OR max(id) < CAST(:before AS bigint)
ORDER BY number DESC LIMIT :limit
""")


def decide(work: UnitOfWork, number: int, decision: Decision, now: datetime, by: str) -> tuple[int, int] | None:
    """Decide a conflict, and all others of the same two: join them, or keep them apart from now on.

    Returns the two, the first of whom is who they are now; None if there is no such conflict, or it is decided.
    """
    row = work.get(IdentifierConflict, number, populate_existing=True)
    if row is None or row.other_customer_id is None or row.decided is not None:
        return None
    one, other = row.customer_id, row.other_customer_id
    customers = lock_customers(work, [one, other])
    one, other = customers[one].id, customers[other].id
    if one == other:
        return None
    work.connection().execute(_DECIDE, {"one": one, "other": other, "decision": decision, "now": now})
    if decision == "merge":
        join_row = merge(work, one, other, now, by, f"conflict {number}")
        return join_row.survivor_id, join_row.loser_id
    lower, higher = sorted((one, other))
    work.merge(IdentityApart(customer_id=lower, other_id=higher, at=now, by=by))
    work.connection().execute(_COUNT, {"ids": [one, other]})
    work.let_go()
    return one, other


_COUNT = text("UPDATE customers SET identity = identity + 1 WHERE id = ANY (CAST(:ids AS bigint[]))")
_DECIDE = text("""
UPDATE identifier_conflicts SET decided = :decision, decided_at = :now
WHERE decided IS NULL AND (customer_id, other_customer_id) IN ((:one, :other), (:other, :one))
""")
