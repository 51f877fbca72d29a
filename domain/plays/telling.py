"""Entries become events, `play.entered`, in bulk through the one door; so journeys can begin with them."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlmodel import Session, col, select

from domain.catalogue.sources import PLAYS
from domain.customers.resolution import lock_customers
from domain.plays.tables import PlayEntry, PlayInstance, PlayRound
from domain.store.work import EventGiven, UnitOfWork
from workflows.plays.model import Play

PAGE = 500
"""Entries that are told in a transaction: so many customers are locked at once."""


def tell_entries(work: UnitOfWork, play: Play, instance: PlayInstance) -> int:
    """Tell a page of what was entered and isn't told yet, the first first. Returns how many entries that were."""
    steps = dict(work.exec(select(PlayRound.id, PlayRound.step).where(PlayRound.instance_id == instance.id)).all())
    entries = _untold(work, list(steps))
    people = lock_customers(work, {entry.customer_id for entry in entries})
    for entry in entries:
        data = {
            "play": play.play, "instance": instance.id, "step": steps[entry.round_id], "entry": entry.id,
            "choice": entry.choice, "guess": entry.guess, "stream_id": instance.stream_id,
        }  # fmt: skip
        given = {name: value for name, value in data.items() if value is not None}
        id = f"{instance.id}/entry/{entry.id}"
        customer = people[entry.customer_id].id
        work.give_rise_to(EventGiven(PLAYS, id, "play.entered", entry.taken_at, given, customer))
    if entries:
        work.connection().execute(_TOLD, {"ids": [entry.id for entry in entries]})
    return len(entries)


def is_behind(session: Session, instance_id: int) -> bool:
    """Whether there are entries that aren't told yet."""
    query = select(PlayEntry.id).join(PlayRound, col(PlayRound.id) == PlayEntry.round_id)
    query = query.where(PlayRound.instance_id == instance_id, col(PlayEntry.told).is_(False))
    return session.exec(query.limit(1)).first() is not None


def _untold(session: Session, rounds: Sequence[int]) -> Sequence[PlayEntry]:
    query = select(PlayEntry).where(col(PlayEntry.round_id).in_(rounds), col(PlayEntry.told).is_(False))
    return session.exec(query.order_by(col(PlayEntry.round_id), col(PlayEntry.id)).limit(PAGE)).all()


_TOLD = text("UPDATE play_entries SET told = true WHERE id = ANY (CAST(:ids AS bigint[]))")
