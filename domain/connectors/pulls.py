"""Pages that were pulled, or pushed: taken with their cursor in one transaction; what can't be taken is set aside."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DataError
from sqlmodel import Session, col, select

from domain.catalogue.strictjson import Flaw
from domain.connectors.mapping import Mapped, Record, map_rows
from domain.connectors.tables import Pull, SetAsideRow
from domain.identity.arriving import Remarks
from domain.intake.ingest import ingest
from domain.store.bulk import inserting
from domain.store.work import UnitOfWork
from workflows.language.connectors import MAX_PAGE, Connector

KEPT = timedelta(days=30)
"""For how long a row that was set aside is kept."""

_UNSTORABLE = Flaw("data", "unstorable", "the database can't hold a value in it")
_NOBODY = Flaw("customer", "nobody", "none of its identifiers names anybody: _identity.yaml lists them in `never`")


@dataclass(frozen=True)
class Page:
    """Rows of a source, and where it goes on behind them. `more` says that there are more, `part` how much is done."""

    records: Sequence[Record]
    position: Mapping[str, Any]
    more: bool
    part: float | None = None


@dataclass(frozen=True)
class Taken:
    """What became of rows: new events, events that were there, rows that mean nothing, and those set aside."""

    events: int = 0
    duplicates: int = 0
    ignored: int = 0
    set_aside: int = 0


def regular(work: UnitOfWork, connector: str, now: datetime) -> Pull:
    """What the connector goes on with, run by run."""
    new = insert(Pull).values(
        connector=connector, backfill=False, running=False, asked_at=now,
        rows=0, events=0, duplicates=0, ignored=0, set_aside=0,
    )  # fmt: skip
    work.execute(new.on_conflict_do_nothing())
    return work.exec(select(Pull).where(Pull.connector == connector, col(Pull.backfill).is_(False))).one()


def backfill(work: UnitOfWork, connector: str, since: str, until: str, now: datetime) -> Pull:
    """Ask for a range, which the connector's next run fills in."""
    pull = Pull(connector=connector, backfill=True, since=since, until=until, running=True, asked_at=now)
    work.add(pull)
    work.flush()
    return pull


def open_backfills(session: Session, connector: str) -> list[Pull]:
    """The ranges that aren't filled in yet, the oldest first."""
    query = select(Pull).where(Pull.connector == connector, Pull.backfill, col(Pull.finished_at).is_(None))
    return list(session.exec(query.order_by(col(Pull.id))))


def take_page(
    work: UnitOfWork, connector: Connector, pull_id: int, before: Mapping[str, Any] | None, page: Page, now: datetime
) -> Taken | None:
    """Take a page that was read `before` this position, and note where it goes on; None if somebody else did."""
    query = select(Pull).where(Pull.id == pull_id).with_for_update().execution_options(populate_existing=True)
    pull = work.exec(query).one()
    if pull.position != before or (pull.finished_at is not None and pull.backfill):
        return None
    taken = take_rows(work, connector, page.records, now)
    pull.position, pull.running, pull.part = dict(page.position), page.more, page.part
    pull.rows += len(page.records)
    pull.events += taken.events
    pull.duplicates += taken.duplicates
    pull.ignored += taken.ignored
    pull.set_aside += taken.set_aside
    pull.started_at, pull.last_at = pull.started_at or now, now
    if not page.more:
        pull.finished_at = now
    pull.error = pull.failed_at = None
    work.add(pull)
    return taken


def count_pushed(work: UnitOfWork, connector: str, rows: int, taken: Taken, now: datetime) -> None:
    """Count what was pushed, as what is pulled is counted."""
    regular(work, connector, now)
    counts = {"rows": rows, **{name: getattr(taken, name) for name in ("events", "duplicates", "ignored", "set_aside")}}
    values: dict[str, Any] = {name: getattr(Pull, name) + count for name, count in counts.items()}
    of = update(Pull).where(col(Pull.connector) == connector, col(Pull.backfill).is_(False))
    work.execute(of.values(**values, last_at=now).execution_options(synchronize_session=False))


def failed(work: UnitOfWork, pull_id: int, error: str, now: datetime, *, over: bool = False) -> None:
    """Note why a source gave no page; with `over`, it isn't asked for it again."""
    pull = work.get_one(Pull, pull_id, with_for_update=True, populate_existing=True)
    pull.error, pull.failed_at = error[:500], now
    if over:
        pull.running, pull.finished_at = False, now
    work.add(pull)


def take_rows(
    work: UnitOfWork, connector: Connector, records: Sequence[Record], now: datetime, again: Collection[str] = ()
) -> Taken:
    """Take rows, each by itself: what can't be taken is set aside, and what was before and can be now no longer is.

    `again` are the keys under which these rows were set aside.
    """
    mapped, ignored = map_rows(work, connector, records, now)
    refused = {each.key: each for each in mapped if each.flaw is not None}
    sound = [each for each in mapped if each.flaw is None]
    outcomes = Counter[str]()
    for each, outcome in zip(sound, _ingest(work, sound, now), strict=True):
        if isinstance(outcome, Flaw):
            refused[each.key] = Mapped(each.key, each.record, flaw=outcome)
        else:
            outcomes["event" if outcome else "duplicate"] += 1
    over = {*again, *(each.key for each in mapped)} - refused.keys()
    _put_aside(work, connector.connector, refused.values(), over, now)
    return Taken(outcomes["event"], outcomes["duplicate"], ignored, len(refused))


def _ingest(work: UnitOfWork, mapped: Sequence[Mapped], now: datetime) -> list[bool | Flaw]:
    """For each whether it is new, or why it can't be taken."""
    incoming = [each.incoming for each in mapped if each.incoming is not None]
    remarks: Remarks = {}
    try:
        with work.savepoint():
            new = ingest(work, incoming, now=now, remarks=remarks)
    except DataError:
        if len(mapped) == 1:
            return [_UNSTORABLE]
        return [outcome for each in mapped for outcome in _ingest(work, [each], now)]
    nobody = {key for key, told in remarks.items() if any(reason == "nobody" for _, reason in told)}
    return [_NOBODY if event.key in nobody else is_new for event, is_new in zip(incoming, new, strict=True)]


def _put_aside(
    work: UnitOfWork, connector: str, refused: Collection[Mapped], over: Collection[str], now: datetime
) -> None:
    work.execute(delete(SetAsideRow).where(col(SetAsideRow.connector) == connector, col(SetAsideRow.key).in_(over)))
    rows = [
        {"connector": connector, "key": each.key, "row": each.record, "at": now, **vars(each.flaw)}
        for each in refused
        if each.flaw is not None
    ]
    if rows:
        new = inserting(SetAsideRow, rows)
        changed = {name: new.excluded[name] for name in ("row", "field", "reason", "detail", "at")}
        work.execute(new.on_conflict_do_update(index_elements=["connector", "key"], set_=changed))


def retry(work: UnitOfWork, connector: Connector, after: int, now: datetime) -> tuple[int, Taken] | None:
    """Take a page of the rows that were set aside once more, by what the map says now.

    Returns the last one's number, from which the next page goes on; None if there are none behind `after`.
    """
    query = select(SetAsideRow).where(SetAsideRow.connector == connector.connector, col(SetAsideRow.id) > after)
    rows = work.exec(query.order_by(col(SetAsideRow.id)).limit(MAX_PAGE).with_for_update()).all()
    if not rows:
        return None
    return rows[-1].id, take_rows(work, connector, [row.row for row in rows], now, [row.key for row in rows])


def forget_rows(work: UnitOfWork, now: datetime) -> None:
    """Forget rows that were set aside long ago."""
    work.execute(delete(SetAsideRow).where(col(SetAsideRow.at) < now - KEPT))
