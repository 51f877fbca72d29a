"""Notices to employees about their todos."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol, runtime_checkable
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from domain.journeys.tables import Todo
from domain.published.library import read_library, read_plan
from workflows.plan.commands import Group

NAMED_CUSTOMERS = 20
"""Customers named in one notice; the rest are counted."""


@dataclass(frozen=True)
class Notice:
    """A notice to an employee, named as in `customer.owner`. Customers are named by their ids only."""

    to: str
    text: str


@runtime_checkable
class TellsStaff(Protocol):
    """A channel's adapter that reaches the employees, too."""

    def tell_staff(self, notices: Sequence[Notice]) -> None:
        """Send each notice at once, best effort; failures are not raised, and the same notice again is one."""


def notices(session: Session, group: Group) -> list[Notice]:
    """One notice for each employee who has todos of this step for the group's members, in the business' time."""
    zone = read_library(session).policy_zone
    step = read_plan(session, group.plan_id).steps[group.path]
    query = (
        select(Todo)
        .where(
            col(Todo.enrollment_id).in_([member.enrollment for member in group.members]),
            Todo.step == step.name,
            col(Todo.assignee).is_not(None),
            col(Todo.done_at).is_(None),
        )
        .order_by(col(Todo.assignee), col(Todo.due_at), col(Todo.customer_id))
    )
    return [
        _notice(assignee or "", list(todos), zone)
        for assignee, todos in groupby(session.exec(query), lambda todo: todo.assignee)
    ]


def _notice(to: str, todos: Sequence[Todo], zone: ZoneInfo) -> Notice:
    named = "、".join(f"#{todo.customer_id}" for todo in todos[:NAMED_CUSTOMERS])
    more = f" 等 {len(todos)} 位" if len(todos) > NAMED_CUSTOMERS else ""
    due = todos[0].due_at.astimezone(zone)
    return Notice(to, f"待办：{todos[0].text}\n客户：{named}{more}\n截止：{due:%Y-%m-%d %H:%M}")
