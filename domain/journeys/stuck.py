"""Stuck and held enrollments: what can't be foreseen ends nobody, it puts the enrollment off and tells the operator."""

import logging
import traceback
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import Session, col, func, select

from domain.customers.resolution import lock_customers
from domain.journeys.tables import Enrollment, EnrollmentRow
from domain.journeys.trail import record
from domain.store.bulk import is_among
from domain.store.outbox import WakeRun
from domain.store.work import UnitOfWork

logger = logging.getLogger(__name__)

PAUSES = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
"""How long an enrollment is put off, each time for longer, and from the last on always so long."""


SHARED = timedelta(minutes=10)
"""For so long a defect that all members of a group share fails their activity, which is then tried again."""


def share(
    work: UnitOfWork, enrollment_ids: Sequence[int], path: str, error: Exception, now: datetime
) -> Mapping[int, datetime]:
    """Tell a defect that all members of a group share. Locks their customers.

    Returns nothing while the activity is to fail, or until when each is put off, once that has lasted for long.
    """
    of_group = is_among(Enrollment.id, enrollment_ids), col(Enrollment.ending).is_(None)
    lock_customers(work, work.exec(select(Enrollment.customer_id).where(*of_group)))
    members = work.read(EnrollmentRow, *of_group)
    since = min((member.stuck_since for member in members if member.stuck_since), default=now)
    if now - since >= SHARED:
        return {member.id: put_off(work, member, path, error, now) for member in members}
    defect = f"{type(error).__name__} at {_place(error)}"
    logger.error("%s enrollments are stuck at %s: %s\n%s", len(members), path or "their end", defect,
                 "".join(_frames(error)))  # fmt: skip
    for member in members:
        if member.stuck_on is None:
            record(work, member, "stuck", path or "end", now, step=path or None, reason=defect)
        told_at = now if member.stuck_on is None else member.stuck_since
        work.change(member._replace(stuck_on=defect, stuck_since=told_at))
    return {}


def put_off(work: UnitOfWork, enrollment: EnrollmentRow, path: str, error: Exception, now: datetime) -> datetime:
    """Put an enrollment off because of a defect, told in its trail and, with a traceback, in the log.

    Returns until when. Neither holds what the error says, which may be the customer's data.
    """
    pause = PAUSES[min(enrollment.attempts, len(PAUSES) - 1)]
    defect = f"{type(error).__name__} at {_place(error)}"
    logger.error("enrollment %s is stuck at %s of %s: %s\n%s", enrollment.id, path or "its end", enrollment.journey,
                 defect, "".join(_frames(error)))  # fmt: skip
    work.change(
        enrollment._replace(
            stuck_on=defect, stuck_since=enrollment.stuck_since or now, attempts=enrollment.attempts + 1,
            due_at=now + pause,
        )
    )  # fmt: skip
    record(work, enrollment, "stuck", path or "end", now, step=path or None, reason=defect, until=now + pause)
    return now + pause


def list_stuck(session: Session, *, journey: str | None = None, limit: int = 100) -> Sequence[Enrollment]:
    """The stuck enrollments, those that are stuck for longest first."""
    query = select(Enrollment).where(*_STUCK)
    if journey is not None:
        query = query.where(Enrollment.journey == journey)
    return session.exec(query.order_by(col(Enrollment.stuck_since), col(Enrollment.id)).limit(limit)).all()


def list_held(session: Session, *, after: int, limit: int) -> Sequence[Enrollment]:
    """A page of those whose message waits until it may be sent, in the order in which they entered."""
    query = select(Enrollment).where(col(Enrollment.held), col(Enrollment.ending).is_(None), col(Enrollment.id) > after)
    return session.exec(query.order_by(col(Enrollment.id)).limit(limit)).all()


def count_stuck(session: Session) -> int:
    """How many are stuck."""
    return session.exec(select(func.count()).select_from(Enrollment).where(*_STUCK)).one()


_STUCK = col(Enrollment.stuck_on).is_not(None), col(Enrollment.ending).is_(None)


def retry(work: UnitOfWork, now: datetime, *, journey: str | None = None, limit: int = 1000) -> int:
    """Let stuck enrollments try again at once. Locks their customers. Returns how many there are."""
    found = list_stuck(work, journey=journey, limit=limit)
    lock_customers(work, {enrollment.customer_id for enrollment in found})
    stuck = work.read(EnrollmentRow, is_among(Enrollment.id, [enrollment.id for enrollment in found]), *_STUCK)
    for enrollment in stuck:
        work.change(enrollment._replace(due_at=now, attempts=0))
        work.enqueue(WakeRun(enrollment.id))
    return len(stuck)


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"


def _frames(error: Exception) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    return [f"  {frame.filename}:{frame.lineno} in {frame.name}\n" for frame in frames]
