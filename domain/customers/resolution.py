"""Who an event is about: identifiers resolved to customers, whose rows are then locked."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from psycopg.errors import LockNotAvailable
from sqlalchemy import BigInteger, Text, any_, cast, text
from sqlalchemy import select as sa_select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from domain.customers.identifiers import Ident, identify
from domain.customers.tables import Customer, CustomerRow, Identifier
from domain.store.bulk import as_json, is_among, recordset_of
from domain.store.work import UnitOfWork

_WEAK = frozenset({"device_id"})
"""Kinds that several people share; they link nothing while a stronger one is given."""

_ONE_PER_PERSON = frozenset({"unionid", "member_no"})
"""Kinds of which a person has one: another value is another person."""


@dataclass
class ResolvedCustomer:
    """The customer an event is about, and its identifiers that belong to other customers."""

    customer_id: int
    conflicts: list[tuple[Ident, int]] = field(default_factory=list)


def resolve(
    session: Session,
    groups: Sequence[tuple[Ident, ...]],
    now: datetime,
    known_owners: Mapping[Ident, int] | None = None,
) -> list[ResolvedCustomer]:
    """Find or create the customer of each group of identifiers (strongest first), and link what is new.

    Identifiers that point at different customers are not merged: the strongest wins, the others are reported. What
    somebody else links meanwhile is seen by the unique key; then all is looked up again. `known_owners` are the owners
    of the identifiers, where they were looked up just before.
    """
    idents = sorted({ident for group in groups for ident in group})
    while True:
        owners = _Owners(session, idents, _owners(session, idents) if known_owners is None else known_owners)
        known_owners = None
        resolved = [owners.resolve(group) for group in groups]
        if not owners.new_idents or owners.store(session, now):
            return [
                ResolvedCustomer(
                    owners.ids.get(owner, owner),
                    [(ident, owners.ids.get(other, other)) for ident, other in conflicts],
                )
                for owner, conflicts in resolved
            ]


def lock_customers(work: UnitOfWork, ids: Iterable[int]) -> Mapping[int, CustomerRow]:
    """Lock the customers' rows, in id order: the one lock that orders a customer's life.

    It leaves room for the key-share locks that foreign keys take, which would deadlock otherwise.
    """
    rows = work.connection().execute(_LOCK_AND_READ, {"ids": sorted(set(ids))})
    customers = [work.hold(CustomerRow._make(row)) for row in rows]
    return {customer.id: customer for customer in customers}


_LOCK_AND_READ = (
    sa_select(*Customer.__table__.columns)  # type: ignore[attr-defined]
    .where(is_among(Customer.id))
    .order_by(col(Customer.id))
    .with_for_update(key_share=True)
)


def hold_customers(session: Session, ids: Collection[int]) -> None:
    """Lock the customers' rows as `lock_customers` does, without reading them."""
    if ids:
        session.connection().execute(_LOCK, {"ids": sorted(ids)})


_LOCK = text("SELECT FROM customers WHERE id = ANY (CAST(:ids AS bigint[])) ORDER BY id FOR NO KEY UPDATE")


def is_locked_out(error: DBAPIError) -> bool:
    """Whether a transaction has waited too long for another one's lock."""
    return isinstance(error.orig, LockNotAvailable)


def locked_elsewhere(session: Session, ids: Collection[int]) -> frozenset[int]:
    """Those of the customers whom another transaction holds now. Locks the others until the caller's ends."""
    locked = session.connection().execute(_LOCK_FREE, {"ids": sorted(ids)}).scalars() if ids else ()
    return frozenset(ids) - frozenset(locked)


_LOCK_FREE = text("SELECT id FROM customers WHERE id = ANY (CAST(:ids AS bigint[])) FOR NO KEY UPDATE SKIP LOCKED")


def identifiers_of(session: Session, customer_ids: Iterable[int]) -> Mapping[int, Mapping[str, str]]:
    """The identifiers of each customer, by kind; of several of a kind, the first by value."""
    identifiers: dict[int, dict[str, str]] = {}
    for customer, kind, value in session.connection().execute(_IDENTIFIERS, {"ids": list(customer_ids)}):
        identifiers.setdefault(customer, {}).setdefault(kind, value)
    return identifiers


_IDENTIFIERS = (
    select(Identifier.customer_id, Identifier.kind, Identifier.value)
    .where(is_among(Identifier.customer_id))
    .order_by(col(Identifier.value))
)


def read_name(name: str) -> int | Ident:
    """The id (`12`) or the identifier (`phone:13800000001`) that names a customer. Raises IdentifierError."""
    if name.isascii() and name.isdecimal():
        return int(name) if len(name) < 19 else 0
    return identify(name, None)[0]


def find_ids(session: Session, names: Collection[int | Ident]) -> Mapping[int | Ident, int]:
    """The ids of customers who are named; one who is named by an id may not be there."""
    owners = _owners(session, [name for name in names if not isinstance(name, int)])
    return {
        name: name if isinstance(name, int) else owners[name]
        for name in names
        if isinstance(name, int) or name in owners
    }


def find_customer(session: Session, name: str) -> Customer | None:
    """The customer of an id or an identifier. Raises IdentifierError."""
    id_or_ident = read_name(name)
    return session.get(Customer, find_ids(session, [id_or_ident]).get(id_or_ident, 0))


class _Owners:
    """The owners of identifiers, while groups are resolved in turn; a new customer's id is negative until stored."""

    def __init__(self, session: Session, idents: Sequence[Ident], known_owners: Mapping[Ident, int]) -> None:
        self.ids: dict[int, int] = {}
        self.new_idents: dict[Ident, int] = {}
        self._owners = dict(known_owners)
        self._newcomers = 0
        self._one_per_person: set[tuple[int, str]] = set()
        if known_owners and any(ident[0] in _ONE_PER_PERSON and ident not in known_owners for ident in idents):
            owners = cast(sorted(set(self._owners.values())), ARRAY(BigInteger))
            query = select(Identifier.customer_id, Identifier.kind).where(col(Identifier.customer_id) == any_(owners))
            self._one_per_person.update(session.exec(query.where(col(Identifier.kind).in_(_ONE_PER_PERSON))))

    def resolve(self, group: tuple[Ident, ...]) -> tuple[int, list[tuple[Ident, int]]]:
        """The owner of a group, who gets its new identifiers, and those of it that another customer owns."""
        strong = [ident for ident in group if ident[0] not in _WEAK] or list(group)
        owner = next((self._owners[ident] for ident in strong if ident in self._owners), None)
        new_idents = [ident for ident in group if ident not in self._owners]
        kinds = {kind for kind, _ in new_idents if kind in _ONE_PER_PERSON}
        if owner is None or any((owner, kind) in self._one_per_person for kind in kinds):
            self._newcomers += 1
            owner = -self._newcomers
        self._owners.update(dict.fromkeys(new_idents, owner))
        self.new_idents.update(dict.fromkeys(new_idents, owner))
        self._one_per_person.update((owner, kind) for kind in kinds)
        return owner, [(ident, self._owners[ident]) for ident in strong if self._owners[ident] != owner]

    def store(self, session: Session, now: datetime) -> bool:
        """Insert new customers and identifiers; False, and nothing is, if another transaction linked one meanwhile."""
        links = [
            {"kind": kind, "value": value, "owner": owner} for (kind, value), owner in sorted(self.new_idents.items())
        ]
        parameters = {"newcomers": self._newcomers, "now": now, "links": as_json(links)}
        with session.begin_nested() as attempt:
            rows = session.connection().execute(_STORE, parameters).all()
            self.ids = {-number: id for number, id in rows if number is not None}
            if len(rows) == len(links) + len(self.ids):
                return True
            attempt.rollback()
        return False


_STORE = text("""
WITH numbered AS MATERIALIZED (
    SELECT number, nextval(pg_get_serial_sequence('customers', 'id')) AS id
    FROM generate_series(1, :newcomers) AS number
), made AS (
    INSERT INTO customers (id, fields, field_times, created_at) SELECT id, '{}', '{}', :now FROM numbered
), linked AS (
    INSERT INTO identifiers (kind, value, customer_id)
    SELECT given.kind, given.value, coalesce(numbered.id, given.owner)
    FROM json_to_recordset(CAST(:links AS json)) AS given (kind text, value text, owner bigint)
    LEFT JOIN numbered ON numbered.number = -given.owner
    ORDER BY given.kind COLLATE "C", given.value COLLATE "C"
    ON CONFLICT DO NOTHING RETURNING customer_id
)
SELECT number, id FROM numbered UNION ALL SELECT NULL, customer_id FROM linked
""")
"""Inserts customers and identifiers, in an order that all transactions share; returns a row for each."""


def _owners(session: Session, idents: Sequence[Ident]) -> dict[Ident, int]:
    if not idents:
        return {}
    wanted_idents = recordset_of([{"kind": kind, "value": value} for kind, value in idents], kind=Text(), value=Text())
    query = select(Identifier.kind, Identifier.value, Identifier.customer_id).join(
        wanted_idents, (col(Identifier.kind) == wanted_idents.c.kind) & (col(Identifier.value) == wanted_idents.c.value)
    )
    return {(kind, value): customer_id for kind, value, customer_id in session.exec(query)}
