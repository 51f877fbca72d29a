"""The life cycle of journeys: published, paused, resumed, stopped, each recorded with who and when.

An action settles at once, in the caller's transaction, that nobody enters, that messages are held or that a version
is over. The running enrollments are woken after it, in pages of a transaction each; one not woken yet finds out
at its next step.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, func, update
from sqlmodel import Session, col, select

from domain.access import audit
from domain.access.actors import Actor
from domain.customers.resolution import lock_customers
from domain.journeys.enrollments import end
from domain.journeys.tables import Enrollment, EnrollmentRow
from domain.published.library import mark_published, read_library, read_plan
from domain.published.publishing import plan_id_of, publish_journey
from domain.published.tables import Journey, JourneyAction, PublishedPlan
from domain.store.bulk import is_among
from domain.store.outbox import WakeRun
from domain.store.work import Database, UnitOfWork
from workflows.plan.model import Plan

PAGE = 100
REPLACED = "replaced"
STOPPED = "journey_stopped"
BY_OPERATOR = "stopped_by_operator"
"""Codes of why enrollments end; their words are in workflows/words/telling.py."""

Running = Literal["finish", "stop", "move"]
Late = Literal["send", "drop"]


class UnknownJourneyError(LookupError):
    """No journey of this name was ever published."""


@dataclass(frozen=True)
class JourneyStatus:
    """A journey: its live version and what that calls it, its state, and how many enrollments run on each version.

    Of those, `stuck` are put off by a defect; `failed` have ended so, ever.
    """

    journey: str
    title: str
    version: int
    state: Literal["live", "paused", "stopped"]
    running: dict[int, int]
    last: JourneyAction | None
    stuck: int
    failed: int


@contextmanager
def audited(
    session: Session, actor: Actor, action: str, name: str, at: datetime, **details: Any
) -> Iterator[dict[str, Any]]:
    """Writes into the audit how the journey stands before and after what is done within, with the details.

    Yields them, to be added to. `at` is real time.
    """
    before = _audited(session, name)
    yield details
    after = _audited(session, name)
    if before != after or action == "journey.stop_customer":
        audit.record(session, actor, action, f"journey:{name}", at, before=before, after={**(after or {}), **details})


def _audited(session: Session, name: str) -> dict[str, Any] | None:
    try:
        now = journey_status(session, name)
    except UnknownJourneyError:
        return None
    return {"state": now.state, "version": now.version}


def publish(
    session: Session,
    plan: Plan,
    source: str,
    now: datetime,
    by: str,
    *,
    running: Running = "finish",
    reason: str | None = None,
) -> PublishedPlan:
    """Make the plan its journey's live version. With `running` stop, the enrollments of all others end, in pages.

    `reason` is kept in the history.
    """
    mark_published(session)
    before = session.get(Journey, plan.journey, populate_existing=True)
    is_new = before is None or before.stopped or before.plan_id != plan_id_of(plan)
    published = publish_journey(session, plan, source, now)
    ended = 0
    if running == "stop":
        ended = _end_plans(session, plan.journey, REPLACED, except_plan=published.id)
    if is_new or ended:
        why = {"reason": reason} if reason else {}
        _record(session, plan.journey, "published", by, now, published.version, running=running, **why)
    mark_published(session)
    return published


def pause(session: Session, name: str, now: datetime, by: str) -> bool:
    """Stop entries and hold messages; waits go on. False if the journey was paused already."""
    journey = _locked(session, name)
    if journey.paused:
        return False
    journey.paused, journey.paused_at, journey.dropped_until = True, now, None
    _record(session, name, "paused", by, now)
    mark_published(session)
    return True


def resume(session: Session, name: str, now: datetime, by: str, *, late: Late = "send") -> bool:
    """End a pause. What fell due in it is sent, or dropped as expired; what it held is woken in pages (`release_page`).

    False if the journey wasn't paused.
    """
    journey = _locked(session, name)
    if not journey.paused:
        return False
    journey.paused, journey.dropped_until = False, now if late == "drop" else None
    _record(session, name, "resumed", by, now, late=late)
    mark_published(session)
    return True


def stop(session: Session, name: str, now: datetime, by: str) -> bool:
    """Stop entries; the running enrollments end, in pages (`stop_page`). False if it was stopped already."""
    journey = _locked(session, name)
    was_stopped = journey.stopped
    journey.stopped = True
    _end_plans(session, name, STOPPED)
    if not was_stopped:
        _record(session, name, "stopped", by, now)
    mark_published(session)
    return not was_stopped


def stop_customer(work: UnitOfWork, name: str, customer_id: int, now: datetime, by: str) -> int:
    """End one customer's running enrollments in a journey. Returns how many there were."""
    journey = work.get(Journey, name)
    if journey is None:
        raise UnknownJourneyError(name)
    customers = lock_customers(work, [customer_id])
    present = customers[customer_id].id if customers else 0
    of_journey = (col(Enrollment.customer_id) == present) & (col(Enrollment.journey) == name)
    enrollments = work.read(EnrollmentRow, of_journey, col(Enrollment.ending).is_(None)) if customers else []
    for enrollment in enrollments:
        end(work, enrollment, "stopped", now, BY_OPERATOR, wake=True)
    if enrollments:
        _record(work, name, "stopped_customer", by, now, customer=present)
    return len(enrollments)


def stop_page(work: UnitOfWork, name: str, after: int, now: datetime) -> int | None:
    """End a page of the enrollments whose version is over. Returns where the next one begins, None after the last."""
    ended = read_library(work).ended
    page = running_page(work, name, after, col(Enrollment.plan_id).in_(ended))
    for enrollment in page:
        if enrollment.ending is None:
            end(work, enrollment, "stopped", now, ended[enrollment.plan_id], wake=True)
    return page[-1].id if len(page) == PAGE else None


def release_page(work: UnitOfWork, name: str, after: int, now: datetime) -> int | None:
    """Wake a page of the enrollments that a pause has held. Returns where the next one begins, None after the last."""
    page = running_page(work, name, after, col(Enrollment.held))
    for enrollment in page:
        if enrollment.ending is None and enrollment.held:
            work.change(enrollment._replace(due_at=now))
            work.enqueue(WakeRun(enrollment.id))
    return page[-1].id if len(page) == PAGE else None


def in_pages(
    db: Database, page: Callable[[UnitOfWork, str, int, datetime], int | None], name: str, now: datetime
) -> None:
    """Go through a journey's enrollments after an action, a transaction per page. Idempotent."""
    after: int | None = 0
    while after is not None:
        with db.begin() as work:
            after = page(work, name, after, now)


def journey_statuses(session: Session) -> list[JourneyStatus]:
    """Every journey, by name."""
    count = select(Enrollment.plan_id, func.count()).where(col(Enrollment.ending).is_(None))
    running = dict(session.exec(count.group_by(col(Enrollment.plan_id))).all())
    versions: dict[str, dict[int, int]] = {}
    numbers: dict[str, int] = {}
    titles: dict[str, str] = {}
    title = col(PublishedPlan.plan)["name"].as_string()
    rows = select(PublishedPlan.id, PublishedPlan.journey, PublishedPlan.version, title)
    for plan_id, name, version, titles[plan_id] in session.exec(rows.order_by(col(PublishedPlan.version))):
        numbers[plan_id] = version
        if plan_id in running:
            versions.setdefault(name, {})[version] = running[plan_id]
    stuck = _counts(session, col(Enrollment.stuck_on).is_not(None))
    failed = _counts(session, col(Enrollment.ending) == "failed")
    newest = select(func.max(JourneyAction.id)).group_by(col(JourneyAction.journey))
    last = {row.journey: row for row in session.exec(select(JourneyAction).where(col(JourneyAction.id).in_(newest)))}
    return [
        JourneyStatus(
            row.name,
            titles[row.plan_id],
            numbers[row.plan_id],
            "stopped" if row.stopped else "paused" if row.paused else "live",
            versions.get(row.name, {}),
            last.get(row.name),
            stuck.get(row.name, 0),
            failed.get(row.name, 0),
        )
        for row in session.exec(select(Journey).order_by(col(Journey.name)))
    ]


def _counts(session: Session, which: ColumnElement[bool]) -> dict[str, int]:
    query = select(Enrollment.journey, func.count()).where(which).group_by(Enrollment.journey)
    return dict(session.exec(query).all())


def journey_status(session: Session, name: str) -> JourneyStatus:
    """One journey. Raises UnknownJourneyError."""
    for status in journey_statuses(session):
        if status.journey == name:
            return status
    raise UnknownJourneyError(name)


def plan_of(session: Session, name: str, version: int | None = None) -> Plan:
    """A journey's plan: the live one, or any version of it. Raises UnknownJourneyError."""
    query = select(PublishedPlan.id).where(PublishedPlan.journey == name)
    if version is None:
        query = query.join(Journey, col(Journey.plan_id) == PublishedPlan.id)
    else:
        query = query.where(PublishedPlan.version == version)
    plan_id = session.exec(query).first()
    if plan_id is None:
        raise UnknownJourneyError(name)
    return read_plan(session, plan_id)


def actions(session: Session, name: str) -> Sequence[JourneyAction]:
    """What was done to a journey, the newest first."""
    query = select(JourneyAction).where(JourneyAction.journey == name)
    return session.exec(query.order_by(col(JourneyAction.id).desc())).all()


def _locked(session: Session, name: str) -> Journey:
    """The journey, locked after what all that publish lock first."""
    mark_published(session)
    journey = session.get(Journey, name, populate_existing=True, with_for_update=True)
    if journey is None:
        raise UnknownJourneyError(name)
    return journey


def _end_plans(session: Session, name: str, reason: str, *, except_plan: str | None = None) -> int:
    plans = update(PublishedPlan).where(
        col(PublishedPlan.journey) == name,
        col(PublishedPlan.ended).is_(None),
        col(PublishedPlan.id) != (except_plan or ""),
    )
    return len(session.execute(plans.values(ended=reason).returning(col(PublishedPlan.id))).all())


def running_page(work: UnitOfWork, name: str, after: int, condition: Any) -> Sequence[EnrollmentRow]:
    """A page of a journey's running enrollments that the condition holds for. Locks their customers."""
    query = select(Enrollment.id, Enrollment.customer_id).where(
        Enrollment.journey == name, Enrollment.id > after, col(Enrollment.ending).is_(None), condition
    )
    page = work.exec(query.order_by(col(Enrollment.id)).limit(PAGE)).all()
    lock_customers(work, (customer for _, customer in page))
    return work.read(EnrollmentRow, is_among(Enrollment.id, [id for id, _ in page]))


def _record(
    session: Session, name: str, action: str, by: str, now: datetime, version: int | None = None, **details: Any
) -> None:
    if version is None:
        live = select(PublishedPlan.version).join(Journey, col(Journey.plan_id) == PublishedPlan.id)
        version = session.exec(live.where(Journey.name == name)).one()
    session.add(JourneyAction(journey=name, action=action, by=by, at=now, version=version, details=details))
    session.flush()
