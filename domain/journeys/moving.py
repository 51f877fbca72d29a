"""Moving running enrollments to their journey's live version: those that stand at a step which it has, too.

What is under way stays: a round of a `repeat`, a wait for an event that is registered, a message or a call in flight.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, or_
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from domain.customers.tables import Customer
from domain.journeys import decisions
from domain.journeys.lifecycle import PAGE, Running, in_pages, running_page, stop_page
from domain.journeys.tables import Enrollment, Wait, WebhookCall
from domain.ledger.tables import Message
from domain.published.library import read_library, read_plan
from domain.published.publishing import plan_id_of
from domain.store.work import Database, UnitOfWork
from workflows.plan.model import Plan
from workflows.verbs.base import Path


def settle_running(db: Database, name: str, running: Running, now: datetime) -> None:
    """What becomes of those in older versions after a publication, in pages."""
    if running != "finish":
        in_pages(db, stop_page if running == "stop" else move_page, name, now)


def move_page(work: UnitOfWork, name: str, after: int, now: datetime) -> int | None:
    """Move a page of the enrollments of older versions. Returns where the next one begins, None after the last.

    Locks their customers.
    """
    library = read_library(work)
    live = library.journeys.get(name)
    if live is None:
        return None
    page = running_page(work, name, after, col(Enrollment.plan_id) != live.plan_id)
    ids = [enrollment.id for enrollment in page]
    busy = set(work.exec(select(Enrollment.id).where(col(Enrollment.id).in_(ids), _is_busy())))
    for enrollment in page:
        if enrollment.ending or enrollment.id in busy or enrollment.plan_id in (live.plan_id, *library.ended):
            continue
        path = counterpart(read_plan(work, enrollment.plan_id), enrollment.position, live.plan)
        if path is not None:
            zone = library.zone(work.get_one(Customer, enrollment.customer_id))
            decisions.moved(enrollment, live, path, now, zone).write(work)
    return page[-1].id if len(page) == PAGE else None


def count_movable(session: Session, plan: Plan) -> tuple[int, int]:
    """How many running enrollments of other versions would go on under the plan, and how many would stay."""
    ended = read_library(session).ended
    running = select(Enrollment.plan_id, Enrollment.position, _is_busy().label("busy")).where(
        Enrollment.journey == plan.journey, col(Enrollment.ending).is_(None), Enrollment.plan_id != plan_id_of(plan)
    )
    each = running.subquery().c
    counts = sa_select(each.plan_id, each.position, each.busy, func.count()).group_by(*each)
    moving = staying = 0
    for old_id, position, busy, count in session.execute(counts):
        if old_id in ended:
            continue
        if not busy and counterpart(read_plan(session, old_id), position, plan) is not None:
            moving += count
        else:
            staying += count
    return moving, staying


def counterpart(old: Plan, position: Path | None, new: Plan) -> Path | None:
    """Where the step at a place of a plan stands in another: the one of its id and verb, unless it is in a `repeat`."""
    step = old.steps.get(position or "")
    if step is None or not step.id or "#" in step.path:
        return None
    same = (other.path for other in new.steps.values() if other.id == step.id and other.verb == step.verb)
    return next(same, None)


def _is_busy() -> ColumnElement[bool]:
    """Whether what the enrollment stands at is under way."""
    own, at = col(Enrollment.id), (col(Enrollment.generation), col(Enrollment.position))
    waiting = (col(Wait.enrollment_id) == own) & (col(Wait.generation) == at[0]) & (col(Wait.step) == at[1])
    sending = (col(Message.enrollment_id) == own) & col(Message.status).in_(("claimed", "calling"))
    calling = (col(WebhookCall.enrollment_id) == own) & (col(WebhookCall.status) == "calling")
    return or_(exists().where(waiting), exists().where(sending), exists().where(calling))
