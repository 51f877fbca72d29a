"""What a run costs Temporal: events in the history of send · wait · send · wait · send for one customer."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx

from benchmarks.harness.stack import Stack, stack, worker

FLOOR = 33
REFERENCE = """
journey: reference
trigger: {event: order.paid}
entry: {again: always}
steps:
  - {id: one, send: hello, via: [sms], kind: transactional}
  - wait: {until: {field: trigger.first}}
  - {id: two, send: hello, via: [sms], kind: transactional}
  - wait: {until: {field: trigger.second}}
  - {id: three, send: hello, via: [sms], kind: transactional}
"""


def measure() -> Iterator[tuple[str, ...]]:
    """Rows of the table."""
    with stack(REFERENCE) as parts:
        events, size = asyncio.run(_count(parts))
    yield ("history of a three-send journey, one customer", f"{events} events", f"floor: {FLOOR}", "", "≤ 34")
    yield ("its size", f"{size / 1024:.1f} KB", "", "", "")


async def _count(parts: Stack) -> tuple[int, int]:
    now = datetime.now(UTC)
    data = {
        "order_id": "o1",
        "total": 100,
        "first": (now + timedelta(seconds=2)).isoformat(),
        "second": (now + timedelta(seconds=4)).isoformat(),
    }
    event = {
        "specversion": "1.0", "id": str(uuid4()), "source": "benchmark", "type": "order.paid",
        "subject": "phone:+8613800000001", "data": data,
    }  # fmt: skip
    async with worker(parts) as client:
        httpx.post(
            f"{parts.url}/v1/events", json=event, headers={"Authorization": f"Bearer {parts.key}"}
        ).raise_for_status()
        run = client.get_workflow_handle("reference/1")
        await asyncio.sleep(1)
        await run.result()
        history = await run.fetch_history()
    return len(history.events), sum(event.ByteSize() for event in history.events)
