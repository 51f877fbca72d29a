"""Carries out `todo`."""

from domain.journeys.steps import StepContext, is_held_out, suppress
from domain.journeys.tables import Todo
from domain.journeys.trail import record
from workflows.plan.commands import Answer
from workflows.verbs.todo import AssignTodo


def carry_out(context: StepContext, step: AssignTodo) -> Answer:
    """Give the customer's sales guide a task."""
    if is_held_out(context):
        return suppress(context, step, step.name, "holdout")
    todos = context.rows.todos(step.name)
    if context.enrollment.id not in todos:
        todo = todos[context.enrollment.id] = Todo(
            enrollment_id=context.enrollment.id,
            customer_id=context.customer.id,
            step=step.name,
            text=step.text,
            assignee=context.customer.fields.get("owner") if step.assign == "owner" else step.assign,
            due_at=step.due.after(context.at, context.facts.zone),
        )
        context.work.add(todo)
        record(context.work, context.enrollment, "todo", step.name, context.at, step=step.path)
    return context.done(step, "created")
