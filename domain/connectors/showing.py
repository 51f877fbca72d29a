"""How far connected systems have come, for people."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from domain.connectors.tables import OutputPosition, Pull, SetAsideRow
from domain.published.library import read_library

SHOWN = 100
BACKFILLS = 5


@dataclass(frozen=True)
class BackfillState:
    """A range that is filled in; `part` of it is done, from 0 to 1."""

    id: int
    since: str | None
    until: str | None
    part: float | None
    rows: int
    events: int
    set_aside: int
    last_at: datetime | None
    finished_at: datetime | None
    error: str | None


@dataclass(frozen=True)
class ConnectorState:
    """A published connector. `reached` is the newest change that was pulled, `set_aside` the rows that wait for people,
    `error` why its source gives nothing since `failed_at`.
    """

    connector: str
    kind: str
    every: str | None
    running: bool = False
    reached: str | None = None
    rows: int = 0
    events: int = 0
    duplicates: int = 0
    ignored: int = 0
    set_aside: int = 0
    last_at: datetime | None = None
    failed_at: datetime | None = None
    error: str | None = None
    backfills: Sequence[BackfillState] = field(default_factory=list)


@dataclass(frozen=True)
class OutputState:
    """A stream of a published output. `waiting` is how many records it still has to tell."""

    output: str
    stream: str
    kind: str
    sent: int = 0
    waiting: int = 0
    last_at: datetime | None = None
    failed_at: datetime | None = None
    error: str | None = None


def connectors(session: Session) -> list[ConnectorState]:
    """Those that are published, by name."""
    found = sorted(read_library(session).connectors.items())
    pulls: dict[str, list[Pull]] = {}
    for pull in session.exec(select(Pull).order_by(col(Pull.id).desc())):
        pulls.setdefault(pull.connector, []).append(pull)
    query = select(SetAsideRow.connector, func.count()).group_by(SetAsideRow.connector)
    aside = dict(session.exec(query).all())
    states = []
    for name, connector in found:
        regular = next((each for each in pulls.get(name, ()) if not each.backfill), None)
        fills = [each for each in pulls.get(name, ()) if each.backfill]
        every = str(connector.every) if connector.from_.pulled else None
        state = ConnectorState(name, connector.from_.kind, every, set_aside=aside.get(name, 0))
        if regular is not None:
            state = ConnectorState(
                name, state.kind, every, regular.running, _reached(regular), regular.rows, regular.events,
                regular.duplicates, regular.ignored, state.set_aside, regular.last_at, regular.failed_at, regular.error,
                [backfill_state(each) for each in fills[:BACKFILLS]],
            )  # fmt: skip
        states.append(state)
    return states


def outputs(session: Session) -> list[OutputState]:
    """The streams of those that are published, by name."""
    known = {(each.output, each.stream): each for each in session.exec(select(OutputPosition))}
    states = []
    for name, output in sorted(read_library(session).outputs.items()):
        kind = next(kind for kind in ("webhook", "kafka", "files") if getattr(output.to, kind) is not None)
        for stream in output.of:
            at = known.get((name, stream))
            state = OutputState(name, stream, kind)
            if at is not None:
                waiting = max(at.seen - at.position, 0)
                state = OutputState(name, stream, kind, at.sent, waiting, at.last_at, at.failed_at, at.error)
            states.append(state)
    return states


def set_aside(session: Session, connector: str, before: int | None = None) -> list[SetAsideRow]:
    """Rows of a connector that were set aside, the newest first, from before this number on."""
    query = select(SetAsideRow).where(SetAsideRow.connector == connector)
    if before is not None:
        query = query.where(col(SetAsideRow.id) < before)
    return list(session.exec(query.order_by(col(SetAsideRow.id).desc()).limit(SHOWN)))


def backfill_state(pull: Pull) -> BackfillState:
    """A back-fill, for people."""
    return BackfillState(
        pull.id, pull.since, pull.until, pull.part, pull.rows, pull.events, pull.set_aside, pull.last_at,
        pull.finished_at, pull.error,
    )  # fmt: skip


def _reached(pull: Pull) -> str | None:
    """The newest change that was pulled, as its source has it."""
    position = pull.position or {}
    top = position.get("top", position.get("file"))
    if isinstance(top, dict):
        top = next(iter(top.values()))
    return None if top in (None, "") else str(top)
