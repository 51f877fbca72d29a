"""What of the recorded events matters to journeys, and how a recorded event is played again."""

from collections.abc import Iterator
from typing import Any

from domain.catalogue.sources import STOCK, TAGS
from domain.intake.effects import TYPES
from domain.intake.ingest import Incoming
from domain.published.library import Library
from workflows.plan.model import ScheduleTrigger
from workflows.terms.names.events import event_of

PERSON = "customer"
"""The kind of identifier that every customer of a scratch database has: their id."""

CONSEQUENCES = (
    "type NOT LIKE 'message.%%' AND type NOT LIKE 'todo.%%' AND type NOT LIKE 'coupon.%%'"
    f" AND source NOT IN ('{STOCK}', '{TAGS}') AND NOT forgotten"
)
"""Leaves out what journeys that ran, the stock book and the rules of tags brought about, and what is forgotten."""


def spoken_of(library: Library) -> set[str]:
    """The types of event that a journey, a segment or a tag speaks of, or that a journey's schedule stands for."""
    spoken = [live.plan.model_dump(mode="json") for live in library.journeys.values()]
    triggers = [live.plan.trigger for live in library.journeys.values()]
    scheduled = {event_of(trigger.for_each) for trigger in triggers if isinstance(trigger, ScheduleTrigger)}
    return {*events_in(spoken), *scheduled, *library.rules.asked.listens}


def asked_for(library: Library) -> set[str]:
    """Those, and the types that change what we know."""
    return spoken_of(library) | TYPES


def incoming(row: Any) -> Incoming:
    """A row of events as it came in, at its own time."""
    who = ((PERSON, str(row.customer_id)),) if row.customer_id is not None else ()
    return Incoming(row.source, row.event_id, row.type, row.time, row.data, who, arrived=row.time)


def events_in(value: Any) -> Iterator[str]:
    """The types of event that a dumped plan speaks of."""
    if isinstance(value, list):
        for part in value:
            yield from events_in(part)
    elif isinstance(value, dict):
        for key, part in value.items():
            if key == "event" and isinstance(part, str):
                yield part
            yield from events_in(part)
