"""Entries by events: who comments, or does whatever else a play takes for it, has entered."""

from collections.abc import Sequence

from sqlmodel import col, select

from domain.conditions.facts import CustomerFacts
from domain.customers.tables import CustomerRow
from domain.intake.tables import Event
from domain.plays.rounds import Ask, take
from domain.plays.running import version_of
from domain.plays.tables import PlayInstance
from domain.published.library import Library
from domain.store.outbox import LookAtPlay
from domain.store.work import UnitOfWork
from workflows.plays.model import Play
from workflows.plays.parts.collect import Collect


def enter_by_events(work: UnitOfWork, library: Library, events: Sequence[Event]) -> None:
    """Let the customers of these events enter the plays that are open and take them for it; their rows are locked."""
    heard = [event for event in events if event.type in library.entering and event.customer_id is not None]
    if not heard:
        return
    query = select(PlayInstance).where(PlayInstance.state == "open", col(PlayInstance.ended_at).is_(None))
    for instance in work.exec(query.order_by(col(PlayInstance.id))).all():
        play = version_of(work, instance)
        placed = play.placed.get(instance.position or "")
        if placed is not None and isinstance(placed.part, Collect):
            asks = [ask for event in heard if (ask := _ask(work, library, play, placed.part, instance, event))]
            if asks:
                take(work, play.play, asks)


def stir_plays_in(work: UnitOfWork, stream_id: str) -> None:
    """Have the plays looked at that are played in a show: it has ended."""
    in_show = (col(PlayInstance.stream_id) == stream_id) & col(PlayInstance.ended_at).is_(None)
    for instance_id in work.exec(select(PlayInstance.id).where(in_show).order_by(col(PlayInstance.id))).all():
        work.enqueue(LookAtPlay(instance_id))


def _ask(
    work: UnitOfWork, library: Library, play: Play, part: Collect, instance: PlayInstance, event: Event
) -> Ask | None:
    """The entry that an event is: what it says must choose something, where there is something to choose."""
    after = play.entry.after
    if after is None or after.event != event.type or event.customer_id is None:
        return None
    if instance.stream_id is not None and event.data.get("stream_id") not in (None, instance.stream_id):
        return None
    if after.where is not None:
        customer = work.held(CustomerRow, event.customer_id)
        facts = CustomerFacts(work, library, customer, event.received_at, event=event.data, upto=event.id)
        if not facts.holds(after.where):
            return None
    said = event.data.get("choice", event.data.get("text"))
    choice = part.choice_in(said if isinstance(said, str) else "")
    if choice is None:
        return None
    return Ask(f"event/{event.id}", event.customer_id, next(filter(None, choice), None), event.received_at)
