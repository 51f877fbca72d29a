"""Comments as they come in: put down to be read, so that no request waits for it."""

from collections.abc import Iterable, Mapping
from typing import Any

from domain.store.bulk import insert_all
from domain.store.outbox import ReadComments
from domain.store.work import UnitOfWork
from domain.voice.tables import UnreadComment

FIELDS: Mapping[str, str] = {
    "stream.commented": "text",
    "review.written": "text",
    "message.replied": "text",
    "order.refunded": "reason",
    "todo.done": "note",
}
"""The events that hold a comment, and the field that it is in."""


def put_down(work: UnitOfWork, stored: Iterable[Mapping[str, Any]]) -> None:
    """Have the comments among events that were just stored read, after this transaction."""
    comments = [row["id"] for row in stored if (field := FIELDS.get(row["type"])) and row["data"].get(field)]
    if comments:
        insert_all(work, UnreadComment, [{"event_id": event} for event in comments])
        work.enqueue(ReadComments())
