"""Whom the events of a batch name: found, locked, and joined where an event says that two customers are one."""

from collections.abc import Mapping, Sequence, Set
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import text, update
from sqlmodel import col

from domain.customers.identifiers import Ident
from domain.customers.naming import Join, ResolvedCustomer, is_plain
from domain.customers.resolution import Known, Named, hold_customers, lock_customers, name_groups
from domain.customers.tables import IdentifierConflict, IdentityJoin
from domain.identity.joining import join
from domain.published.library import Library
from domain.store.bulk import as_json
from domain.store.work import UnitOfWork

Remarks = dict[tuple[str, str], list[tuple[str, str]]]
"""What is to be said of the identifiers of events, by the event's key: the kind of identifier, and a reason's code.

`never` is a value that names nobody; of an event that isn't taken, because it has no other, it is `nobody`. The rest is
why an identifier doesn't name the customer of the others, as in IdentifierConflict.
"""


@dataclass(frozen=True)
class Group:
    """The identifiers of an event, the strongest first, and when it happened."""

    idents: tuple[Ident, ...]
    at: datetime


@dataclass
class Arrival:
    """Whom each group names. All of `ids` are locked; they are held by the unit of work only where asked for in full.

    `were` are customers that were called by an id which they have no more, by that id.
    """

    named: Sequence[ResolvedCustomer]
    ids: Set[int]
    were: Mapping[int, int]
    links: Mapping[Ident, int] = field(default_factory=dict)
    joins: Sequence[tuple[int, int]] = ()
    """Which group brought about which join."""

    def present(self, id: int) -> int:
        """Who a customer is by now."""
        return self.were.get(id, id)


def name_and_lock(
    work: UnitOfWork,
    library: Library,
    groups: Sequence[Group],
    known: Known,
    others: Set[int],
    now: datetime,
    *,
    in_full: bool,
) -> Arrival:
    """Find, link, lock and join the customers whom the groups name, and lock the `others` too.

    What changed between looking and locking is looked at again; the locks are given back for it, to be taken in order.
    """
    were: dict[int, int] = {}
    fresh: Known | None = known
    idents = [group.idents for group in groups]
    is_sure = all(is_plain(library.identity, group, known.owners) for group in idents)
    while True:
        moved: dict[int, int] = {}
        try:
            with nullcontext() if is_sure else work.savepoint():
                named = name_groups(work, idents, now, library.identity, fresh) if groups else _NOBODY
                ids = named.ids | {were.get(id, id) for id in others}
                held = _hold(work, ids, in_full=in_full)
                moved = {id: into for id, (_, into) in held.items() if into is not None}
                if moved or any(held[id][0] != count for id, count in named.identities.items()):
                    raise _ChangedError
            break
        except _ChangedError:
            present = {id: were.get(id, id) for id in others}
            were = {id: moved.get(at, at) for id, at in present.items() if at != id or at in moved}
            fresh, is_sure = None, not groups
    if named.links:
        _hand_over(work, named, now)
    arrival = Arrival(named.customers, ids, were, named.links)
    return _join(work, library, arrival, named.joins, groups, now) if named.joins else arrival


class _ChangedError(Exception):
    """Somebody is not who they were when they were looked up."""


_NOBODY = Named([], (), {}, {}, {})


def _hold(work: UnitOfWork, ids: Set[int], *, in_full: bool) -> Mapping[int, tuple[int, int | None]]:
    """Lock the rows. Returns of each how often it changed and whom it is merged into."""
    if not in_full:
        return hold_customers(work, ids)
    customers = lock_customers(work, ids)
    return {id: (row.identity, None if row.id == id else row.id) for id, row in customers.items()}


def _hand_over(work: UnitOfWork, named: Named, now: datetime) -> None:
    """Devices change hands; who gets or loses identifiers is marked as changed."""
    if named.taken:
        rows = [{"kind": kind, "value": value, "owner": owner} for (kind, value), owner in named.taken.items()]
        work.connection().execute(_TAKE_OVER, {"rows": as_json(rows), "now": now})
    changed = named.identities.keys() if named.taken else named.identities.keys() & set(named.links.values())
    if changed:
        work.connection().execute(_COUNT, {"ids": list(changed)})


_TAKE_OVER = text("""
UPDATE identifiers SET customer_id = given.owner, since = :now, event_id = NULL
FROM json_to_recordset(CAST(:rows AS json)) AS given (kind text, value text, owner bigint)
WHERE identifiers.kind = given.kind AND identifiers.value = given.value
""")
_COUNT = text("UPDATE customers SET identity = identity + 1 WHERE id = ANY (CAST(:ids AS bigint[]))")


def _join(
    work: UnitOfWork,
    library: Library,
    arrival: Arrival,
    joins: Sequence[Join],
    groups: Sequence[Group],
    now: datetime,
) -> Arrival:
    rows = []
    for each in joins:
        customers = lock_customers(work, arrival.ids)
        said_at = min(groups[each.group].at, now)
        pair = customers[each.one], customers[each.other]
        rows.append((each.group, join(work, library, *pair, now, said_at=said_at, evidence=each.evidence).id))
    customers = lock_customers(work, arrival.ids)
    were = {id: customers[into].id for id, into in arrival.were.items()}
    were |= {id: customer.id for id, customer in customers.items() if customer.id != id}

    def present(id: int) -> int:
        return were.get(id, id)

    named = [
        ResolvedCustomer(
            present(each.customer_id),
            [replace(conflict, other=conflict.other and present(conflict.other)) for conflict in each.conflicts],
        )
        for each in arrival.named
    ]
    return Arrival(named, arrival.ids, were, arrival.links, rows)


def note_evidence(work: UnitOfWork, arrival: Arrival, groups: Sequence[Group], events: Mapping[int, int]) -> None:
    """Note of links, joins and conflicts which events made them; `events` are their ids, by the group's number."""
    for number, each in enumerate(arrival.named):
        if number in events:
            for conflict in each.conflicts:
                if conflict.other != each.customer_id:
                    kind, value = conflict.ident
                    work.add(
                        IdentifierConflict(
                            customer_id=each.customer_id, other_customer_id=conflict.other, kind=kind, value=value,
                            event_id=events[number], reason=conflict.reason,
                        )
                    )  # fmt: skip
    if arrival.links:
        first = {ident: id for number, id in reversed(list(events.items())) for ident in groups[number].idents}
        rows = [
            {"kind": kind, "value": value, "event": first[kind, value]}
            for kind, value in arrival.links
            if (kind, value) in first
        ]
        work.connection().execute(_LINKED_BY, {"rows": as_json(rows)})
    for number, join_id in arrival.joins:
        if number in events:
            row = update(IdentityJoin).where(col(IdentityJoin.id) == join_id).values(event_id=events[number])
            work.connection().execute(row)


_LINKED_BY = text("""
UPDATE identifiers SET event_id = given.event
FROM json_to_recordset(CAST(:rows AS json)) AS given (kind text, value text, event bigint)
WHERE identifiers.kind = given.kind AND identifiers.value = given.value
""")
