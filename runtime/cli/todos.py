"""A command that lists what people are asked to do."""

from typing import Annotated

import typer
from rich.table import Table

from runtime import CONSOLE
from runtime.cli.shared import LANG, Data, Lang, database, say

app = typer.Typer()

_HEADS = {
    "zh": (
        ("编号", "导购", "客户", "旅程", "任务", "截止", "完成"),
        ("补货", "买手", "时间", "内容"),
        ("编号", "部门", "负责人", "任务", "截止", "完成"),
    ),
    "en": (
        ("id", "guide", "customer", "journey", "task", "due", "done"),
        ("order", "buyer", "at", "notice"),
        ("id", "department", "owner", "task", "due", "done"),
    ),
}


@app.command("todos")
def list_todos(
    assignee: Annotated[str | None, typer.Option(help="Only this person's.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that are done, too.")] = False,
    last: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    lang: Lang = LANG,
    data: Data = None,
) -> None:
    """List the open tasks of sales guides and of departments, and what buyers were told, the newest first."""
    from sqlmodel import col, select

    from domain.journeys.todos import todos
    from domain.published.library import read_library
    from domain.stock.tables import ReplenishmentNotice
    from domain.voice.tasks import DEPARTMENTS, tasks

    notices = select(ReplenishmentNotice).order_by(col(ReplenishmentNotice.at).desc()).limit(last)
    if assignee is not None:
        notices = notices.where(ReplenishmentNotice.recipient == assignee)
    of_todos, of_notices, of_tasks = (Table(*heads) for heads in _HEADS[lang])
    with database(data) as db, db() as session:
        zone = read_library(session).policy_zone
        for todo, journey in todos(
            session, assignee=assignee, is_done=None if everything else False, after=None, limit=last
        ):
            times = [f"{at.astimezone(zone):%Y-%m-%d %H:%M}" if at else "" for at in (todo.due_at, todo.done_at)]
            of_todos.add_row(str(todo.id), todo.assignee or "", str(todo.customer_id), journey, todo.text, *times)
        for task in tasks(session, owner=assignee, is_done=None if everything else False, limit=last):
            department = DEPARTMENTS[task.department] if lang == "zh" else task.department  # type: ignore[index]
            done = f"{task.done_at.astimezone(zone):%Y-%m-%d %H:%M}" if task.done_at else ""
            of_tasks.add_row(str(task.id), department, task.owner or "", task.text, f"{task.due_on}", done)
        for notice in session.exec(notices):
            at = f"{notice.at.astimezone(zone):%Y-%m-%d %H:%M}"
            of_notices.add_row(str(notice.replenishment_id), notice.recipient, at, notice.body)
    for table in (of_todos, of_notices, of_tasks):
        if table.row_count:
            CONSOLE.print(table)
    if not of_todos.row_count + of_notices.row_count + of_tasks.row_count:
        say("没有待办" if lang == "zh" else "nothing is to be done")
