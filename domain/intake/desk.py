"""The guide's desk: their tasks by what is due, and their customers, nobody else's."""

from collections.abc import Sequence, Set
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import tuple_
from sqlmodel import Session, col, select

from domain.catalogue.sources import DESK
from domain.customers.resolution import lock_customers
from domain.customers.tables import Customer
from domain.intake.tables import Event
from domain.intake.timeline import decision_of
from domain.journeys.tables import Enrollment, Todo, TrailEntry
from domain.published.tables import PublishedPlan
from domain.store.work import EventGiven, UnitOfWork
from workflows.verbs.base import Decision

LATER = timedelta(days=1)
"""How much later a task is due that isn't done now."""

Outcome = Literal["done", "wrong"]


def own_todos(
    session: Session, staff: str, *, after: tuple[datetime, int] | None, limit: int
) -> Sequence[tuple[Todo, Customer, str]]:
    """A page of a guide's open tasks by what is due first, each with its customer and what its journey is called."""
    title = col(PublishedPlan.plan)["name"].as_string()
    query = (
        select(Todo, Customer, title)
        .join(Customer, col(Customer.id) == col(Todo.customer_id))
        .join(Enrollment, col(Enrollment.id) == col(Todo.enrollment_id))
        .join(PublishedPlan, col(PublishedPlan.id) == col(Enrollment.plan_id))
        .where(Todo.assignee == staff, col(Todo.done_at).is_(None))
    )
    if after is not None:
        query = query.where(tuple_(col(Todo.due_at), col(Todo.id)) > after)
    return session.exec(query.order_by(col(Todo.due_at), col(Todo.id)).limit(limit)).all()


def own_todo(work: UnitOfWork, staff: str, number: int) -> tuple[Todo, Enrollment] | None:
    """A guide's task, with its customer locked; None if it isn't theirs."""
    owner = work.exec(select(Todo.customer_id).where(Todo.id == number, Todo.assignee == staff)).first()
    if owner is None:
        return None
    lock_customers(work, [owner])
    todo = work.get_one(Todo, number, populate_existing=True)
    return todo, work.get_one(Enrollment, todo.enrollment_id)


def finish(work: UnitOfWork, todo: Todo, enrollment: Enrollment, outcome: Outcome, now: datetime) -> bool:
    """A task is done, or was wrong, which journeys hear as `todo.done`. False if it was over before."""
    if todo.done_at is not None:
        return False
    data = {"enrollment": enrollment.id, "journey": enrollment.journey, "step": todo.step, "outcome": outcome}
    work.give_rise_to(EventGiven(DESK, f"todo/{todo.id}", "todo.done", now, data, todo.customer_id))
    return True


def put_off(todo: Todo, now: datetime) -> None:
    """A task isn't done now: it is due a day later."""
    todo.due_at = max(todo.due_at, now) + LATER


def own_customer(session: Session, staff: str, customer_id: int) -> Customer | None:
    """A customer whose owner the guide is, or of whom they were given a task; None of anybody else."""
    customer = session.get(Customer, customer_id)
    if customer is None or customer.fields.get("owner") == staff:
        return customer
    given = select(Todo.id).where(Todo.customer_id == customer_id, Todo.assignee == staff).limit(1)
    return customer if session.exec(given).first() is not None else None


def recent(session: Session, customer_id: int, limit: int) -> Sequence[Decision]:
    """What was decided about a customer of late, the newest first."""
    query = select(TrailEntry).where(TrailEntry.customer_id == customer_id)
    return [decision_of(row) for row in session.exec(query.order_by(col(TrailEntry.id).desc()).limit(limit))]


LATEST = 5
"""Orders of which nothing is offered again."""


def last_bought(session: Session, customer_id: int) -> tuple[Sequence[str], Set[str]]:
    """The products of a customer's last order, and those of the last few."""
    query = select(Event.data).where(Event.customer_id == customer_id, Event.type == "order.paid")
    orders = session.exec(query.order_by(col(Event.time).desc(), col(Event.id).desc()).limit(LATEST)).all()
    bought = [[item["sku"] for item in data.get("items") or ()] for data in orders]
    return bought[0] if bought else [], {sku for skus in bought for sku in skus}
