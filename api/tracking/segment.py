"""Segment's and RudderStack's calls: one, or a batch of them, as JSON whatever the content type says.

The format: https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import uuid4

from api.http.problems import Invalid, TooManyEvents
from api.tracking.tracked import Tracked
from domain.catalogue import strictjson
from domain.catalogue.strictjson import MalformedError
from domain.catalogue.wire import parse_instant

_CALLS = {"t": "track", "i": "identify", "p": "page", "s": "screen", "g": "group", "a": "alias", "b": "batch"}
CALLS = frozenset({*_CALLS, *_CALLS.values(), "m"})
"""What the path ends with: a call's name, or its first letter."""

_BATCHES = ("batch", "m")


def parse(body: bytes) -> dict[str, Any]:
    """The body, which must be an object. Raises Invalid."""
    try:
        value = strictjson.parse(body)
    except MalformedError as error:
        raise Invalid(f"The body can't be read: {error.flaw.detail}.") from None
    if not isinstance(value, dict):
        raise Invalid("The body must be an object.")
    return value


def read(call: str, body: Mapping[str, Any], most: int) -> list[Tracked]:
    """The calls of a request to `/v1/{call}`. Raises Invalid for a batch without calls, and TooManyEvents."""
    name = _CALLS.get(call, call)
    if name not in _BATCHES:
        return [_tracked(name, body, body)]
    calls = body.get("batch")
    if not isinstance(calls, list):
        raise Invalid("The batch must be a list of calls.")
    if len(calls) > most:
        raise TooManyEvents(f"A batch holds at most {most} calls.")
    return [_tracked(str(call.get("type") or "track"), call, body) for call in calls if isinstance(call, dict)]


def _tracked(kind: str, call: Mapping[str, Any], around: Mapping[str, Any]) -> Tracked:
    context = call.get("context")
    traits = context.get("traits") if isinstance(context, dict) else None
    told = call.get("traits") if kind == "identify" else call.get("properties")
    known = traits if isinstance(traits, dict) else {}
    properties = told if isinstance(told, dict) else {}
    identities = [("userId", call.get("userId")), ("anonymousId", call.get("anonymousId"))]
    identities += [(name, known.get(name)) for name in ("phone", "email")]
    if kind == "alias":
        identities.append(("anonymousId", call.get("previousId")))
    return Tracked(
        str(call.get("event") or kind) if kind == "track" else kind,
        str(call.get("messageId") or uuid4()),
        identities,
        {**known, **properties} if kind == "identify" else properties,
        _instant(call.get("timestamp") or call.get("originalTimestamp")),
        _instant(call.get("sentAt") or around.get("sentAt")),
    )


def _instant(value: Any) -> datetime | None:
    with suppress(ValueError, TypeError):
        return parse_instant(value)
    return None
