"""A webhook, signed as Standard Webhooks: `{output, stream, records}`, one body after the other."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from activities.adapters.outputs.sink import SinkError
from activities.adapters.webhook import MAX_BODY, Webhooks
from domain.connectors.outgoing import Told
from domain.journeys.verbs.webhook import Call
from workflows.language.outputs import Stream

ROOM = 1_000
"""Bytes of a body that aren't records."""


class WebhookSink:
    """Posts records to the target of a name. The same records have the same `webhook-id`, however often they come."""

    def __init__(self, webhooks: Webhooks, name: str, output: str) -> None:
        self._webhooks = webhooks
        self._name = name
        self._output = output

    def take(self, stream: Stream, records: Sequence[Told]) -> None:
        for bodies in _fitting([dict(record.body) for record in records]):
            key = f"{self._output}/{stream}/{bodies[0]['id']}-{bodies[-1]['id']}"
            body = {"output": self._output, "stream": stream, "records": bodies}
            (reply,) = self._webhooks.call_many(self._name, [Call(key, self._name, 0, body)])
            if reply.status != "ok":
                raise SinkError(f"the webhook {self._name} says {reply.reason}")


def _fitting(bodies: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Parts that a body has room for; a record that has none by itself goes without its data, and says so."""
    part: list[dict[str, Any]] = []
    size = 0
    for body in bodies:
        bytes_ = _size(body)
        if bytes_ > MAX_BODY - ROOM:
            body = {name: value for name, value in body.items() if name not in ("data", "identifiers")}
            body, bytes_ = {**body, "data": None, "left_out": "too_large"}, ROOM
        if part and size + bytes_ > MAX_BODY - ROOM:
            yield part
            part, size = [], 0
        part.append(body)
        size += bytes_
    if part:
        yield part


def _size(body: dict[str, Any]) -> int:
    return len(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()) + 1
