"""What is known of a customer, in one piece: what names it and since when, whom it was, what it said and allows."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, or_, select

from domain.conditions.facts import BatchFacts, CustomerFacts, Moment
from domain.customers.naming import UNNAMED
from domain.customers.tables import Consent, Customer, IdentityJoin, OwnDataError
from domain.identity import moving
from domain.membership.exporting import cell


@dataclass(frozen=True)
class NamedBy:
    """An identifier: since when it is linked, by an event of which source, and when an event last named it."""

    kind: str
    value: str
    since: datetime | None
    source: str | None
    last_seen: datetime | None


def named_by(session: Session, customer_id: int) -> Sequence[NamedBy]:
    """What names a customer."""
    rows = session.connection().execute(_NAMED_BY, {"id": customer_id, "unnamed": UNNAMED})
    return [NamedBy(*row) for row in rows]


_NAMED_BY = text("""
SELECT kind, value, since, (SELECT source FROM events WHERE events.id = identifiers.event_id),
    (SELECT max(time) FROM events
     WHERE events.customer_id = :id AND events.identifiers ? (identifiers.kind || ':' || identifiers.value))
FROM identifiers WHERE customer_id = :id AND kind <> :unnamed ORDER BY kind, value
""")


def consents_of(session: Session, customer_id: int) -> Sequence[Consent]:
    """What holds for each channel and purpose by what the customer said last."""
    query = select(Consent).where(Consent.customer_id == customer_id).order_by(col(Consent.at), col(Consent.id))
    return list({(row.channel, row.purpose): row for row in session.exec(query)}.values())


def numbers_of(session: Session, customer_id: int, now: datetime) -> tuple[int, int, datetime | None, Sequence[str]]:
    """The orders, what was spent on them in fen, when the last was paid, and the tags, as of now."""
    facts = BatchFacts(session, {customer_id: Moment(now)})
    return (*facts.orders_at(customer_id), sorted(facts.tags_at(customer_id)))


def measures_of(facts: CustomerFacts) -> Mapping[str, Any]:
    """What the named measures come to for a customer, money in fen; None where there is nothing to work one out of."""
    return {name: _measured(facts, name) for name in sorted(facts.library.measures)}


def _measured(facts: CustomerFacts, name: str) -> Any:
    try:
        value = facts.field(f"measure.{name}")
    except OwnDataError:
        return None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def names_of(session: Session, ids: Collection[int]) -> Mapping[int, str | None]:
    """What the customers are called, by their ids."""
    return dict(session.exec(select(Customer.id, Customer.name).where(col(Customer.id).in_(ids))).all())


def joins_of(session: Session, customer: Customer) -> Sequence[IdentityJoin]:
    """The joins that a customer came out of or was split from, the oldest first."""
    ids = [customer.id, *customer.former]
    touched = or_(col(IdentityJoin.survivor_id).in_(ids), IdentityJoin.loser_id == customer.id)
    return session.exec(select(IdentityJoin).where(touched).order_by(col(IdentityJoin.id))).all()


def export(session: Session, customer: Customer) -> Mapping[str, Any]:
    """Everything that is kept about a customer: its own row, and by table every row that is about it.

    What names the customer only by way of an event, an enrollment or an identifier is of it, too.
    """
    everything: dict[str, Any] = {"customer": customer.model_dump()}
    for place in moving.places():
        statement = text(f"SELECT to_jsonb({place.table}) FROM {place.table} WHERE {place.column} = :id")
        rows = session.connection().execute(statement, {"id": customer.id}).scalars().all()
        everything.setdefault(place.table, []).extend(rows)
    ids = [customer.id, *customer.former]
    for table, of_customer in _BY_WAY_OF.items():
        statement = text(f"SELECT to_jsonb({table}) FROM {table} WHERE {of_customer}")
        everything[table] = session.connection().execute(statement, {"ids": ids}).scalars().all()
    return everything


_OURS = "customer_id = ANY (CAST(:ids AS bigint[]))"
_NAMED = f"(SELECT value FROM identifiers WHERE {_OURS} AND split_part(kind, ':', 1) ="
_BY_WAY_OF = {
    "identity_joins": f"{_OURS.replace('customer_id', 'survivor_id')} OR {_OURS.replace('customer_id', 'loser_id')}",
    "opinions": f"event_id IN (SELECT id FROM events WHERE {_OURS})",
    "webhook_calls": f"enrollment_id IN (SELECT id FROM enrollments WHERE {_OURS})",
    "wechat_allowances": f"openid IN {_NAMED} 'openid')",
    "wecom_friends": f"external_userid IN {_NAMED} 'external_userid')",
}


HEAD = ["表 table", "行 row", "字段 field", "值 value"]


def as_table(everything: Mapping[str, Any]) -> Iterator[list[str]]:
    """An export as a table for people: the head, and a row for each value that there is, by table and row."""
    yield HEAD
    for table, rows in everything.items():
        for number, row in enumerate(rows if isinstance(rows, list) else [rows], 1):
            for name, value in row.items():
                if value is not None:
                    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
                    yield [table, str(number), name, cell(text)]
