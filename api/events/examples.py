"""What the OpenAPI page shows of `POST /v1/events`: bodies that may be copied, and their answers."""

from typing import Any

from api.events.cloudevents import BATCH, PLAIN, STRUCTURED
from domain.intake.reading import MAX_NAME

PAID: dict[str, Any] = {
    "specversion": "1.0",
    "id": "o-881",
    "source": "miniapp",
    "type": "order.paid",
    "time": "2026-03-02T19:40:00+08:00",
    "subject": "unionid:u1",
    "data": {
        "customer": {"phone": "13800000001", "openid:mini": "oX1"},
        "order_id": "o-881",
        "total": 8900,
        "items": [{"sku": "beans-250", "category": "咖啡豆", "quantity": 1, "price": 8900}],
    },
}
RECEIVED: dict[str, Any] = {
    "specversion": "1.0",
    "id": "lot-7",
    "source": "wms",
    "type": "lot.received",
    "data": {"lot_id": "l-7", "sku": "milk-1l", "city": "杭州", "quantity": 120, "expires_on": "2026-03-20"},
}

_NAME = {"type": "string", "minLength": 1, "maxLength": MAX_NAME}
_EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": _NAME | {"description": "With `source`, names the event for ever."},
        "source": _NAME | {"description": "The system that sends it."},
        "type": _NAME,
        "time": {
            "type": "string",
            "format": "date-time",
            "description": "When it happened, with an offset; the arrival if it isn't given.",
        },
        "subject": {"type": "string", "description": "Whom it happened to, as `kind:value`."},
        "data": {
            "type": "object",
            "properties": {
                "customer": {
                    "type": ["object", "null"],
                    "additionalProperties": {"type": ["string", "integer", "null"]},
                    "description": "Whom it happened to, by kind; what is null isn't given.",
                }
            },
        },
    },
}
_BATCH = {"type": "array", "items": _EVENT}

REQUEST: dict[str, Any] = {
    "required": True,
    "description": "One event, or a batch. In CloudEvents' binary mode the attributes are `ce-` headers and the body "
    "is the `data`.",
    "content": {
        STRUCTURED: {"schema": _EVENT, "examples": {"order.paid": {"value": PAID}}},
        BATCH: {"schema": _BATCH, "examples": {"two events": {"value": [PAID, RECEIVED]}}},
        PLAIN: {
            "schema": {"oneOf": [_EVENT | {"required": ["id", "source", "type"]}, _BATCH]},
            "examples": {"order.paid": {"value": PAID}, "two events": {"value": [PAID, RECEIVED]}},
        },
    },
}

_COUNT = {"type": "integer", "minimum": 0}
_RESULT = {
    "type": "object",
    "required": ["index", "id", "status"],
    "properties": {
        "index": _COUNT,
        "id": {"type": ["string", "null"]},
        "status": {"enum": ["accepted", "duplicate", "rejected"]},
        "field": {"type": "string"},
        "reason": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
        "warnings": {
            "type": "array",
            "description": "What of it was set aside, or is likely a slip.",
            "items": {
                "type": "object",
                "required": ["field", "reason", "detail"],
                "properties": {name: {"type": "string"} for name in ("field", "reason", "detail")},
            },
        },
    },
}
_TAKEN = {
    "type": "object",
    "required": ["accepted", "duplicates", "results"],
    "properties": {"accepted": _COUNT, "duplicates": _COUNT, "results": {"type": "array", "items": _RESULT}},
}
_ACCEPTED = {"index": 0, "id": "o-881", "status": "accepted"}
_REJECTED = {
    "index": 1,
    "id": "lot-7",
    "status": "rejected",
    "field": "data.quantity",
    "reason": "wrong_type",
    "detail": "must be a whole number, not text, a fraction or a truth value",
}


def _answer(description: str, example: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {PLAIN: {"schema": _TAKEN, "example": example}}}


ANSWERS: dict[int | str, dict[str, Any]] = {
    202: _answer("All of it was taken.", {"accepted": 1, "duplicates": 0, "results": [_ACCEPTED]}),
    207: _answer("Some of it was taken.", {"accepted": 1, "duplicates": 0, "results": [_ACCEPTED, _REJECTED]}),
}
