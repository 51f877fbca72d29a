"""What departments are asked to do: `/v1/tasks`."""

from datetime import date, datetime
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.concurrency import run_in_threadpool

from api.http.auth import require
from api.http.bodies import described, read_json
from api.http.context import Context, context
from api.http.problems import Forbidden, Invalid, NotFound, Unauthorized, Unavailable, documented
from api.http.transactions import in_transaction
from domain.access import audit
from domain.access.actors import Actor
from domain.store.work import UnitOfWork
from domain.voice import tasks
from domain.voice.tables import Task
from workflows.language.voice import Department

router = APIRouter(tags=["voice"], responses=documented(Unauthorized, Forbidden, Invalid, Unavailable))

Reader = Annotated[Actor, Depends(require("voice.read"))]
Editor = Annotated[Actor, Depends(require("voice.edit"))]
Id = Annotated[int, Path(ge=1, le=2**63 - 1, description="the task's id")]
Name = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1_000, pattern=r"^[^\x00]*$")]


class TaskState(BaseModel):
    """What a department is to do by a day, because of a show or a product. `note` is what came of it."""

    id: int
    department: Department
    owner: str | None
    text: str
    stream_id: str | None
    sku: str | None
    due_on: date
    created_at: datetime
    done_at: datetime | None
    done_by: str | None
    note: str | None


class Tasks(BaseModel):
    """A page, the newest first. `next` is what to give as `after` for the following one; null after the last."""

    tasks: list[TaskState]
    next: int | None


class NewTask(BaseModel):
    """What a department is to do by a day: whose it is, because of which show or product."""

    model_config = ConfigDict(extra="forbid")

    department: Department
    text: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000, pattern=r"^[^\x00]*$")
    ]
    due_on: date
    owner: Word | None = None
    stream_id: Word | None = None
    sku: Word | None = None


class Done(BaseModel):
    """What came of it."""

    model_config = ConfigDict(extra="forbid")

    note: Note | None = None


@router.get("/v1/tasks", summary="List what departments are to do")
def get_tasks(
    request: Request,
    _: Reader,
    owner: Annotated[Name, Query(description="only this person's")] = None,
    department: Annotated[Department | None, Query(description="only this department's")] = None,
    stream: Annotated[Name, Query(description="only because of this show")] = None,
    done: Annotated[bool | None, Query(description="only those that are done, or only those that aren't")] = None,
    after: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="of a page, at most")] = 50,
) -> Tasks:
    with context(request).db() as session:
        rows = tasks.tasks(
            session, owner=owner, department=department, stream_id=stream, is_done=done, after=after, limit=limit + 1
        )
        shown = [TaskState.model_validate(row, from_attributes=True) for row in rows[:limit]]
    return Tasks(tasks=shown, next=shown[-1].id if len(rows) > limit else None)


@router.post(
    "/v1/tasks",
    summary="Have a department do something",
    status_code=201,
    openapi_extra=described(
        NewTask, {"department": "supply", "text": "下场前补足青团", "owner": "chen", "due_on": "2026-03-09"}
    ),
)
async def post_task(request: Request, caller: Editor) -> TaskState:
    """As it was decided in the review of a show, which shows it again at the next one."""
    body = await read_json(request, NewTask)
    return await run_in_threadpool(_ask, context(request), caller, body)


@router.post(
    "/v1/tasks/{id}/finish",
    summary="Say that a task is done",
    responses=documented(NotFound),
    openapi_extra=described(Done, {"note": "已换配方，下批加盐"}),
)
async def post_finish(request: Request, caller: Editor, id: Id) -> TaskState:
    """Doing it twice is doing it once."""
    body = await read_json(request, Done)
    return await run_in_threadpool(_finish, context(request), caller, id, body.note)


def _ask(env: Context, caller: Actor, body: NewTask) -> TaskState:
    def ask(work: UnitOfWork) -> TaskState:
        key, given = f"asked/{uuid4().hex}", body.model_dump(exclude={"department", "text", "due_on"})
        id = tasks.ask(work, key, body.department, body.text, body.due_on, env.clock.now(), **given)
        after = {"department": body.department, "due_on": body.due_on.isoformat()}
        audit.record(work, caller, "task.ask", f"task:{id}", env.wall.now(), after=after)
        return TaskState.model_validate(work.get_one(Task, id), from_attributes=True)

    return in_transaction(env.db, ask)


def _finish(env: Context, caller: Actor, id: int, note: str | None) -> TaskState:
    def finish(work: UnitOfWork) -> TaskState:
        task = work.get(Task, id, with_for_update=True)
        if task is None:
            raise NotFound("There is no such task.")
        if task.done_at is None:
            is_done = {"before": {"done": False}, "after": {"done": True}}
            audit.record(work, caller, "task.finish", f"task:{id}", env.wall.now(), **is_done)
        tasks.finish(work, task, caller.name, note, env.clock.now())
        return TaskState.model_validate(task, from_attributes=True)

    return in_transaction(env.db, finish)
