"""Carries out `tag` and `untag`."""

from domain.customers.tables import CustomerTag
from domain.journeys.steps import StepContext
from domain.journeys.trail import record
from workflows.plan.commands import Answer
from workflows.verbs.tag import SetTag


def carry_out(visit: StepContext, step: SetTag) -> Answer:
    """Tag the customer, or take the tag off."""
    tags = visit.rows.tags(step.tag)
    if step.remove:
        held = tags.pop(visit.customer.id, None)
        if held is not None:
            visit.work.delete(held)
    else:
        until = step.keep.after(visit.at, visit.facts.zone) if step.keep else None
        held = tags.get(visit.customer.id)
        if held is None:
            held = tags[visit.customer.id] = CustomerTag(customer_id=visit.customer.id, tag=step.tag)
            visit.work.add(held)
        held.until = until
    visit.company = None  # it knows the tags as they were
    what = "untag" if step.remove else "tag"
    record(visit.work, visit.enrollment, what, step.tag, visit.at, step=step.path)
    return visit.done(step, "done")
