"""The outbox: what Temporal must be told, written in the transaction that decided it."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import func
from sqlmodel import Session, col, select

from domain.store.tables import Outbox

CHANNEL = "outbox"
"""Where Postgres announces, at commit, that there is something in the outbox."""


def lock_oldest(session: Session, limit: int) -> Sequence[Outbox]:
    """Lock the oldest entries that no other transaction holds; those that failed before come last.

    The starts that may yet be gathered stay.
    """
    query = select(Outbox).where(col(Outbox.gather).is_(None)).order_by(col(Outbox.attempts), col(Outbox.id))
    return session.exec(query.limit(limit).with_for_update(skip_locked=True)).all()


def lock_undecided_starts(session: Session, limit: int, *, except_plans: Iterable[str]) -> Sequence[Outbox]:
    """Lock the oldest starts of which it isn't decided whether they are gathered, but for those of `except_plans`.

    One that starts alone must be committed with no `gather` before Temporal is called: it could else become the
    first of a cohort, whose run would have the same name and carry only this one.
    """
    query = select(Outbox).where(col(Outbox.gather).is_not(None), col(Outbox.gather).not_in(except_plans))
    return session.exec(query.order_by(col(Outbox.id)).limit(limit).with_for_update(skip_locked=True)).all()


def count_waiting_starts(session: Session, plan_ids: Iterable[str]) -> Mapping[str, int]:
    """How many starts wait to be put together, by plan."""
    query = select(Outbox.gather, func.count()).where(col(Outbox.gather).in_(plan_ids)).group_by(col(Outbox.gather))
    return {plan_id: count for plan_id, count in session.exec(query) if plan_id}
