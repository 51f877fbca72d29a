"""The trail: every decision about a customer, written where it is made."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypedDict, Unpack

from sqlalchemy import event
from sqlalchemy.orm import SessionTransaction
from sqlmodel import Session

from domain.journeys.tables import Enrollment, TrailEntry
from domain.store.bulk import insert_all


class Details(TypedDict, total=False):
    """What some decisions add: the path of the step, the channel, a reason's code, an end, and what decided it."""

    step: str | None
    via: str | None
    reason: str | None
    until: datetime | None
    because: str | None


def entry(enrollment: Enrollment, what: str, value: str, at: datetime, **details: Unpack[Details]) -> Mapping[str, Any]:
    """The row of a decision about an enrollment: `value` is the template, campaign, step, tag, branch or ending.

    The kinds that a verb writes are named in its `trail`.
    """
    return {
        "at": at, "customer_id": enrollment.customer_id, "journey": enrollment.journey, "enrollment_id": enrollment.id,
        "what": what, "value": value, **details,
    }  # fmt: skip


def record(
    session: Session, enrollment: Enrollment, what: str, value: str, at: datetime, **details: Unpack[Details]
) -> None:
    """Have a decision about an enrollment written to the trail by `write_down`; undone with its savepoint."""
    row = entry(enrollment, what, value, at, **details)
    session.info.setdefault(_PENDING, []).append((row, session.get_nested_transaction()))


def write_down(session: Session) -> None:
    """Write what was noted, in that order. What isn't by the end of the transaction is written then."""
    if pending := session.info.pop(_PENDING, None):
        insert_all(session, TrailEntry, [entry for entry, _ in pending])


def _drop_undone(session: Session, undone: SessionTransaction) -> None:
    """What was noted in a transaction that is rolled back, or in a savepoint, is not to be written."""
    if pending := session.info.pop(_PENDING, None):
        session.info[_PENDING] = [item for item in pending if undone.nested and not _is_within(item[1], undone)]


def _is_within(savepoint: SessionTransaction | None, undone: SessionTransaction) -> bool:
    return savepoint is not None and (savepoint is undone or _is_within(savepoint.parent, undone))


_PENDING = "trail"
event.listen(Session, "before_commit", write_down)
event.listen(Session, "after_soft_rollback", _drop_undone)


def not_entered(
    customer_id: int, journey: str, reason: str, at: datetime, because: str | None = None
) -> Mapping[str, Any]:
    """The entry that says that a customer did not enter a journey, and why."""
    return {
        "at": at, "customer_id": customer_id, "journey": journey, "what": "not_entered", "value": reason,
        "because": because,
    }  # fmt: skip
