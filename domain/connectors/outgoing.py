"""What goes out to others: the records of a stream in their order, from where an output has come to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, update

from domain.connectors.tables import OutputPosition
from domain.store.work import UnitOfWork
from workflows.language.outputs import Output, Stream


@dataclass(frozen=True)
class Told:
    """A record: its number in the stream, when it happened, whose it is, and what it says."""

    id: int
    at: datetime
    customer: int | None
    body: Mapping[str, Any]


_QUERIES: Mapping[Stream, str] = {
    "events": """
        SELECT id, time AS at, customer_id AS customer, type, source, event_id, received_at, identifiers, data
        FROM events WHERE id > :position AND id <= :seen AND (:every OR type = ANY (CAST(:types AS text[])))
        ORDER BY id LIMIT :size""",
    "decisions": """
        SELECT id, at, customer_id AS customer, journey, enrollment_id AS enrollment, step, what, value, via, reason
        FROM trail WHERE id > :position AND id <= :seen AND (:every OR what = ANY (CAST(:types AS text[])))
        ORDER BY id LIMIT :size""",
    "messages": """
        SELECT trail.id, trail.at, trail.customer_id AS customer, trail.journey, trail.enrollment_id AS enrollment,
            trail.step, trail.what AS outcome, trail.via AS channel, trail.reason, messages.id AS message,
            messages.template, messages.kind, messages.status, messages.coupon, messages.called_at
        FROM trail
        LEFT JOIN messages ON messages.enrollment_id = trail.enrollment_id AND messages.step = trail.step
        WHERE trail.id > :position AND trail.id <= :seen AND trail.what IN ('sent', 'failed', 'unknown')
            AND (:every OR trail.what = ANY (CAST(:types AS text[])))
        ORDER BY trail.id LIMIT :size""",
}
"""What happened, what was decided, and what became of messages when that was known; a receipt later is an event."""

_TABLES: Mapping[Stream, str] = {"events": "events", "decisions": "trail", "messages": "trail"}


def look(work: UnitOfWork, output: str, stream: Stream) -> OutputPosition:
    """Where an output stands; a new one stands at the beginning of the stream."""
    new = insert(OutputPosition).values(output=output, stream=stream, position=0, seen=0, horizon=0, sent=0)
    work.execute(new.on_conflict_do_nothing())
    return work.get_one(OutputPosition, (output, stream), populate_existing=True)


@dataclass(frozen=True)
class Portion:
    """The next records of a stream, and up to which number all of it can be told once `horizon` is past, as now it is
    if it is `settled`: see OutputPosition.
    """

    records: Sequence[Told]
    seen: int
    horizon: int
    settled: bool


def next_portion(session: Session, output: Output, stream: Stream, at: OutputPosition) -> Portion:
    """What comes behind a position.

    Numbers are given before they are committed: a smaller one can still come for as long as a transaction is open that
    had begun when the greater one was seen.
    """
    connection = session.connection()
    seen, horizon = at.seen, at.horizon
    if at.position >= seen:
        seen = connection.execute(text(f"SELECT coalesce(max(id), 0) FROM {_TABLES[stream]}")).scalar_one()
        horizon = connection.execute(_NEXT).scalar_one()
    if connection.execute(_OLDEST).scalar_one() < horizon:
        return Portion([], seen, horizon, settled=False)
    parameters = {
        "position": at.position, "seen": seen, "size": output.page, "every": not output.types,
        "types": list(output.types),
    }  # fmt: skip
    rows = connection.execute(text(_QUERIES[stream]), parameters).mappings()
    records = [Told(row["id"], row["at"], row["customer"], _body(dict(row))) for row in rows]
    return Portion(records, seen, horizon, settled=True)


_NEXT = text("SELECT CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint)")
_OLDEST = text("SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)")


def taken(work: UnitOfWork, before: OutputPosition, portion: Portion, position: int, now: datetime) -> None:
    """Note that the other side has taken a portion, up to a position."""
    sent = before.sent + len(portion.records)
    values = {"position": position, "seen": portion.seen, "horizon": portion.horizon, "sent": sent, "last_at": now}
    _write(work, before, {**values, "error": None, "failed_at": None})


def failed(work: UnitOfWork, before: OutputPosition, portion: Portion, error: str, now: datetime) -> None:
    """Note why the other side doesn't take a portion."""
    values = {"seen": portion.seen, "horizon": portion.horizon, "error": error[:500], "failed_at": now}
    _write(work, before, values)


def _write(work: UnitOfWork, of: OutputPosition, values: Mapping[str, Any]) -> None:
    row = update(OutputPosition).where(col(OutputPosition.output) == of.output, col(OutputPosition.stream) == of.stream)
    work.execute(row.values(**values).execution_options(synchronize_session=False))


def _body(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}


def columns_of(stream: Stream) -> Sequence[str]:
    """What a record of a stream says, in order."""
    return _COLUMNS[stream]


_COLUMNS: Mapping[Stream, Sequence[str]] = {
    "events": ("id", "at", "customer", "type", "source", "event_id", "received_at", "identifiers", "data"),
    "decisions": ("id", "at", "customer", "journey", "enrollment", "step", "what", "value", "via", "reason"),
    "messages": (
        "id", "at", "customer", "journey", "enrollment", "step", "outcome", "channel", "reason", "message", "template",
        "kind", "status", "coupon", "called_at",
    ),
}  # fmt: skip
