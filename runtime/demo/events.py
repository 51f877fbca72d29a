"""CloudEvents as the demo shop posts them: drafted in any order, then put in time order and numbered."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

Event = dict[str, Any]
"""A structured CloudEvent; a draft is one that has no `id` yet."""

ZONE = ZoneInfo("Asia/Shanghai")
SOURCE = "demo"


def draft(kind: str, at: datetime, data: Mapping[str, Any], subject: str | None = None) -> Event:
    """An event of type `kind` that still lacks its id. `at` is cut to the second."""
    event: Event = {
        "specversion": "1.0",
        "source": SOURCE,
        "type": kind,
        "time": at.astimezone(ZONE).isoformat(timespec="seconds"),
    }
    if subject:
        event["subject"] = subject
    return event | {"data": dict(data)}


def seal(drafts: Iterable[Event], prefix: str) -> list[Event]:
    """The drafts in time order, each with its id; those of one second keep the order they came in."""
    ordered = sorted(drafts, key=lambda event: datetime.fromisoformat(event["time"]))
    return [
        {"specversion": event["specversion"], "id": f"{prefix}-{n:05d}"} | event for n, event in enumerate(ordered, 1)
    ]
