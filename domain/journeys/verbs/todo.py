"""Carries out `todo`."""

from domain.journeys.steps import StepContext, is_held_out, suppress
from domain.journeys.tables import Todo
from domain.journeys.trail import record
from workflows.plan.commands import Answer
from workflows.verbs.todo import AssignTodo


def carry_out(visit: StepContext, step: AssignTodo) -> Answer:
    """Give the customer's sales guide a task."""
    if is_held_out(visit):
        return suppress(visit, step, step.name, "holdout")
    todos = visit.rows.todos(step.name)
    if visit.enrollment.id not in todos:
        todo = todos[visit.enrollment.id] = Todo(
            enrollment_id=visit.enrollment.id,
            customer_id=visit.customer.id,
            step=step.name,
            text=step.text,
            assignee=visit.customer.fields.get("owner") if step.assign == "owner" else step.assign,
            due_at=step.due.after(visit.at, visit.facts.zone),
        )
        visit.work.add(todo)
        record(visit.work, visit.enrollment, "todo", step.name, visit.at, step=step.path)
    return visit.done(step, "created")
