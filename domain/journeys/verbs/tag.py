"""Carries out `tag` and `untag`."""

from domain.catalogue.sources import TAGS
from domain.customers.tables import CustomerTag
from domain.journeys.steps import StepContext
from domain.journeys.trail import record
from domain.store.work import EventGiven
from workflows.plan.commands import Answer
from workflows.verbs.tag import SetTag


def carry_out(context: StepContext, step: SetTag) -> Answer:
    """Tag the customer, or take the tag off; a tag that a rule keeps is left to it."""
    if step.tag in context.facts.library.tags:
        return context.done(step, "done")
    tags = context.rows.tags(step.tag)
    held = tags.get(context.customer.id)
    had = held is not None and (held.until is None or held.until > context.at)
    if step.remove:
        if held is not None:
            del tags[context.customer.id]
            context.work.delete(held)
    else:
        until = step.keep.after(context.at, context.facts.zone) if step.keep else None
        if held is None:
            held = tags[context.customer.id] = CustomerTag(customer_id=context.customer.id, tag=step.tag)
            context.work.add(held)
        held.until = until
        if not had:
            held.since = context.at
    context.batch_facts = None  # it knows the tags as they were
    what = "untag" if step.remove else "tag"
    record(context.work, context.enrollment, what, step.tag, context.at, step=step.path)
    if had == step.remove:
        _tell(context, step)
    return context.done(step, "done")


def _tell(context: StepContext, step: SetTag) -> None:
    """Let the change be an event."""
    type = "tag.removed" if step.remove else "tag.added"
    enrollment = context.enrollment
    data = {"tag": step.tag, "by": "journey", "journey": enrollment.journey}
    id = f"{type}/{enrollment.id}/{enrollment.generation}/{step.path}"
    context.work.give_rise_to(EventGiven(TAGS, id, type, context.at, data, context.customer.id))
