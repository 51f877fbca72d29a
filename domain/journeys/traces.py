"""The traces that enrollments belong to, so that what happens days later is found in the trace of the event."""

from collections.abc import Iterable, Mapping

from sqlmodel import Session, select

from domain.journeys.tables import EnrollmentTrace
from domain.store.bulk import insert_all, is_among
from domain.store.work import UnitOfWork


def keep(work: UnitOfWork, enrollments: Mapping[int, int]) -> None:
    """Keep the traces of enrollments that these events began, as far as they have one."""
    rows = [
        {"enrollment_id": id, "traceparent": parent}
        for id, event in enrollments.items()
        if (parent := work.traces.get(event))
    ]
    if rows:
        insert_all(work, EnrollmentTrace, rows)


def of(session: Session, enrollments: Iterable[int]) -> Mapping[int, str]:
    """The spans in which these began, of those that are traced."""
    query = select(EnrollmentTrace).where(is_among(EnrollmentTrace.enrollment_id, enrollments))
    return {row.enrollment_id: row.traceparent for row in session.exec(query)}
