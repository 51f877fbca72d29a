"""The tasks of sales guides, to be read."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from domain.journeys.tables import Enrollment, Todo


def todos(
    session: Session,
    *,
    assignee: str | None,
    customer: int | None = None,
    is_done: bool | None,
    due_before: datetime | None = None,
    after: int | None,
    limit: int,
) -> Sequence[tuple[Todo, str]]:
    """Tasks with the journey of each, the newest first; of one sales guide, about one customer, of one state, due
    before an instant, or before one, by its id.
    """
    query = select(Todo, Enrollment.journey).join(Enrollment, col(Enrollment.id) == col(Todo.enrollment_id))
    if assignee is not None:
        query = query.where(Todo.assignee == assignee)
    if customer is not None:
        query = query.where(Enrollment.customer_id == customer)
    if is_done is not None:
        query = query.where(col(Todo.done_at).is_not(None) if is_done else col(Todo.done_at).is_(None))
    if due_before is not None:
        query = query.where(Todo.due_at < due_before)
    if after is not None:
        query = query.where(col(Todo.id) < after)
    return session.exec(query.order_by(col(Todo.id).desc()).limit(limit)).all()
