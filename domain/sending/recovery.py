"""After a restore of the database: what may have gone in the time that was lost isn't sent again."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import insert, select, text, update
from sqlmodel import Session, col

from domain.intake.tables import Event
from domain.journeys.steps import StepContext
from domain.journeys.tables import Enrollment
from domain.published.library import mark_published
from domain.published.tables import Publication
from domain.sending.tables import DoubtfulEnrollment
from domain.store.bulk import is_among

SKIPPED = 1_000_000
"""How many ids are left out after a restore, so that none is given twice: providers know messages by them, and Temporal
runs.
"""

CAUGHT_UP = timedelta(hours=1)
"""After so long, and as much time again as was lost, who was due in it has been seen to."""

AT_ONCE = timedelta(minutes=10)
"""What an event told again leads to at once comes within so long."""


def note_loss(session: Session, since: datetime, until: datetime, now: datetime) -> int:
    """Keep that nothing is known of what happened from `since`, where the backup ends, `until` all was stopped.

    Nobody may work meanwhile. Returns how many enrollments were due in that time. Raises ValueError for a span that
    can't be.
    """
    if not since < until <= now:
        raise ValueError(
            "what was lost must begin before it ends, and end before now: since, the last instant that is in the"
            " database; until, when the old one stopped"
        )
    session.execute(text("DELETE FROM doubtful_enrollments"))
    is_due = col(Enrollment.ending).is_(None) & (col(Enrollment.due_at) < until)
    due = select(col(Enrollment.id), col(Enrollment.due_at)).where(is_due)
    mark = insert(DoubtfulEnrollment).from_select(["enrollment_id", "due_at"], due)
    marked = session.execute(mark.returning(col(DoubtfulEnrollment.enrollment_id))).all()
    mark_published(session)
    lost = {"lost_since": since, "lost_until": until, "restored_at": now}
    session.execute(update(Publication).values(lost))
    session.execute(_SKIP, {"skipped": SKIPPED})
    return len(marked)


_SKIP = text(
    "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, coalesce(last_value, 0) + :skipped)"
    " FROM pg_sequences WHERE schemaname = current_schema()"
)


def may_have_gone(session: Session, contexts: Sequence[StepContext]) -> Mapping[int, datetime]:
    """The enrollments of a group whose messages may have gone in the time that was lost, and when.

    It is those that were due then, those begun by an event of that time which was told again, where the message came
    before the end of it, and those whose customer something is told of again.
    """
    lost = contexts[0].library.lost
    if lost is None:
        return {}
    marked = dict[int, datetime]()
    if contexts[0].now < lost.restored_at + (lost.until - lost.since) + CAUGHT_UP:
        ids = [context.enrollment_id for context in contexts]
        rows = select(col(DoubtfulEnrollment.enrollment_id), col(DoubtfulEnrollment.due_at))
        marked = dict(session.execute(rows.where(is_among(DoubtfulEnrollment.enrollment_id, ids))).all())
    told_again = select(col(Event.customer_id), col(Event.time)).where(
        is_among(Event.customer_id, [context.customer_id for context in contexts]),
        col(Event.time) >= lost.since,
        col(Event.time) < lost.until,
        col(Event.received_at) >= max(lost.restored_at, contexts[0].now - AT_ONCE),
    )
    woken = dict(session.execute(told_again).all())
    found = {}
    for context in contexts:
        enrollment = context.enrollment
        planned = marked.get(enrollment.id, context.at - (enrollment.entered_at - enrollment.anchor))
        if not lost.since <= planned < lost.until and enrollment.anchor < lost.since:
            planned = woken.get(context.customer_id, planned)
        if planned < lost.until and (planned >= lost.since or enrollment.id in marked):
            found[enrollment.id] = max(planned, lost.since)
    return found
