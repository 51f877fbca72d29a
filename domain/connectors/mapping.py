"""From a row of another system to the events that it is here, or why it is none."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from math import isfinite
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from domain.catalogue import strictjson
from domain.catalogue.strictjson import Flaw
from domain.customers.identifiers import sort_by_strength
from domain.customers.tables import Identifier, Order
from domain.intake.ingest import Incoming
from domain.intake.reading import MAX_NAME, read_event
from workflows.language.connectors import Connector, Meaning
from workflows.language.mapping import fields_of, instant_of, value_of

Record = Mapping[str, Any]
"""A row, of nothing but what JSON has."""

BY_ORDER = "order_id"
"""What stands in the place of an identifier where only an order is known."""

_NOTHING: tuple[Any, ...] = (None, False, "", [], {})


@dataclass(frozen=True)
class Mapped:
    """What a row is by one of its meanings: an event, or a row that is set aside because of a flaw. `key` names it."""

    key: str
    record: Record
    incoming: Incoming | None = None
    flaw: Flaw | None = None


def plain(row: Mapping[str, Any], zone: tzinfo) -> dict[str, Any]:
    """A row as JSON has it. A time without a zone is of the `zone`; a number that isn't finite is nothing."""
    return {str(name): _plain(value, zone) for name, value in row.items()}


def _plain(value: Any, zone: tzinfo) -> Any:
    match value:
        case None | bool() | int():
            return value
        case str():
            return value if value.isascii() and "\x00" not in value else strictjson.replace_unstorable(value)
        case float():
            return value if isfinite(value) else None
        case Decimal():
            return _plain(int(value) if value == value.to_integral_value() else float(value), zone) if (
                value.is_finite()
            ) else None  # fmt: skip
        case datetime():
            return (value if value.tzinfo else value.replace(tzinfo=zone)).isoformat()
        case date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case bytes() | bytearray() | memoryview():
            return bytes(value).hex()
        case Mapping():
            return plain(value, zone)
        case Iterable():
            return [_plain(each, zone) for each in value]
    return str(value)


def zone_of(connector: Connector) -> ZoneInfo:
    """The zone of its times that name none."""
    return ZoneInfo(connector.zone)


def map_rows(
    session: Session, connector: Connector, records: Sequence[Record], now: datetime
) -> tuple[list[Mapped], int]:
    """What the rows are, and how many of them are nothing here. `now` is their arrival."""
    zone = zone_of(connector)
    meant = [
        (record, [each for each in connector.meanings if each.when is None or _holds(each.when, record, zone)])
        for record in records
    ]
    owners = _owners(session, [(record, each) for record, meanings in meant for each in meanings], zone)
    mapped = [_map(connector, each, record, owners, zone, now) for record, meanings in meant for each in meanings]
    return mapped, sum(not meanings for _, meanings in meant)


def _holds(when: str, record: Record, zone: tzinfo) -> bool:
    return value_of(when, record, zone) not in _NOTHING


def _owners(session: Session, meant: Sequence[tuple[Record, Meaning]], zone: tzinfo) -> Mapping[str, Mapping[str, str]]:
    """The strongest identifier of whoever each order belongs to, of the orders that customers are known by."""
    paths = ((record, each.customer[BY_ORDER]) for record, each in meant if BY_ORDER in each.customer)
    asked = {str(found) for record, path in paths if (found := value_of(path, record, zone)) is not None}
    if not asked:
        return {}
    query = select(Order.order_id, Identifier.kind, Identifier.value).join(
        Identifier, col(Identifier.customer_id) == col(Order.customer_id)
    )
    idents: dict[str, list[tuple[str, str]]] = {}
    for order, kind, value in session.exec(query.where(col(Order.order_id).in_(asked))):
        idents.setdefault(order, []).append((kind, value))
    return {order: dict(sort_by_strength(each)[:1]) for order, each in idents.items()}


def _map(
    connector: Connector,
    meaning: Meaning,
    record: Record,
    owners: Mapping[str, Mapping[str, str]],
    zone: tzinfo,
    now: datetime,
) -> Mapped:
    found = value_of(meaning.id, record, zone)
    if type(found) not in (str, int) or found == "":
        digest = hashlib.sha256(json.dumps(record, sort_keys=True, default=str).encode()).hexdigest()[:32]
        return Mapped(digest, record, flaw=Flaw("id", "missing", "the row has no id where the map looks for one"))
    key = f"{meaning.type}/{found}"
    if len(key) > MAX_NAME:
        return Mapped(
            hashlib.sha256(key.encode()).hexdigest(), record, flaw=Flaw("id", "too_long", "the id is too long")
        )
    instant = now if meaning.time is None else instant_of(value_of(meaning.time, record, zone), zone)
    if instant is None:
        return Mapped(key, record, flaw=Flaw("time", "bad_time", "there is no time where the map looks for one"))
    customer = fields_of({kind: path for kind, path in meaning.customer.items() if kind != BY_ORDER}, record, zone)
    if BY_ORDER in meaning.customer:
        order = value_of(meaning.customer[BY_ORDER], record, zone)
        customer = {**owners.get(str(order), {}), **customer}
        if not customer:
            return Mapped(key, record, flaw=Flaw("customer", "unknown_order", "no order of this id is known"))
    customer = {kind: value for kind, value in customer.items() if value != ""}
    data = fields_of(meaning.data, record, zone)
    event = {"id": key, "source": source_of(connector.connector), "type": meaning.type, "time": instant.isoformat()}
    item = read_event({**event, "data": {**data, "customer": customer} if customer else data}, now)
    if item.incoming is None:
        return Mapped(key, record, flaw=item.flaws[0])
    return Mapped(key, record, item.incoming)


def source_of(connector: str) -> str:
    """The source of its events."""
    return f"connector/{connector}"
