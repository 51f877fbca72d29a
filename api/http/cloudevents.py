"""CloudEvents 1.0 over HTTP: from the headers and the body of a request to the events in it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.datastructures import Headers

from api.http import strictjson
from api.http.problems import Invalid, TooManyEvents, UnsupportedMediaType
from api.http.strictjson import Flaw, MalformedError
from domain.catalogue import types, validation
from domain.catalogue.sources import OURS
from domain.catalogue.wire import parse_instant
from domain.customers.identifiers import Ident, IdentifierError, identify
from domain.intake.ingest import Incoming

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
PLAIN = "application/json"

AHEAD = timedelta(minutes=5)
"""How far an event's time may lie ahead of ours."""

MAX_NAME = 200
_UTF8 = frozenset({"", "utf-8", "utf8", "us-ascii"})
_BINARY_MARKS = ("ce-specversion", "ce-id", "ce-source", "ce-type")
_BINARY_ATTRIBUTES = ("specversion", "id", "source", "type", "time", "subject")


@dataclass(frozen=True)
class Item:
    """One event of a request as it was sent, or all that is wrong with it. `id` is None if it has no usable one."""

    id: str | None
    incoming: Incoming | None
    flaws: tuple[Flaw, ...] = ()


@dataclass(frozen=True)
class Envelope:
    """How the events of a request are packed, told by its headers alone."""

    mode: str
    headers: Headers

    @classmethod
    def of(cls, headers: Headers) -> "Envelope":
        """Raises UnsupportedMediaType for a content type, charset or encoding that isn't read here."""
        kind, charset = _content_type(headers.get("content-type", ""))
        if charset not in _UTF8:
            raise UnsupportedMediaType("JSON is read in UTF-8 only.")
        if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise UnsupportedMediaType("Compressed bodies aren't read.", headers={"Accept-Encoding": "identity"})
        if kind in (STRUCTURED, BATCH):
            return cls(kind, headers)
        binary = any(mark in headers for mark in _BINARY_MARKS)
        if kind == PLAIN or (binary and not kind):
            return cls("binary" if binary else PLAIN, headers)
        accepted = f"{STRUCTURED}, {BATCH}, {PLAIN}"
        raise UnsupportedMediaType(f"Read are {accepted}.", headers={"Accept": accepted})

    def open(self, body: bytes, now: datetime, max_batch: int) -> Sequence[Item]:
        """The events in the body. `now` is the arrival: it stands in for a missing time.

        Raises Invalid if the body isn't JSON of the shape that the content type promises, and TooManyEvents.
        """
        if self.mode == "binary":
            return [_read_binary(self.headers, body, now)]
        try:
            value = strictjson.parse(body)
        except MalformedError as error:
            raise Invalid(errors=[_entry(error.flaw)]) from None
        if isinstance(value, list) and self.mode != STRUCTURED:
            if len(value) > max_batch:
                raise TooManyEvents(f"A batch holds at most {max_batch} events.")
            return [_read(item, now, plain=self.mode == PLAIN) for item in value]
        if isinstance(value, dict) and self.mode != BATCH:
            return [_read(value, now, plain=self.mode == PLAIN)]
        wanted = {STRUCTURED: "an object", BATCH: "an array"}.get(self.mode, "an object or an array")
        raise Invalid(errors=[_entry(Flaw("", "wrong_type", f"the body must be {wanted}"))])


def _entry(flaw: Flaw) -> dict[str, str]:
    return {"field": flaw.field, "reason": flaw.reason, "detail": flaw.detail}


def _content_type(header: str) -> tuple[str, str]:
    kind, *parameters = [part.strip().lower() for part in header.split(";")]
    options = dict(part.partition("=")[::2] for part in parameters)
    return kind, options.get("charset", "").strip('" ')


def _read_binary(headers: Headers, body: bytes, now: datetime) -> Item:
    event: dict[str, Any] = {}
    for name in _BINARY_ATTRIBUTES:
        values = headers.getlist(f"ce-{name}")
        if len(values) > 1:
            return Item(None, None, (Flaw(name, "repeated_name", "the header is given twice"),))
        if values:
            try:
                event[name] = _decode(values[0])
            except UnicodeDecodeError:
                return Item(None, None, (Flaw(name, "bad_encoding", "must be percent-encoded UTF-8"),))
    if body:
        try:
            event["data"] = strictjson.parse(body)
        except MalformedError as error:
            return Item(None, None, (Flaw("data", error.flaw.reason, error.flaw.detail),))
    return _read(event, now, plain=False)


def _decode(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    return unquote_to_bytes(value.encode("latin-1")).decode()


def _read(event: Any, now: datetime, *, plain: bool) -> Item:
    if not isinstance(event, dict):
        return Item(None, None, (Flaw("", "wrong_type", "an event must be an object"),))
    flaw = strictjson.find_flaw(event)
    if flaw is not None:
        return Item(None, None, (flaw,))
    flaws: list[Flaw] = []
    version = event.get("specversion", "1.0" if plain else None)
    if version != "1.0":
        flaws.append(Flaw("specversion", "missing" if version is None else "not_allowed", 'must be "1.0"'))
    names = {name: _read_name(event, name, flaws) for name in ("id", "source", "type")}
    if names["source"] in OURS:
        flaws.append(Flaw("source", "reserved", "is a name under which events of our own are kept; give another one"))
    time = _read_time(event.get("time"), now, flaws)
    data, customer = _read_data(event, flaws)
    identifiers = _read_identity(names["type"], event.get("subject"), customer, flaws)
    faults = validation.validate(names["type"], data)
    flaws.extend(Flaw(f"data.{fault.field}".rstrip("."), fault.reason, fault.detail) for fault in faults)
    if flaws:
        return Item(names["id"] or None, None, tuple(flaws))
    incoming = Incoming(
        names["source"], names["id"], names["type"], time, validation.as_stored(names["type"], data), identifiers
    )
    return Item(incoming.id, incoming)


def _read_name(event: dict[str, Any], name: str, flaws: list[Flaw]) -> str:
    value = event.get(name)
    if value is None:
        flaws.append(Flaw(name, "missing", "is required"))
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
    if "data_base64" in event:
        flaws.append(Flaw("data_base64", "not_allowed", "data must be sent as JSON"))
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


def _read_identity(type: str, subject: Any, customer: dict[str, Any], flaws: list[Flaw]) -> tuple[Ident, ...]:
    if not type or types.is_business(type):
        return ()
    if subject is not None and not isinstance(subject, str):
        flaws.append(Flaw("subject", "wrong_type", "must be text"))
        return ()
    try:
        identity = identify(subject, customer)
    except IdentifierError as error:
        flaws.append(Flaw(error.field, error.reason, str(error)))
        return ()
    if not identity and not any(flaw.field == "data.customer" for flaw in flaws):
        detail = "the event names nobody; give data.customer, or subject as kind:value"
        flaws.append(Flaw("data.customer", "missing_identity", detail))
    return identity
