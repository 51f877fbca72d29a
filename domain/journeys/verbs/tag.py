"""Carries out `tag` and `untag`."""

from domain.customers.tables import CustomerTag
from domain.journeys.steps import StepContext
from domain.journeys.trail import record
from workflows.plan.commands import Answer
from workflows.verbs.tag import SetTag


def carry_out(context: StepContext, step: SetTag) -> Answer:
    """Tag the customer, or take the tag off."""
    tags = context.rows.tags(step.tag)
    if step.remove:
        held = tags.pop(context.customer.id, None)
        if held is not None:
            context.work.delete(held)
    else:
        until = step.keep.after(context.at, context.facts.zone) if step.keep else None
        held = tags.get(context.customer.id)
        if held is None:
            held = tags[context.customer.id] = CustomerTag(customer_id=context.customer.id, tag=step.tag)
            context.work.add(held)
        held.until = until
    context.batch_facts = None  # it knows the tags as they were
    what = "untag" if step.remove else "tag"
    record(context.work, context.enrollment, what, step.tag, context.at, step=step.path)
    return context.done(step, "done")
