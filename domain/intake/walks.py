"""Walks over many customers: how far each is, so that one which Temporal has lost goes on where it was."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from domain.intake.tables import CustomerWalk
from domain.store.outbox import TakeToJourney
from domain.store.work import UnitOfWork


def take_to_journey(work: UnitOfWork, journey: str, event_id: int) -> None:
    """Have an event about the business taken to the customers whom it concerns in a journey."""
    work.add(CustomerWalk(journey=journey, event_id=event_id))
    work.enqueue(TakeToJourney(journey, event_id), event=event_id)


def walk_with_event(session: Session, journey: str, event_id: int) -> CustomerWalk | None:
    """How far the walk with an event is; None if it is at its end."""
    return session.exec(
        select(CustomerWalk).where(CustomerWalk.journey == journey, CustomerWalk.event_id == event_id)
    ).first()


def walk_of_schedule(session: Session, journey: str, due: datetime) -> CustomerWalk:
    """How far the walk of a schedule is, which begins if it hasn't."""
    session.execute(
        insert(CustomerWalk).values(journey=journey, due=due, cursor="", ended=False).on_conflict_do_nothing()
    )
    return session.exec(select(CustomerWalk).where(CustomerWalk.journey == journey, CustomerWalk.due == due)).one()


def go_on(session: Session, walk: CustomerWalk | None, cursor: str | None) -> str | None:
    """Keep where the next page begins, or that there is none. Returns it."""
    if walk is None:
        return cursor
    if cursor is not None:
        walk.cursor = cursor
        session.add(walk)
    elif walk.event_id is not None:
        session.delete(walk)
    else:
        walk.ended = True
        session.add(walk)
        older = (
            (col(CustomerWalk.journey) == walk.journey) & col(CustomerWalk.ended) & (col(CustomerWalk.due) < walk.due)
        )
        session.execute(delete(CustomerWalk).where(older))
    return cursor


def open_walks(session: Session) -> Sequence[CustomerWalk]:
    """The walks that aren't at their end."""
    return session.exec(select(CustomerWalk).where(~col(CustomerWalk.ended)).order_by(col(CustomerWalk.id))).all()


def last_due(session: Session, journey: str) -> datetime | None:
    """When the schedule of a journey was due last that walked."""
    query = select(CustomerWalk.due).where(CustomerWalk.journey == journey, col(CustomerWalk.due).is_not(None))
    return session.exec(query.order_by(col(CustomerWalk.due).desc()).limit(1)).first()
