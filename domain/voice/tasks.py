"""What departments are asked to do because of what customers said."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from domain.published.library import read_library
from domain.stock.tables import Product
from domain.voice.tables import Task
from workflows.language.voice import Department

DEPARTMENTS: dict[Department, str] = {
    "product": "产品",
    "supply": "供应链",
    "marketing": "市场",
    "live": "直播",
    "service": "客服",
}


def owner_of(session: Session, department: Department, sku: str | None) -> str | None:
    """Who answers for what a department is asked about a product: its manager, or who does for the department."""
    product = session.get(Product, sku) if sku and department == "product" else None
    return (product.manager if product else None) or read_library(session).voice.departments.get(department)


def ask(
    session: Session,
    key: str,
    department: Department,
    text: str,
    due_on: date,
    now: datetime,
    *,
    owner: str | None = None,
    stream_id: str | None = None,
    sku: str | None = None,
) -> int | None:
    """Have something done by a day; None if it was asked for already, by this key."""
    values = {
        "key": key,
        "department": department,
        "owner": owner,
        "text": text,
        "due_on": due_on,
        "created_at": now,
        "stream_id": stream_id,
        "sku": sku,
    }
    new = insert(Task).values(values).on_conflict_do_nothing().returning(col(Task.id))
    return session.execute(new).scalar()


def tasks(
    session: Session,
    *,
    owner: str | None = None,
    department: str | None = None,
    stream_id: str | None = None,
    is_done: bool | None = None,
    after: int | None = None,
    limit: int,
) -> Sequence[Task]:
    """Tasks, the newest first."""
    query = select(Task)
    for column, wanted in ((Task.owner, owner), (Task.department, department), (Task.stream_id, stream_id)):
        if wanted is not None:
            query = query.where(column == wanted)
    if is_done is not None:
        query = query.where(col(Task.done_at).is_not(None) if is_done else col(Task.done_at).is_(None))
    if after is not None:
        query = query.where(col(Task.id) < after)
    return session.exec(query.order_by(col(Task.id).desc()).limit(limit)).all()


def finish(session: Session, task: Task, by: str, note: str | None, now: datetime) -> None:
    """Note that it is done, and what came of it; doing it twice is doing it once."""
    if task.done_at is None:
        task.done_at, task.done_by, task.note = now, by, note
        session.add(task)
