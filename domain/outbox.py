"""The outbox: what Temporal must be told, written in the transaction that decided it."""

from collections.abc import Sequence
from typing import Literal

from sqlalchemy import func
from sqlmodel import Session, col, select

from domain.bulk import inserting
from domain.library import read_plan
from domain.tables import Enrollment, Event, Outbox, PublishedPlan
from workflows.commands import Cohort, Outcome, Traveller

CHANNEL = "outbox"
"""Where Postgres announces, at commit, that there is something in the outbox."""


def tell(
    session: Session,
    kind: Literal["start", "wake", "fan_out", "follow_up"],
    journey: str,
    *,
    enrollment_id: int | None = None,
    event_id: int | None = None,
) -> None:
    """Start or wake an enrollment's workflow, fan an event about the business out to a journey, follow a channel up."""
    session.add(Outbox(kind=kind, journey=journey, enrollment_id=enrollment_id, event_id=event_id))
    _announce(session)


def tell_all(session: Session, kind: Literal["start", "wake"], enrollments: Sequence[tuple[str, int]]) -> None:
    """Start or wake the workflows of many enrollments, each named with its journey before it."""
    if enrollments:
        rows = [{"kind": kind, "journey": journey, "enrollment_id": id} for journey, id in enrollments]
        session.execute(inserting(Outbox, rows))
        _announce(session)


def _announce(session: Session) -> None:
    if session.info.get(CHANNEL) is not (transaction := session.get_transaction()):  # once is enough for a commit
        session.info[CHANNEL] = transaction
        session.exec(select(func.pg_notify(CHANNEL, "")))


def take(session: Session, limit: int) -> Sequence[Outbox]:
    """Lock the oldest entries that nobody else is working on; those that failed before come last."""
    query = select(Outbox).order_by(col(Outbox.attempts), col(Outbox.id)).limit(limit)
    return session.exec(query.with_for_update(skip_locked=True)).all()


def start_of(session: Session, enrollment_id: int) -> tuple[Cohort, str] | None:
    """The workflow input to start an enrollment with and the event that began it; None if the enrollment is over."""
    enrollment = session.get_one(Enrollment, enrollment_id)
    if enrollment.ending is not None:
        return None
    plan = read_plan(session, enrollment.plan_id)
    version = session.exec(select(PublishedPlan.version).where(PublishedPlan.id == enrollment.plan_id)).one()
    cohort = Cohort(plan_id=enrollment.plan_id, version=version, plan=plan, travellers=(traveller_of(enrollment),))
    return cohort, session.exec(select(Event.type).where(Event.id == enrollment.trigger_id)).one()


def traveller_of(enrollment: Enrollment) -> Traveller:
    """The enrollment as it enters a workflow, with what it has behind it."""
    return Traveller(
        enrollment=enrollment.id,
        customer=enrollment.customer_id,
        generation=enrollment.generation,
        outcomes=tuple(Outcome(path=path, result=result, at=at) for path, result, at in enrollment.outcomes),
    )
