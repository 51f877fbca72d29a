"""Consents and refusals from before a join that come in after it: the strictest of both holds still."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from domain.customers.consent import purpose_of
from domain.customers.tables import Consent, CustomerRow, IdentityJoin, IdentityMove
from domain.identity.joining import spelled
from domain.intake.tables import Event
from domain.store.bulk import is_among


@dataclass(frozen=True)
class _Late:
    """A join that came after what was said; of the consents in `scope`, `theirs` are the loser's."""

    join: IdentityJoin
    said_at: datetime
    scope: Set[int]
    theirs: Set[int]
    is_theirs: bool


def say_late(session: Session, event: Event, customer: CustomerRow, at: datetime) -> None:
    """Write a refusal down anew as of each join after `at`, where by what has just been recorded of the event one of
    the two had refused what the other had allowed. What the loser said goes back with a split.
    """
    if not customer.former:
        return
    session.flush()
    channel, purpose = event.data["channel"], purpose_of(event)
    query = select(Consent).where(
        Consent.customer_id == customer.id, Consent.channel == channel, Consent.purpose == purpose
    )
    rows = list(session.exec(query.order_by(col(Consent.at), col(Consent.id))))
    new = {row.id for row in rows if row.at == at and row.given == (event.type == "consent.given")}
    for late in reversed(list(_joins_after(session, event, customer, at, {row.id for row in rows}, new))):
        if late.is_theirs:
            _note(session, late.join.id, new)
        if any(row.id in late.scope and row.at >= late.said_at for row in rows):
            continue  # the person has said otherwise since, or it was written down by the join
        last = {row.id in late.theirs: row.given for row in rows if row.id in late.scope}
        if set(last.values()) == {True, False}:
            refusal = Consent(
                customer_id=customer.id, channel=channel, purpose=purpose, given=False, source="join", at=late.said_at
            )
            session.add(refusal)
            session.flush()
            late.join.made = [*late.join.made, refusal.id]
            rows.append(refusal)
            new = new | {refusal.id}


def _joins_after(
    session: Session, event: Event, customer: CustomerRow, at: datetime, scope: Set[int], new: Set[int]
) -> Iterator[_Late]:
    """The joins that whom the event names has been through since, the newest first."""
    named, owner = set(event.identifiers or ()), customer.id
    query = select(IdentityJoin, Event.time).outerjoin(Event, col(Event.id) == col(IdentityJoin.event_id))
    standing = (
        is_among(IdentityJoin.survivor_id, [customer.id, *customer.former]),
        col(IdentityJoin.undone_at).is_(None),
    )
    for join, told_at in session.exec(query.where(*standing).order_by(col(IdentityJoin.id).desc())):
        if join.survivor_id != owner:
            continue
        names = {spelled([(kind, value)])[0] for kind, value in _moved(session, join.id, "identifiers")}
        moved = {id for (id,) in _moved(session, join.id, "consents")}
        is_theirs = bool(named) and named <= names
        theirs = scope & (moved | new if is_theirs else moved)
        said_at = min(join.at, told_at or join.at)
        if said_at > at:
            yield _Late(join, said_at, scope, theirs, is_theirs)
        scope, owner = (theirs, join.loser_id) if is_theirs else (scope - theirs, owner)


def _moved(session: Session, join: int, table: str) -> Sequence[Sequence[Any]]:
    row = session.get(IdentityMove, (join, f"{table}.customer_id"), populate_existing=True)
    return row.keys if row else ()


def _note(session: Session, join: int, consents: Set[int]) -> None:
    """The join's journal has these consents, too."""
    place = "consents.customer_id"
    keys = [*_moved(session, join, "consents"), *([id] for id in sorted(consents))]
    session.merge(IdentityMove(join_id=join, place=place, keys=keys))
