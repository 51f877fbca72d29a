"""What people are asked to do: the tasks of sales guides, and what buyers were told."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel
from sqlmodel import col, select

from api.http.auth import require
from api.http.context import context
from api.http.problems import Forbidden, Invalid, Unauthorized, Unavailable, documented
from domain.journeys.todos import todos
from domain.stock.tables import ReplenishmentNotice

router = APIRouter(tags=["todos"], responses=documented(Unauthorized, Forbidden, Invalid, Unavailable))

Limit = Annotated[int, Query(ge=1, le=200, description="of a page, at most")]
Name = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$", description="only this one's")]


class TodoState(BaseModel):
    """A task for a sales guide about a customer. `done_at` is null while it is open."""

    id: int
    customer: int
    journey: str
    step: str
    text: str
    assignee: str | None
    due_at: datetime
    done_at: datetime | None


class Todos(BaseModel):
    """A page, the newest first. `next` is what to give as `after` for the following one; null after the last."""

    todos: list[TodoState]
    next: int | None


class Notice(BaseModel):
    """What a buyer was told of a replenishment."""

    replenishment: int
    status: str
    recipient: str
    body: str
    at: datetime


@router.get("/v1/todos", summary="List the tasks of sales guides", dependencies=[Depends(require("customers.read"))])
def get_todos(
    request: Request,
    assignee: Name = None,
    customer: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="only about this one")] = None,
    done: Annotated[bool | None, Query(description="only those that are done, or only those that aren't")] = None,
    overdue: Annotated[bool, Query(description="only those that are open and should have been done by now")] = False,
    after: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="`next` of the page before")] = None,
    limit: Limit = 50,
) -> Todos:
    """A task is done by the event `todo.done`, which names its `journey` and `step`."""
    env = context(request)
    if overdue and done:
        return Todos(todos=[], next=None)
    with env.db() as session:
        rows = todos(
            session,
            assignee=assignee,
            customer=customer,
            is_done=False if overdue else done,
            due_before=env.clock.now() if overdue else None,
            after=after,
            limit=limit + 1,
        )
    shown = [
        TodoState.model_validate({**todo.model_dump(), "customer": todo.customer_id, "journey": journey})
        for todo, journey in rows[:limit]
    ]
    return Todos(todos=shown, next=shown[-1].id if len(rows) > limit else None)


@router.get("/v1/notices", summary="List what buyers were told", dependencies=[Depends(require("replenishments.read"))])
def get_notices(request: Request, recipient: Name = None, limit: Limit = 50) -> list[Notice]:
    """The newest first."""
    query = select(ReplenishmentNotice)
    if recipient is not None:
        query = query.where(ReplenishmentNotice.recipient == recipient)
    query = query.order_by(col(ReplenishmentNotice.at).desc(), col(ReplenishmentNotice.replenishment_id).desc())
    with context(request).db() as session:
        return [
            Notice.model_validate({**notice.model_dump(), "replenishment": notice.replenishment_id})
            for notice in session.exec(query.limit(limit))
        ]
