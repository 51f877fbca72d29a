"""Who an event is about: identifiers resolved to customers, whose rows are then locked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from domain.identifiers import Ident, identify
from domain.tables import Customer, Identifier

_WEAK = frozenset({"device_id"})
"""Kinds that several people share; they link nothing while a stronger one is given."""

_ONE_PER_PERSON = frozenset({"unionid", "member_no"})
"""Kinds of which a person has one: another value is another person."""


@dataclass
class Resolved:
    """The customer an event is about, and identifiers of it that belong to somebody else."""

    customer_id: int
    conflicts: list[tuple[Ident, int]] = field(default_factory=list)


def resolve(session: Session, groups: Sequence[tuple[Ident, ...]], now: datetime) -> list[Resolved]:
    """Find or create the customer of each group of identifiers (strongest first), and link what is new.

    Identifiers that point at different customers are not merged: the strongest wins, the others are reported.
    """
    wanted = sorted({ident for group in groups for ident in group})
    known = _owners(session, wanted)
    if len(known) < len(wanted):
        for ident in wanted:
            if ident not in known:
                session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("/".join(ident), 0))))
        known = _owners(session, wanted)
    resolved = []
    for group in groups:
        customer_id = _match(session, group, known)
        if customer_id is None:
            customer = Customer(created_at=now)
            session.add(customer)
            session.flush()
            customer_id = customer.id
        fresh = [ident for ident in group if ident not in known]
        _link(session, customer_id, fresh)
        known.update(dict.fromkeys(fresh, customer_id))
        strong = [ident for ident in group if not _is_weak(ident, group)]
        conflicts = [(ident, known[ident]) for ident in strong if known[ident] != customer_id]
        resolved.append(Resolved(customer_id, conflicts))
    return resolved


def lock_customers(session: Session, ids: Iterable[int]) -> Mapping[int, Customer]:
    """Lock the customers' rows, in id order: the one lock that orders a customer's life.

    It leaves room for the key-share locks that foreign keys take, which would deadlock otherwise.
    """
    query = (
        select(Customer)
        .where(col(Customer.id).in_(sorted(set(ids))))
        .order_by(col(Customer.id))
        .with_for_update(key_share=True)
    )
    return {customer.id: customer for customer in session.exec(query)}


def identifiers_of(session: Session, customer_ids: Iterable[int]) -> Mapping[int, Mapping[str, str]]:
    """The identifiers of each customer, by kind; of several of a kind, the first by value."""
    query = select(Identifier).where(col(Identifier.customer_id).in_(list(customer_ids)))
    found: dict[int, dict[str, str]] = {}
    for row in session.exec(query.order_by(col(Identifier.value))):
        found.setdefault(row.customer_id, {}).setdefault(row.kind, row.value)
    return found


def find_customer(session: Session, name: str) -> Customer | None:
    """The customer of an id (`12`) or of an identifier (`phone:13800000001`). Raises IdentifierError."""
    if name.isascii() and name.isdecimal():
        return session.get(Customer, int(name)) if len(name) < 19 else None
    (ident,) = identify(name, None)
    owner = _owners(session, [ident]).get(ident)
    return session.get(Customer, owner) if owner is not None else None


def _owners(session: Session, idents: Sequence[Ident]) -> dict[Ident, int]:
    pairs = tuple_(col(Identifier.kind), col(Identifier.value))
    rows = session.exec(select(Identifier).where(pairs.in_(idents))) if idents else ()
    return {(row.kind, row.value): row.customer_id for row in rows}


def _is_weak(ident: Ident, group: tuple[Ident, ...]) -> bool:
    return ident[0] in _WEAK and any(kind not in _WEAK for kind, _ in group)


def _match(session: Session, group: tuple[Ident, ...], known: Mapping[Ident, int]) -> int | None:
    ranked = [ident for ident in group if not _is_weak(ident, group)]
    found = next((known[ident] for ident in ranked if ident in known), None)
    if found is None:
        return None
    own = [kind for kind, value in ranked if kind in _ONE_PER_PERSON and (kind, value) not in known]
    if own:
        query = select(Identifier.kind).where(Identifier.customer_id == found, col(Identifier.kind).in_(own))
        if session.exec(query).first() is not None:
            return None
    return found


def _link(session: Session, customer_id: int, idents: Sequence[Ident]) -> None:
    if idents:
        rows = [{"kind": kind, "value": value, "customer_id": customer_id} for kind, value in idents]
        session.execute(insert(Identifier).values(rows))
