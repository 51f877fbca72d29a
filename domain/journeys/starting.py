"""Starting and waking runs: which enrollments a run is to carry, and how it begins."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import delete, update
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from domain.customers.resolution import lock_customers
from domain.intake.tables import Event
from domain.journeys.tables import Enrollment
from domain.published.library import read_library, read_plan
from domain.published.tables import PublishedPlan
from domain.store.bulk import is_among
from domain.store.outbox import StartRun, started_enrollment
from domain.store.tables import Outbox
from domain.store.work import UnitOfWork
from workflows.plan.commands import Cohort, EnrollmentState, Outcome
from workflows.plan.model import MOVED, Plan


@dataclass
class Wake:
    """A run, which of its enrollments it is to look at (none: leave it alone), and which ones that is because of."""

    run: int
    journey: str
    enrollments: list[int] = field(default_factory=list)
    because_of: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Start:
    """A run to start: the enrollment that it is named after, its input, and the type of the event that began it."""

    run: int
    cohort: Cohort
    trigger: str


def form_cohort(session: Session, plan_id: str, size: int) -> None:
    """Make the oldest starts of a plan one cohort: its first enrollment gives it its name and its one start.

    Must be committed before Temporal is called, so that a retry starts the same cohort. Skips locked rows.
    """
    query = (
        sa_select(col(Outbox.id), col(Enrollment.id), col(Enrollment.ending))
        .join(Enrollment, col(Enrollment.id) == started_enrollment())
        .where(col(Outbox.gather) == plan_id)
        .order_by(col(Outbox.id))
        .limit(size)
    )
    rows = session.execute(query.with_for_update(skip_locked=True, key_share=True)).all()
    members = {enrollment: row for row, enrollment, ending in rows if ending is None}
    first = min(members, default=None)
    start_row = members.get(first) if first else None
    connection = session.connection()
    connection.execute(delete(Outbox).where(is_among(Outbox.id, [row for row, _, _ in rows if row != start_row])))
    connection.execute(update(Outbox).where(col(Outbox.id) == start_row).values(gather=None))
    if len(members) > 1:
        connection.execute(update(Enrollment).where(is_among(Enrollment.id, members)).values(cohort_id=first))


def set_apart(work: UnitOfWork, run: int, enrollment_ids: Iterable[int]) -> None:
    """Make these members of a run, which goes on without them, a cohort of their own, and start it.

    Those that ended or were set apart meanwhile stay, and so does the one that the run is named after. Locks the
    customers.
    """
    members = select(Enrollment.id, Enrollment.customer_id).where(is_among(Enrollment.id, enrollment_ids))
    customers = {id: customer for id, customer in work.exec(members) if id != run}
    lock_customers(work, customers.values())
    waiting = is_among(Enrollment.id, customers) & (col(Enrollment.cohort_id) == run) & col(Enrollment.ending).is_(None)
    ids = work.exec(select(Enrollment.id).where(waiting).order_by(col(Enrollment.id))).all()
    if ids:
        first = ids[0]
        work.connection().execute(update(Enrollment).where(is_among(Enrollment.id, ids)).values(cohort_id=first))
        work.enqueue(StartRun(first))


def wakes_of(session: Session, enrollment_ids: Iterable[int]) -> Iterable[Wake]:
    """The runs to wake for these enrollments.

    In a cohort, a member that has ended waits to be found at its next step; the last to end lets the run look at all.
    """
    query = select(Enrollment).where(col(Enrollment.id).in_(enrollment_ids)).order_by(col(Enrollment.id))
    wakes: dict[int, Wake] = {}
    for enrollment in session.exec(query.execution_options(populate_existing=True)):
        wake = wakes.setdefault(enrollment.run, Wake(enrollment.run, enrollment.journey))
        wake.because_of.append(enrollment.id)
        if enrollment.ending is None or enrollment.cohort_id is None:
            wake.enrollments.append(enrollment.id)
    idle = {wake.run for wake in wakes.values() if not wake.enrollments}
    members = select(Enrollment.cohort_id, Enrollment.id).where(col(Enrollment.cohort_id).in_(idle))
    running = {run for run, _ in session.exec(members.where(col(Enrollment.ending).is_(None)))} if idle else set()
    for run, enrollment_id in session.exec(members.order_by(col(Enrollment.id))) if idle - running else ():
        if run is not None and run not in running:
            wakes[run].enrollments.append(enrollment_id)
    return wakes.values()


def start_of(session: Session, enrollment_id: int) -> Start | None:
    """How to start the run of an enrollment, with all who are in its cohort; None if all of them are over."""
    first = session.get_one(Enrollment, enrollment_id, populate_existing=True)
    of_run = col(Enrollment.cohort_id) == first.cohort_id if first.cohort_id else col(Enrollment.id) == first.id
    names = ("plan_id", "id", "customer_id", "generation", "outcomes")
    query = sa_select(*(col(getattr(Enrollment, name)) for name in names))
    query = query.where(of_run, col(Enrollment.ending).is_(None)).order_by(col(Enrollment.id))
    members = session.execute(query).all()
    if not members:
        return None
    plan = read_plan(session, first.plan_id)
    version = session.exec(select(PublishedPlan.version).where(PublishedPlan.id == first.plan_id)).one()
    plans = {plan_id: read_plan(session, plan_id) for plan_id, *_ in members if plan_id != first.plan_id}
    states = tuple(
        enrollment_state(plans.get(plan_id, plan), *member).model_copy(
            update={"plan_id": plan_id if plan_id in plans else None}
        )
        for plan_id, *member in members
    )
    policy = read_library(session).policy
    cohort = Cohort(
        plan_id=first.plan_id, version=version, plan=plan, enrollments=states, plans=plans,
        language=policy.language, timezone=policy.timezone,
    )  # fmt: skip
    return Start(first.run, cohort, session.exec(select(Event.type).where(Event.id == first.trigger_id)).one())


def enrollment_state(
    plan: Plan, enrollment: int, customer: int, generation: int, outcomes: Sequence[Any]
) -> EnrollmentState:
    """An enrollment as it enters a workflow, with the last of its `outcomes` behind it.

    What cannot be read is left out: the first activity finds it and ends the enrollment, and that one alone.
    """
    try:
        last = _OUTCOME.validate_python(dict(zip(_FIELDS, outcomes[-1], strict=True))) if outcomes else None
    except (TypeError, ValidationError, ValueError):
        last = None
    if last is not None and (last.result if last.path == MOVED else last.path) not in plan.steps:
        last = None
    return EnrollmentState(enrollment=enrollment, customer=customer, generation=generation, last=last)


_OUTCOME = TypeAdapter(Outcome)
_FIELDS = ("path", "result", "at")
