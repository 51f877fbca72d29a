"""The outbox: what Temporal must be told, written in the transaction that decided it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from domain.store.bulk import insert_all
from domain.store.tables import Outbox

CHANNEL = "outbox"
"""Where Postgres announces, at commit, that there is something in the outbox."""


_ANNOUNCE = text(f"NOTIFY {CHANNEL}")


def enqueue(
    session: Session,
    kind: Literal["start", "wake", "fan_out", "follow_up", "replenish", "restocked"],
    journey: str | None = None,
    *,
    channel: str | None = None,
    enrollment_id: int | None = None,
    event_id: int | None = None,
    gather: str | None = None,
) -> None:
    """Start or wake an enrollment's workflow, fan an event about the business out to a journey, follow a channel up.

    A start may be gathered with others of the plan that `gather` names. `replenish` starts the replenishment of an
    alarm, `restocked` wakes it.
    """
    session.add(
        Outbox(
            kind=kind, journey=journey, channel=channel, enrollment_id=enrollment_id, event_id=event_id, gather=gather
        )
    )
    _announce(session)


OutboxRow = tuple[Literal["start", "wake"], str, int, str | None]
"""Of an enrollment whose workflow is to be started or woken: the journey, its id, the plan to gather starts of."""


def enqueue_all(session: Session, entries: Sequence[OutboxRow]) -> None:
    """Start and wake the workflows of many enrollments."""
    if entries:
        rows = [
            {"kind": kind, "journey": journey, "enrollment_id": enrollment_id, "gather": gather}
            for kind, journey, enrollment_id, gather in entries
        ]
        insert_all(session, Outbox, rows)
        _announce(session)


def _announce(session: Session) -> None:
    if session.info.get(CHANNEL) is not (transaction := session.get_transaction()):  # once is enough for a commit
        session.info[CHANNEL] = transaction
        session.connection().execute(_ANNOUNCE)


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
