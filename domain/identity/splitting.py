"""Splitting: identifiers go back to the customer they came from, with all that the join moved and what came since."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import TextClause, delete, text
from sqlalchemy.orm.attributes import flag_modified
from sqlmodel import Session, SQLModel, col, select

from domain.customers.identifiers import Ident
from domain.customers.resolution import find_owners, lock_customers
from domain.customers.tables import (
    Consent,
    Customer,
    CustomerRow,
    CustomerTag,
    IdentityApart,
    IdentityJoin,
    IdentityMove,
)
from domain.identity import moving
from domain.identity.joining import PLAIN, profile, spelled
from domain.insight.attribution import attribute_customers
from domain.intake.tables import Event
from domain.membership.deciding import touch
from domain.published.library import read_library
from domain.store.bulk import as_json, insert_all, is_among
from domain.store.work import UnitOfWork
from workflows.terms.comparing import as_instant

_UTC = ZoneInfo("UTC")
_TELLS_FIELDS = ("customer.registered", "customer.updated")


class SplitError(ValueError):
    """What can't be split: identifiers of somebody else, of several customers, or all that there are."""


def split(work: UnitOfWork, customer_id: int, idents: Sequence[Ident], now: datetime, by: str) -> int:
    """Give identifiers back to the customer they came from, or to a new one if no join brought them. Returns its id.

    The join is undone as a whole: what else it brought goes with them. Where nothing is left but what one join brought
    and what came since, the former goes instead, which parts the two alike, and each keeps its id. What came since goes
    by the identifiers of its event, and else stays. No event joins the two again. Raises SplitError.
    """
    work.write_rows()
    id = lock_customers(work, [customer_id])[customer_id].id
    join, idents = _join_of(work, work.held(CustomerRow, id), idents)
    other_id: int
    if join is None:
        ((other_id,),) = insert_all(work, Customer, [{"created_at": now}], "id")
        lock_customers(work, [other_id])
    else:
        other_id = join.loser_id
        lock_customers(work, [other_id])
        _undo(work, join, work.held(CustomerRow, id), work.held(CustomerRow, other_id), now)
    _give(work, idents, other_id)
    _send_after(work, join, work.held(CustomerRow, id), work.held(CustomerRow, other_id))
    attribute_customers(work, [id, other_id], read_library(work).policy.attribution.nominal)
    for each in (id, other_id):
        row = work.held(CustomerRow, each)
        work.change(row._replace(identity=row.identity + 1))
    lower, higher = sorted((id, other_id))
    work.merge(IdentityApart(customer_id=lower, other_id=higher, at=now, by=by))
    touch(work, read_library(work), [id, other_id], now)
    work.let_go()
    return other_id


def _join_of(
    session: Session, customer: CustomerRow, idents: Sequence[Ident]
) -> tuple[IdentityJoin | None, Sequence[Ident]]:
    """The join that brought the identifiers to the customer, or to whom it became one with: the first of each.

    Returns it, and which identifiers are to go.
    """
    owners = find_owners(session, idents).owners
    if not idents or any(owners.get(ident) != customer.id for ident in idents):
        raise SplitError("these identifiers are not all this customer's")
    ids = [customer.id, *customer.former]
    query = select(IdentityJoin, IdentityMove.keys).join(
        IdentityMove, (col(IdentityMove.join_id) == IdentityJoin.id) & (col(IdentityMove.place) == _IDENTIFIERS)
    )
    standing = is_among(IdentityJoin.survivor_id, ids) & col(IdentityJoin.undone_at).is_(None)
    found: dict[int, IdentityJoin] = {}
    brought: dict[Ident, int] = {}
    for join, keys in session.exec(query.where(standing).order_by(col(IdentityJoin.id))):
        found[join.id] = join
        for kind, value in keys:
            brought.setdefault((kind, value), join.id)
    joins = {brought[ident] for ident in idents if ident in brought}
    if len(joins) > 1:
        raise SplitError("these identifiers came from several customers; split them one after the other")
    if joins:
        return found[joins.pop()], idents
    rest = {
        (kind, value): (event, since)
        for kind, value, event, since in _owned(session, customer.id)
        if (kind, value) not in idents
    }
    if not rest:
        raise SplitError("these are all the identifiers that the customer has")
    theirs = [ident for ident in rest if ident in brought]
    joins = {brought[ident] for ident in theirs}
    if len(joins) == 1:
        join = found[joins.pop()]
        if all(_came_since(join, *linked) for ident, linked in rest.items() if ident not in brought):
            return join, theirs
    return None, idents


def _came_since(join: IdentityJoin, event: int | None, since: datetime | None) -> bool:
    """Whether an identifier was linked by the event that joined the two, or later."""
    if event and join.event_id:
        return event >= join.event_id
    return since is not None and since > join.at


_IDENTIFIERS = "identifiers.customer_id"


def _owned(session: Session, customer_id: int) -> list[tuple[str, str, int | None, datetime | None]]:
    """The identifiers of a customer: kind, value, and which event linked each when."""
    rows = session.connection().execute(_OWNED, {"id": customer_id})
    return [(kind, value, event, since) for kind, value, event, since in rows]


def _undo(work: UnitOfWork, join: IdentityJoin, customer: CustomerRow, other: CustomerRow, now: datetime) -> None:
    """Bring back what the join moved and overwrote, as far as it is as the join left it."""
    connection = work.connection()
    moving.move_back(work, join.id, other.id, customer.id)
    work.exec(delete(Consent).where(is_among(Consent.id, join.made)))
    for tag, (before, after) in join.tags.items():
        row = work.get(CustomerTag, (customer.id, tag), populate_existing=True)
        if row is not None and row.until == _instant(after):
            row.until = _instant(before)
    later = select(IdentityJoin).where(IdentityJoin.id > join.id, is_among(IdentityJoin.survivor_id, [customer.id]))
    restored = _restored(customer, join, work.exec(later.where(col(IdentityJoin.undone_at).is_(None))).all())
    back = [other.id, *other.former]
    parameters = {"back": back, "into": other.id, "id": other.id}
    connection.execute(_NO_LONGER_FORMER, parameters)
    connection.execute(_MERGED_AGAIN, parameters)
    work.change(restored._replace(former=[id for id in customer.former if id not in back]))
    work.change(other._replace(merged_into=None))
    join.undone_at = now
    work.write_rows()


_NO_LONGER_FORMER = text("""
UPDATE customers SET former = ARRAY(SELECT each FROM unnest(former) AS each WHERE each <> ALL (CAST(:back AS bigint[])))
WHERE former && CAST(:back AS bigint[]) AND id <> :id AND merged_into IS NOT NULL
    AND id <> ALL (CAST(:back AS bigint[]))
""")
_MERGED_AGAIN = text("""
UPDATE customers SET merged_into = :into WHERE id = ANY (CAST(:back AS bigint[])) AND id <> :into
""")


def _instant(said: str | None) -> datetime | None:
    return datetime.fromisoformat(said) if said else None


def _restored(customer: CustomerRow, join: IdentityJoin, later: Sequence[IdentityJoin]) -> CustomerRow:
    """Gives the survivor back what the join overwrote; a later join that found it so goes back to that, too."""
    now = profile(customer)
    for name in [*PLAIN, *{**join.before["fields"], **join.after["fields"]}]:
        before, after = _known(join.before, name), _known(join.after, name)
        if before == after:
            continue
        for known in (now, *(each.before for each in later)):
            if _known(known, name) == after:
                _set(known, name, before)
    for each in later:
        flag_modified(each, "before")
    return _knowing(customer, now)


_Known = tuple[bool, Any, Any]


def _known(who: Mapping[str, Any], name: str) -> _Known:
    """Of a profile: whether there is a value, which, and since when."""
    values = who if name in PLAIN else who["fields"]
    is_there = values.get(name) is not None if name in PLAIN else name in values
    return is_there, values.get(name), who["field_times"].get(name)


def _set(who: dict[str, Any], name: str, known: _Known) -> None:
    is_there, value, at = known
    values = who if name in PLAIN else who["fields"]
    if is_there or name in PLAIN:
        values[name] = value
    else:
        values.pop(name, None)
    if at is None:
        who["field_times"].pop(name, None)
    else:
        who["field_times"][name] = at


def _give(session: Session, idents: Collection[Ident], customer_id: int) -> None:
    rows = as_json([{"kind": kind, "value": value} for kind, value in idents])
    session.connection().execute(_GIVE, {"rows": rows, "id": customer_id})


_GIVE = text("""
UPDATE identifiers SET customer_id = :id
FROM json_to_recordset(CAST(:rows AS json)) AS given (kind text, value text)
WHERE identifiers.kind = given.kind AND identifiers.value = given.value
""")


def _send_after(work: UnitOfWork, join: IdentityJoin | None, customer: CustomerRow, other: CustomerRow) -> None:
    """What came since goes by the identifiers of its event: each that names only who is split off goes, with what it
    brought about, and identifiers that only such an event has linked.
    """
    session = work.connection()
    named = {id: set(idents) for id, idents in session.execute(_NAMING, {"id": customer.id})}
    theirs = {spelled([(kind, value)])[0] for kind, value, *_ in _owned(work, other.id)}
    links = {spelled([(kind, value)])[0]: (kind, value, event) for kind, value, event, _ in _owned(work, customer.id)}
    following: set[str] = set()
    while join and (
        found := {
            ident
            for ident, (_, _, event) in links.items()
            if ident not in theirs and (rest := named.get(event, set()) - {ident}) and rest <= theirs
        }
    ):
        theirs |= found
        following |= found
    _give(work, [links[ident][:2] for ident in following], other.id)
    going = [id for id, idents in named.items() if idents <= theirs]
    addresses = [ident.rpartition(":")[2] for ident in theirs]
    parameters = {"old": customer.id, "new": other.id, "events": going, "addresses": addresses}
    for statement in _since():
        session.execute(statement, parameters | {"at": join.at if join else None})
    _tell_fields(work, join, customer, other, going)


_NAMING = text("SELECT id, identifiers FROM events WHERE customer_id = :id AND identifiers IS NOT NULL ORDER BY id")
_OWNED = text("SELECT kind, value, event_id, since FROM identifiers WHERE customer_id = :id")


_SAID = """
    events.type = CASE WHEN given THEN 'consent.given' ELSE 'consent.withdrawn' END
    AND consents.at = least(events.time, events.received_at) AND consents.source IS DISTINCT FROM 'join'
    AND channel = events.data ->> 'channel' AND purpose = coalesce(nullif(events.data ->> 'purpose', ''), 'marketing')
"""
"""That a consent is what an event said; rows of consents don't name their event."""


@cache
def _since() -> Sequence[TextClause]:
    """What moves the events that go, and then what they brought about, in this order."""
    of_events = "events.id = ANY (CAST(:events AS bigint[]))"
    paid = f"{of_events} AND events.type = 'order.paid' AND events.data ->> 'order_id' ="
    statements = [
        f"UPDATE events SET customer_id = :new WHERE {of_events}",
        f"UPDATE orders SET customer_id = :new FROM events WHERE orders.customer_id = :old AND {paid} orders.order_id",
        "UPDATE enrollments SET customer_id = :new, entered_as = NULL, revision = enrollments.revision + 1"
        " WHERE customer_id = :old AND trigger_id = ANY (CAST(:events AS bigint[]))",
        "UPDATE events SET customer_id = :new FROM enrollments WHERE events.customer_id = :old"
        " AND events.identifiers IS NULL AND enrollments.customer_id = :new"
        " AND events.data ->> 'enrollment' = CAST(enrollments.id AS text)",
        "UPDATE identifier_conflicts SET customer_id = :new"
        " WHERE customer_id = :old AND event_id = ANY (CAST(:events AS bigint[]))",
        "UPDATE consents SET customer_id = :new, address = CASE WHEN NOT EXISTS ("
        " SELECT FROM identifiers WHERE customer_id = :old AND value = consents.address) THEN address END"
        f" FROM events WHERE consents.customer_id = :old AND {of_events} AND {_SAID}",
        "UPDATE consents SET customer_id = :new WHERE customer_id = :old"
        " AND address = ANY (CAST(:addresses AS text[])) AND at >= coalesce(CAST(:at AS timestamptz), at)",
    ]
    for place in moving.places():
        columns = SQLModel.metadata.tables[place.table].columns
        counted = f", revision = {place.table}.revision + 1" if place.has_revision else ""
        if "enrollment_id" in columns:
            statements.append(
                f"UPDATE {place.table} SET {place.column} = :new{counted} FROM enrollments"
                f" WHERE {place.table}.{place.column} = :old"
                f" AND enrollments.id = {place.table}.enrollment_id AND enrollments.customer_id = :new"
            )
        elif "order_id" in columns and place.table != "orders":
            statements.append(
                f"UPDATE {place.table} SET {place.column} = :new FROM orders WHERE {place.table}.{place.column} = :old"
                f" AND orders.order_id = {place.table}.order_id AND orders.customer_id = :new"
            )
    return [text(statement) for statement in statements]


def _tell_fields(
    work: UnitOfWork, join: IdentityJoin | None, customer: CustomerRow, other: CustomerRow, going: Collection[int]
) -> None:
    """What the events that went said of the customer is known of the other one, and no more of the first."""
    told = select(Event).where(is_among(Event.id, going), col(Event.type).in_(_TELLS_FIELDS))
    kept = select(Event).where(Event.customer_id == customer.id, col(Event.type).in_(_TELLS_FIELDS))
    order = col(Event.time), col(Event.id)
    events = work.exec(told.order_by(*order)).all()
    if not events:
        return
    old, new = ({**profile(each)} for each in (customer, other))
    for event in events:
        for name, value in event.data.items():
            said: _Known = True, value, event.time.isoformat()
            if (as_instant(_known(new, name)[2], _UTC) or event.time) <= event.time:
                _set(new, name, said)
            if _known(old, name) == said:
                _set(old, name, _known(join.before, name) if join else (False, None, None))
    for event in work.exec(kept.order_by(*order)):
        for name, value in event.data.items():
            if (as_instant(_known(old, name)[2], _UTC) or event.time) <= event.time:
                _set(old, name, (True, value, event.time.isoformat()))
    for each, known in ((customer, old), (other, new)):
        work.change(_knowing(each, known))


def _knowing(customer: CustomerRow, known: Mapping[str, Any]) -> CustomerRow:
    plain = {name: known[name] for name in PLAIN}
    return customer._replace(fields=known["fields"], field_times=known["field_times"], **plain)
