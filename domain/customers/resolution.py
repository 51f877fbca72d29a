"""Who an event is about: identifiers resolved to customers, whose rows are then locked."""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime

from psycopg.errors import LockNotAvailable
from sqlalchemy import func, text
from sqlalchemy import select as sa_select
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from domain.customers.identifiers import Ident, identify
from domain.customers.naming import Join, Naming, Person, ResolvedCustomer, is_plain, spellings
from domain.customers.tables import Customer, CustomerRow, Identifier
from domain.store.bulk import as_json, is_among
from domain.store.work import UnitOfWork
from workflows.language.identity import IdentityRules


@dataclass
class Known:
    """Who owns identifiers, and the count of changes (`Customer.identity`) of each owner when that was read."""

    owners: dict[Ident, int] = field(default_factory=dict)
    identities: dict[int, int] = field(default_factory=dict)

    def add(self, ident: Ident, owner: int, identity: int) -> None:
        """An identifier has this owner."""
        self.owners[ident] = owner
        self.identities[owner] = identity


@dataclass
class Named:
    """Whom groups of identifiers name: what was read for it, and what it changes beside what is stored already."""

    customers: list[ResolvedCustomer]
    joins: Sequence[Join]
    links: Mapping[Ident, int]
    taken: Mapping[Ident, int]
    identities: Mapping[int, int]

    @property
    def ids(self) -> Set[int]:
        """All whose locks it takes to rely on it: who is named, joins, gets or loses identifiers."""
        named = {each.customer_id for each in self.customers}
        return named.union(self.identities, self.links.values())


def resolve(session: Session, groups: Sequence[tuple[Ident, ...]], now: datetime) -> list[ResolvedCustomer]:
    """Find or create the customer of each group of identifiers, the strongest first, and link what is new.

    Joins nobody: it is for setting up customers who are known to be different.
    """
    return name_groups(session, groups, now, IdentityRules()).customers


def name_groups(
    session: Session,
    groups: Sequence[tuple[Ident, ...]],
    now: datetime,
    rules: IdentityRules,
    known: Known | None = None,
) -> Named:
    """Find or create the customer of each group of identifiers (strongest first), and link what is new.

    What somebody else links meanwhile is seen by the unique key; then all is looked up again. `known` is what was
    looked up just before, of all `spellings`. Joins and what is taken over are left to the caller, who locks all `ids`
    first and finds by their `identities` whether it still holds.
    """
    while True:
        known = known or find_owners(session, spellings(rules, {ident for group in groups for ident in group}))
        plain = all(is_plain(rules, group, known.owners) for group in groups)
        naming = Naming(rules, known.owners, {} if plain else _people(session, known.identities))
        customers = [naming.name(number, group) for number, group in enumerate(groups)]
        ids = _store(session, naming, now)
        if ids is not None:
            break
        known = None

    def stored(id: int) -> int:
        root = naming.root(id)
        return ids.get(root, root)

    return Named(
        [
            ResolvedCustomer(
                stored(each.customer_id),
                [replace(conflict, other=conflict.other and stored(conflict.other)) for conflict in each.conflicts],
            )
            for each in customers
        ],
        naming.joins,
        {ident: stored(owner) for ident, owner in naming.links.items()},
        {ident: stored(naming.links[ident]) for ident in naming.taken},
        known.identities,
    )


def _people(session: Session, ids: Iterable[int]) -> Mapping[int, Person]:
    rows = session.connection().execute(_PEOPLE, {"ids": list(ids)})
    return {
        id: Person(frozenset((kind, value) for kind, value in idents), frozenset([id, *former]), frozenset(apart))
        for id, former, idents, apart in rows
    }


_PEOPLE = text("""
SELECT id, former,
    coalesce(
        (SELECT jsonb_agg(jsonb_build_array(kind, value)) FROM identifiers WHERE customer_id = customers.id), '[]'
    ),
    ARRAY(
        SELECT other_id FROM identity_apart WHERE customer_id = customers.id OR customer_id = ANY (former)
        UNION ALL
        SELECT customer_id FROM identity_apart WHERE other_id = customers.id OR other_id = ANY (former)
    )
FROM customers WHERE id = ANY (CAST(:ids AS bigint[]))
""")


def lock_customers(work: UnitOfWork, ids: Iterable[int]) -> Mapping[int, CustomerRow]:
    """Lock the customers' rows, in id order: the one lock that orders a customer's life.

    Who became one with another since its id was read is locked as, and found here by its old id as, who it is now.
    It leaves room for the key-share locks that foreign keys take, which would deadlock otherwise.
    """
    locked: dict[int, CustomerRow] = {}
    wanted = set(ids)
    while wanted:
        rows = work.connection().execute(_LOCK_AND_READ, {"ids": sorted(wanted)})
        locked.update((row.id, work.hold(CustomerRow._make(row))) for row in rows)
        wanted = {row.merged_into for row in locked.values() if row.merged_into is not None} - locked.keys()
    return {id: _present(customer, locked) for id, customer in locked.items()}


def _present(customer: CustomerRow, locked: Mapping[int, CustomerRow]) -> CustomerRow:
    while customer.merged_into is not None:
        customer = locked[customer.merged_into]
    return customer


_LOCK_AND_READ = (
    sa_select(*Customer.__table__.columns)  # type: ignore[attr-defined]
    .where(is_among(Customer.id))
    .order_by(col(Customer.id))
    .with_for_update(key_share=True)
)


def hold_customers(session: Session, ids: Collection[int]) -> Mapping[int, tuple[int, int | None]]:
    """Lock these rows. Of each, reads only how often its identifiers changed and whom it is merged into."""
    rows = session.connection().execute(_LOCK, {"ids": sorted(ids)}) if ids else ()
    return {id: (identity, merged_into) for id, identity, merged_into in rows}


_LOCK = text("""
SELECT id, identity, merged_into FROM customers
WHERE id = ANY (CAST(:ids AS bigint[])) ORDER BY id FOR NO KEY UPDATE
""")


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
    """The ids of customers who are named, by whatever id they ever had."""
    known = find_owners(session, [name for name in names if not isinstance(name, int)])
    found: dict[int | Ident, int] = {**known.owners}  # type: ignore[dict-item]
    if ids := [name for name in names if isinstance(name, int)]:
        present = func.coalesce(Customer.merged_into, Customer.id)
        found.update(session.exec(select(Customer.id, present).where(is_among(Customer.id, ids))).all())
    return found


def find_customer(session: Session, name: str) -> Customer | None:
    """The customer of an id or an identifier. Raises IdentifierError."""
    id_or_ident = read_name(name)
    return session.get(Customer, find_ids(session, [id_or_ident]).get(id_or_ident, 0))


def _store(session: Session, naming: Naming, now: datetime) -> Mapping[int, int] | None:
    """Insert new customers and identifiers. Returns the ids of the new customers; None, and nothing is inserted, if
    another transaction linked one of the identifiers meanwhile.
    """
    owners = {ident: naming.root(owner) for ident, owner in naming.links.items()}
    links = [
        {"kind": kind, "value": value, "owner": owner}
        for (kind, value), owner in sorted(owners.items())
        if (kind, value) not in naming.taken
    ]
    numbers = sorted({-owner for owner in owners.values() if owner < 0})
    if not links and not numbers:
        return {}
    parameters = {"newcomers": numbers, "now": now, "links": as_json(links)}
    with session.begin_nested() as attempt:
        rows = session.connection().execute(_STORE, parameters).all()
        ids = {-number: id for number, id in rows if number is not None}
        if len(rows) == len(links) + len(ids):
            return ids
        attempt.rollback()
    return None


_STORE = text("""
WITH numbered AS MATERIALIZED (
    SELECT number, nextval(pg_get_serial_sequence('customers', 'id')) AS id
    FROM unnest(CAST(:newcomers AS bigint[])) AS number
), made AS (
    INSERT INTO customers (id, fields, field_times, created_at) SELECT id, '{}', '{}', :now FROM numbered
), linked AS (
    INSERT INTO identifiers (kind, value, customer_id, since)
    SELECT given.kind, given.value, coalesce(numbered.id, given.owner), :now
    FROM json_to_recordset(CAST(:links AS json)) AS given (kind text, value text, owner bigint)
    LEFT JOIN numbered ON numbered.number = -given.owner
    ORDER BY given.kind COLLATE "C", given.value COLLATE "C"
    ON CONFLICT DO NOTHING RETURNING customer_id
)
SELECT number, id FROM numbered UNION ALL SELECT NULL, customer_id FROM linked
""")
"""Inserts customers and identifiers, in an order that all transactions share; returns a row for each."""


def find_owners(session: Session, idents: Iterable[Ident]) -> Known:
    """The owners of identifiers, as far as they have any."""
    known = Known()
    pairs = [{"kind": kind, "value": value} for kind, value in idents]
    for kind, value, owner, identity in session.connection().execute(_OWNERS, {"idents": as_json(pairs)}):
        known.add((kind, value), owner, identity)
    return known


_OWNERS = text("""
SELECT owned.kind, owned.value, owned.customer_id, customers.identity
FROM json_to_recordset(CAST(:idents AS json)) AS given (kind text, value text)
JOIN identifiers AS owned ON owned.kind = given.kind AND owned.value = given.value
JOIN customers ON customers.id = owned.customer_id
""")
