"""神策: the records that its SDKs send to `/sa`, in base64, mostly gzipped.

The format: https://manual.sensorsdata.cn/sa/latest/zh_cn/tech_super_trackdata-7540924.html
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from api.http.problems import Invalid, TooManyEvents
from api.tracking.tracked import Tracked, instant_of
from domain.catalogue import strictjson
from domain.catalogue.strictjson import MalformedError

Unpack = Callable[[bytes], bytes]

_LOGIN, _ANONYMOUS = "$identity_login_id", "$identity_anonymous_id"
_OF_THINGS = ("item_set", "item_delete")
"""Records about products, of no person: products come from the shop's own systems."""


def read(form: bytes, unpack: Unpack, most: int) -> list[Tracked]:
    """The records of a request: of its body, or of the query of a picture's address.

    Raises Invalid if it isn't as the SDKs send it, or its checksum is another; TooManyEvents.
    """
    fields = parse_qs(form.decode("latin-1"), max_num_fields=20)
    packed = (fields.get("data_list") or fields.get("data") or [""])[0].replace(" ", "+")
    if not packed:
        raise Invalid("There is neither data nor data_list in it.")
    if (crc := _crc_in((fields.get("ext") or [""])[0])) is not None and crc != crc_of(packed):
        raise Invalid("The checksum in ext is another than that of the data; send it again.")
    try:
        body = base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
        value = strictjson.parse(unpack(body))
    except (binascii.Error, ValueError) as error:
        detail = error.flaw.detail if isinstance(error, MalformedError) else "must be base64"
        raise Invalid(f"The data can't be read: {detail}.") from None
    records = value if isinstance(value, list) else [value]
    if len(records) > most:
        raise TooManyEvents(f"A request holds at most {most} records.")
    return [_tracked(each) for each in records if isinstance(each, dict) and each.get("type") not in _OF_THINGS]


def crc_of(text: str) -> int:
    """The checksum of 神策's web SDK: a polynomial of 31 over the characters, in 32 signed bits."""
    found = 0
    for character in text:
        found = (found * 31 + ord(character)) & 0xFFFFFFFF
    return found - 2**32 if found >= 2**31 else found


def _crc_in(ext: str) -> int | None:
    name, _, value = ext.partition("=")
    return int(value) if name == "crc" and value.lstrip("-").isdecimal() else None


def _tracked(record: dict[str, Any]) -> Tracked:
    properties = record.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    kind = record.get("type")
    name = str(record.get("event") or kind) if kind == "track" else str(kind)
    canonical = json.dumps(record, sort_keys=True, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return Tracked(
        name,
        hashlib.sha256(canonical).hexdigest()[:32],
        _identities(record, properties),
        properties,
        instant_of(record.get("time")),
        instant_of(record.get("_flush_time")),
        dated=bool(record.get("time_free") or properties.get("$time_free")),
    )


def _identities(record: Mapping[str, Any], properties: Mapping[str, Any]) -> list[tuple[str, Any]]:
    given = record.get("identities")
    if isinstance(given, dict) and given:
        return list(given.items())
    if record.get("type") == "track_signup":
        return [(_LOGIN, record.get("distinct_id")), (_ANONYMOUS, record.get("original_id"))]
    if record.get("login_id") or record.get("anonymous_id"):
        return [(_LOGIN, record.get("login_id")), (_ANONYMOUS, record.get("anonymous_id"))]
    is_login = properties.get("$is_login_id") is True
    return [(_LOGIN if is_login else _ANONYMOUS, record.get("distinct_id"))]
