"""CloudEvents 1.0 over HTTP: from the headers and the body of a request to the events in it."""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.datastructures import Headers

from api.http.problems import BodyTooLarge, Invalid, TooManyEvents, UnsupportedMediaType
from domain.catalogue import strictjson
from domain.catalogue.strictjson import Flaw, MalformedError
from domain.intake.reading import Item, read_item

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
PLAIN = "application/json"

_GZIP = ("gzip", "x-gzip")
_NO_GZIP = Flaw("", "bad_encoding", "the body isn't whole and sound gzip")
_UTF8 = frozenset({"", "utf-8", "utf8", "us-ascii"})
_BINARY_MARKS = ("ce-specversion", "ce-id", "ce-source", "ce-type")
_BINARY_ATTRIBUTES = ("specversion", "id", "source", "type", "time", "subject")


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
        if headers.get("content-encoding", "").strip().lower() not in ("", "identity", *_GZIP):
            raise UnsupportedMediaType("Of compressed bodies, gzip is read.", headers={"Accept-Encoding": "gzip"})
        if kind in (STRUCTURED, BATCH):
            return cls(kind, headers)
        binary = any(mark in headers for mark in _BINARY_MARKS)
        if kind == PLAIN or (binary and (not kind or kind.endswith("+json"))):
            return cls("binary" if binary else PLAIN, headers)
        accepted = f"{STRUCTURED}, {BATCH}, {PLAIN}"
        raise UnsupportedMediaType(f"Read are {accepted}.", headers={"Accept": accepted})

    @property
    def is_compressed(self) -> bool:
        return self.headers.get("content-encoding", "").strip().lower() in _GZIP

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
            return [read_item(item, now, plain=self.mode == PLAIN) for item in value]
        if isinstance(value, dict) and self.mode != BATCH:
            return [read_item(value, now, plain=self.mode == PLAIN)]
        wanted = {STRUCTURED: "an object", BATCH: "an array"}.get(self.mode, "an object or an array")
        raise Invalid(errors=[_entry(Flaw("", "wrong_type", f"the body must be {wanted}"))])


def unpack(body: bytes, limit: int) -> bytes:
    """What is in one or several gzip members (RFC 1952).

    Raises BodyTooLarge, without unpacking the rest, beyond `limit` bytes, and Invalid if it isn't whole and sound.
    """
    unpacked = b""
    while body:
        member = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        try:
            unpacked += member.decompress(body, limit + 1 - len(unpacked))
        except zlib.error:
            raise Invalid(errors=[_entry(_NO_GZIP)]) from None
        if len(unpacked) > limit:
            raise BodyTooLarge(f"A body has at most {limit} bytes when it is unpacked.")
        if not member.eof:
            raise Invalid(errors=[_entry(_NO_GZIP)])
        body = member.unused_data
    return unpacked


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
    return read_item(event, now, plain=False)


def _decode(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    return unquote_to_bytes(value.encode("latin-1")).decode()
