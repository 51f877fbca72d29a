"""What Temporal recorded of a run: in plain words, and replayed."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import Any

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from runtime.platform.temporal import DATA_CONVERTER
from runtime.platform.worker import WORKFLOWS, sandbox


def plain(history: WorkflowHistory) -> str:
    """Every text of every event, with what is in its payloads: whatever Temporal could tell of a customer."""
    return "\n".join([history.workflow_id, *(text for event in history.events for text in _texts(event))])


def _texts(value: Any) -> Iterator[str]:
    match value:
        case Payload():
            data = value.data.decode()
            yield json.dumps(json.loads(data), ensure_ascii=False) if data else ""
        case Message():
            for _, each in value.ListFields():
                yield from _texts(each)
        case str():
            yield value
        case bytes():
            yield value.decode(errors="replace")
        case Mapping():
            for name, each in value.items():
                yield str(name)
                yield from _texts(each)
        case Sequence():
            for each in value:
                yield from _texts(each)


def replay(histories: Iterable[WorkflowHistory]) -> None:
    """Raises if today's workflows would decide otherwise than the recorded runs did."""
    replayer = Replayer(workflows=WORKFLOWS, data_converter=DATA_CONVERTER, workflow_runner=sandbox())

    async def each() -> AsyncIterator[WorkflowHistory]:
        for history in histories:
            yield history

    asyncio.run(replayer.replay_workflows(each()))
