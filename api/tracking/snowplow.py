"""Snowplow's tracker protocol, version 2: `payload_data` of events with short names.

The format: https://docs.snowplow.io/docs/events/going-deeper/http-requests/
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from api.http.problems import Invalid, TooManyEvents
from api.tracking.segment import parse
from api.tracking.tracked import Tracked, instant_of
from domain.catalogue import strictjson

_KINDS = {"pv": "page_view", "pp": "page_ping", "se": "structured", "tr": "transaction", "ti": "transaction_item"}
_ACTION = "snowplow_ecommerce_action"


def read(body: bytes, most: int) -> tuple[str, list[Tracked]]:
    """The app's id, which is the key, and the events of a request. Raises Invalid and TooManyEvents."""
    events = parse(body).get("data")
    if not isinstance(events, list) or not all(isinstance(each, dict) for each in events):
        raise Invalid("The data must be a list of events.")
    if len(events) > most:
        raise TooManyEvents(f"A request holds at most {most} events.")
    app = str(events[0].get("aid") or "") if events else ""
    return app, [_tracked(each) for each in events]


def _tracked(event: Mapping[str, Any]) -> Tracked:
    kind = str(event.get("e"))
    properties: dict[str, Any] = {}
    name = _KINDS.get(kind, kind)
    entities = _entities(_json(event, "cx", "co"))
    if kind == "ue":
        name, properties = _self_describing(_json(event, "ue_px", "ue_pr"))
    elif kind == "se":
        name = str(event.get("se_ac") or name)
        properties = {
            key: event.get(f"se_{short}")
            for key, short in (("category", "ca"), ("label", "la"), ("property", "pr"), ("value", "va"))
        }
    elif kind == "tr":
        properties = {"order_id": event.get("tr_id"), "total": event.get("tr_tt"), "city": event.get("tr_ci")}
    elif kind == "pv":
        properties = {"url": event.get("url"), "title": event.get("page"), "referrer": event.get("refr")}
    if name == _ACTION:
        name, properties = _action(properties, entities)
    return Tracked(
        name,
        str(event.get("eid") or uuid4()),
        [("uid", event.get("uid")), ("duid", event.get("duid"))],
        {key: value for key, value in {**entities, **properties}.items() if value is not None},
        instant_of(event.get("ttm") or event.get("dtm")),
        instant_of(event.get("stm")),
    )


def _action(action: Mapping[str, Any], entities: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """An event of a shop: what was done names it, and what it was done to stands beside it."""
    done = str(action.get("type") or _ACTION)
    products = entities.get("product") or []
    if done in ("product_view", "list_click") and products:
        return done, {**products[0]}
    about = (entities.get({"transaction": "transaction", "refund": "refund"}.get(done, "cart")) or [{}])[0]
    order = {"order_id": about.get("transaction_id"), "total": about.get("revenue", about.get("refund_amount"))}
    cart = {"cart_id": about.get("cart_id"), "total": about.get("total_value")}
    told = order if done in ("transaction", "refund") else cart
    return done, {**action, **{key: value for key, value in told.items() if value is not None}, "products": products}


def _self_describing(value: Any) -> tuple[str, dict[str, Any]]:
    inner = value.get("data") if isinstance(value, dict) else None
    if not isinstance(inner, dict):
        return "self_describing", {}
    data = inner.get("data")
    return _name(inner), data if isinstance(data, dict) else {}


def _entities(value: Any) -> dict[str, list[dict[str, Any]]]:
    listed = value.get("data") if isinstance(value, dict) else None
    found: dict[str, list[dict[str, Any]]] = {}
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict) and isinstance(data := each.get("data"), dict):
            found.setdefault(_name(each), []).append(data)
    return found


def _name(described: Mapping[str, Any]) -> str:
    """What a schema calls itself: of `iglu:vendor/name/jsonschema/1-0-0`, the name."""
    parts = str(described.get("schema", "")).split("/")
    return parts[1] if len(parts) > 1 else "self_describing"


def _json(event: Mapping[str, Any], packed: str, plain: str) -> Any:
    """What stands in one of two fields: in base64 in the first, as it is in the second; None if it can't be read."""
    try:
        if text := event.get(packed):
            text = str(text)
            return strictjson.parse(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return strictjson.parse(str(event[plain]).encode()) if event.get(plain) else None
    except (binascii.Error, ValueError):
        return None
