"""One event as it is read, whatever brought it: what of it can be taken, and all that is wrong with it."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from domain.catalogue import strictjson, types, validation
from domain.catalogue.sources import OURS
from domain.catalogue.strictjson import Flaw, MalformedError
from domain.catalogue.wire import parse_instant
from domain.customers.identifiers import Ident, IdentifierError, identify, sort_by_strength
from domain.intake.ingest import Incoming
from workflows.source.diagnostics import slip_of

AHEAD = timedelta(minutes=5)
"""How far an event's time may lie ahead of ours."""

MAX_NAME = 200


@dataclass(frozen=True)
class Item:
    """One event of a request as it is taken, or all that is wrong with it. `id` is None if it has no usable one.

    `warnings` tell what of it was set aside; `subject` is what it gave as such.
    """

    id: str | None
    incoming: Incoming | None
    flaws: tuple[Flaw, ...] = ()
    warnings: tuple[Flaw, ...] = ()
    subject: str | None = None

    def place_of(self, kind: str) -> str:
        """Where an identifier of this kind was given."""
        given = {"openid:oa": "openid"}.get(name := (self.subject or "").rpartition(":")[0], name)
        return "subject" if given == kind else f"data.customer.{kind}"


def read_item(event: Any, now: datetime, *, plain: bool) -> Item:
    """One event of a request, as it was parsed. `plain` says that it needs no `specversion`."""
    if not isinstance(event, dict):
        return Item(None, None, (Flaw("", "wrong_type", "an event must be an object"),))
    flaws: list[Flaw] = []
    warnings: list[Flaw] = []
    if event.get("data_base64") is not None:
        event = _unpack_data(event, flaws)
    flaw = strictjson.find_flaw(event)
    if flaw is not None and flaw.reason == strictjson.BAD_CHARACTER and "data" in event:
        event = event | {"data": strictjson.replace_unstorable(event["data"])}
        flaw = strictjson.find_flaw(event)
    if flaw is not None:
        return Item(None, None, (flaw,))
    version = event.get("specversion", "1.0" if plain else None)
    if version != "1.0":
        flaws.append(Flaw("specversion", "missing" if version is None else "not_allowed", 'must be "1.0"'))
    names = {name: _read_name(event, name, flaws) for name in ("id", "source", "type")}
    if slip := _slip(names["type"]):
        detail = f"is no type that is known; it is kept as it is. Did you mean {slip}?"
        warnings.append(Flaw("type", "unknown_type", detail))
    if names["source"] in OURS:
        flaws.append(Flaw("source", "reserved", "is a name under which events of our own are kept; give another one"))
    time = _read_time(event.get("time"), now, flaws)
    data, customer = _read_data(event, flaws)
    identifiers = _read_identity(names["type"], event.get("subject"), customer, flaws, warnings)
    lenient = validation.make_lenient(names["type"], data)
    flaws.extend(map(_flaw_in_data, lenient.errors))
    warnings.extend(map(_flaw_in_data, lenient.warnings))
    if flaws:
        return Item(names["id"] or None, None, tuple(flaws))
    stored = validation.as_stored(names["type"], lenient.data)
    incoming = Incoming(names["source"], names["id"], names["type"], time, stored, identifiers)
    subject = event.get("subject")
    return Item(incoming.id, incoming, warnings=tuple(warnings), subject=subject if isinstance(subject, str) else None)


def _flaw_in_data(fault: validation.FieldError) -> Flaw:
    return Flaw(f"data.{fault.field}".rstrip("."), fault.reason, fault.detail)


@lru_cache(maxsize=1000)
def _slip(type: str) -> str | None:
    """The known type that this one, which isn't known, seems to mean."""
    return None if not type or type in types.CATALOGUE else slip_of(type, types.CATALOGUE)


def read_event(event: Mapping[str, Any], now: datetime) -> Item:
    """One event that came in another format, by the same rules. `now` is its arrival."""
    return read_item(dict(event), now, plain=True)


def _unpack_data(event: dict[str, Any], flaws: list[Flaw]) -> dict[str, Any]:
    """The event with the JSON of its `data_base64` as its data."""
    packed = event["data_base64"]
    rest = {name: value for name, value in event.items() if name != "data_base64"}
    if rest.get("data") is not None:
        flaws.append(Flaw("data_base64", "not_allowed", "an event has data or data_base64, not both"))
        return rest
    try:
        return rest | {"data": strictjson.parse(base64.b64decode(packed, validate=True))}
    except (TypeError, ValueError) as error:
        is_base64 = isinstance(error, MalformedError)
        flaws.append(Flaw("data_base64", "bad_json" if is_base64 else "bad_encoding", "must be JSON in base64"))
        return rest


def _read_name(event: dict[str, Any], name: str, flaws: list[Flaw]) -> str:
    value = event.get(name)
    if value is None:
        flaws.append(Flaw(name, "missing", "is required"))
    elif type(value) is int:
        return str(value)
    elif not isinstance(value, str):
        flaws.append(Flaw(name, "wrong_type", "must be text"))
    elif not value.strip():
        flaws.append(Flaw(name, "empty", "must not be empty"))
    elif len(value) > MAX_NAME:
        flaws.append(Flaw(name, "too_long", f"must have at most {MAX_NAME} characters"))
    else:
        return value
    return ""


def _read_time(value: Any, now: datetime, flaws: list[Flaw]) -> datetime:
    if value is None:
        return now
    if not isinstance(value, str):
        flaws.append(Flaw("time", "wrong_type", "must be an RFC 3339 time with an offset, as text"))
        return now
    try:
        instant = parse_instant(value)
    except ValueError as error:
        flaws.append(Flaw("time", "bad_time", str(error)))
        return now
    if instant > now + AHEAD:
        flaws.append(Flaw("time", "time_in_future", "lies more than 5 minutes in the future"))
    return instant


def _read_data(event: dict[str, Any], flaws: list[Flaw]) -> tuple[dict[str, Any], dict[str, Any]]:
    data = event.get("data")
    if data is None:
        data = {}
    if not isinstance(data, dict):
        flaws.append(Flaw("data", "wrong_type", "must be an object"))
        data = {}
    customer = data.get("customer")
    if customer is None:
        customer = {}
    if not isinstance(customer, dict):
        flaws.append(Flaw("data.customer", "wrong_type", "must be an object of identifiers"))
        customer = {}
    return {name: value for name, value in data.items() if name != "customer"}, customer


def _read_identity(
    type: str, subject: Any, customer: dict[str, Any], flaws: list[Flaw], warnings: list[Flaw]
) -> tuple[Ident, ...]:
    """Whom the event is about. Beside an identifier that can be taken, those that can't are set aside."""
    if not type or types.is_business(type):
        return ()
    identity: list[Ident] = []
    mistakes: list[Flaw] = []
    if subject is not None and not isinstance(subject, str):
        mistakes.append(Flaw("subject", "wrong_type", "must be text"))
        subject = None
    for named, given in [(subject, None), *((None, {kind: _as_text(value)}) for kind, value in customer.items())]:
        try:
            identity += identify(named, given)
        except IdentifierError as error:
            mistakes.append(Flaw(error.field, error.reason, str(error)))
    (warnings if identity else flaws).extend(mistakes)
    if not identity and not mistakes and not any(flaw.field == "data.customer" for flaw in flaws):
        detail = "the event names nobody; give data.customer, or subject as kind:value"
        flaws.append(Flaw("data.customer", "missing_identity", detail))
    return sort_by_strength(identity)


def _as_text(value: Any) -> Any:
    return str(value) if type(value) is int else value
