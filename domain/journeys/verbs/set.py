"""Carries out `set`."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from domain.journeys.steps import StepContext
from domain.journeys.trail import record
from workflows.plan.commands import Answer
from workflows.terms.measuring import plain_number
from workflows.terms.operands import FieldRef
from workflows.verbs.set import SetFields


def _held(value: Any) -> Any:
    """A field's value as JSON has it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return plain_number(value) if isinstance(value, Decimal) else value


def carry_out(context: StepContext, step: SetFields) -> Answer:
    """Set the customer's fields, as a `customer.updated` of this instant would."""
    customer, facts = context.customer, context.facts
    given = {
        name: _held(facts.field(value.field)) if isinstance(value, FieldRef) else value
        for name, value in step.fields.items()
    }
    known = {name: value for name, value in given.items() if value is not None}
    field_times = {**customer.field_times, **dict.fromkeys(known, context.at.isoformat())}
    for field in known:
        record(context.work, context.enrollment, "set", field, context.at, step=step.path)
    name = str(known.pop("name")) if "name" in known else customer.name
    context.work.change(customer._replace(name=name, fields={**customer.fields, **known}, field_times=field_times))
    return context.done(step, "done")
