"""What Temporal recorded of a run, in plain words."""

import json
from collections.abc import Iterator
from typing import Any

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowHistory


def plain(history: WorkflowHistory) -> str:
    """Every text of every event, with what is in its payloads: whatever Temporal could tell of a customer."""
    return "\n".join([history.workflow_id, *(text for event in history.events for text in _texts(event))])


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Payload):
        data = value.data.decode()
        yield json.dumps(json.loads(data), ensure_ascii=False) if data else ""
    elif isinstance(value, Message):
        for _, each in value.ListFields():
            yield from _texts(each)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode(errors="replace")
    elif hasattr(value, "items"):
        for name, each in value.items():
            yield str(name)
            yield from _texts(each)
    elif hasattr(value, "__iter__"):
        for each in value:
            yield from _texts(each)
