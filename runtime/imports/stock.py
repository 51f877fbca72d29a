"""Lots from a spreadsheet through the one door: good rows are taken, the others told.

A receipt is named by its lot and quantity, so that a file, mended or not, can be imported again: what was taken stays
taken once. A count is what there is when the file is imported; the same file counts once a day.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from domain.catalogue.sources import IMPORT
from domain.intake.ingest import Incoming, ingest
from domain.published.library import read_library
from domain.stock.tables import Lot
from domain.store.clock import Clock
from domain.store.work import Database, UnitOfWork
from runtime import StartError
from runtime.imports.cells import Fault, Header, Total, name_of
from runtime.imports.lot_rows import Received, find_header, read_lots
from runtime.imports.sheets import Row, open_sheets
from workflows.terms.quantities import written
from workflows.terms.values import local_day

CHUNK = 500
"""Rows that are taken in one transaction."""


@dataclass
class Tally:
    """How many rows were taken, had been taken before, and were wrong; which columns meant nothing."""

    taken: int = 0
    known: int = 0
    wrong: int = 0
    unread: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """What a row would do to its lot: units on hand before, None for a new lot, and after."""

    row: int
    lot_id: str
    before: Decimal | None
    after: Decimal
    expires_on: date

    def __str__(self) -> str:
        was = "new" if self.before is None else f"{written(self.before)} on hand"
        return f"row {self.row}: {self.lot_id}, {was} -> {written(self.after)} on hand, until {self.expires_on}"


class _UndoneError(Exception):
    """Ends a transaction that was only tried."""


def import_lots(
    db: Database,
    clock: Clock,
    file: Path,
    say: Callable[[str], None],
    watch: Callable[[int], object],
    *,
    dry_run: bool = False,
    preview: Callable[[Change], object] | None = None,
) -> Tally:
    """Take the lots of the first sheet that lists any. `say` is told what is wrong, `watch` the row that is reached.

    In a dry run nothing is kept, and `preview`, else `say`, is told of each lot what would change.
    Raises StartError for a file that can't be read, or lacks a column.
    """
    with db() as session:
        today = local_day(clock.now(), read_library(session).policy_zone)
    desk = _Desk(db, clock, say, f"{hashlib.sha256(file.read_bytes()).hexdigest()}/{today}", dry_run, preview)
    with open_sheets(file) as sheets:
        header, rows = _first(file, sheets)
        tally = Tally(unread=header.unread)
        waiting: list[Received] = []
        for row in read_lots(header, rows):
            match row:
                case Received():
                    waiting.append(row)
                    if date.fromisoformat(row.data["expires_on"]) < today:
                        passed = "the day has passed; it was taken, and is never for sale"
                        column = "expires_on" if "expires_on" in header.titles else "produced_on"
                        say(str(Fault(row.row, header.titles[column], passed)))
                case Total():
                    say(str(row))
                case faults:
                    tally.wrong += 1
                    for fault in faults:
                        say(str(fault))
            if len(waiting) == CHUNK:
                desk.take(waiting, tally)
                waiting = []
                watch(tally.taken + tally.known + tally.wrong)
        desk.take(waiting, tally)
    return tally


def _first(file: Path, sheets: Iterator[tuple[str, Iterator[Row]]]) -> tuple[Header, Iterator[Row]]:
    for _, rows in sheets:
        header = find_header(rows)
        if header is not None:
            return header, rows
    raise StartError(f"{file} has no header: a row that heads the lot (批次), the product (货号), 数量 and 到期日")


@dataclass(frozen=True)
class _Desk:
    """Takes rows in, each chunk in a transaction. `occasion` names this file on this day."""

    db: Database
    clock: Clock
    say: Callable[[str], None]
    occasion: str
    dry_run: bool
    preview: Callable[[Change], object] | None

    def take(self, rows: Sequence[Received], tally: Tally) -> None:
        if not rows:
            return
        with suppress(_UndoneError), self.db.begin() as work:
            before = _on_hand(work, rows)
            new = self._ingest(work, rows, before)
            tally.taken += sum(new)
            tally.known += len(new) - sum(new)
            if self.dry_run:
                work.write()
                after = _on_hand(work, rows)
                for row in rows:
                    self._preview(row, before.get(row.data["lot_id"]), after[row.data["lot_id"]])
                raise _UndoneError

    def _ingest(self, work: UnitOfWork, rows: Sequence[Received], before: Mapping[str, Lot]) -> list[bool]:
        """Whether each row said anything new."""
        now = self.clock.now()
        events: list[tuple[int, Incoming]] = []
        for place, row in enumerate(rows):
            lot = row.data["lot_id"]
            if row.counted is None or lot not in before:
                events.append((place, Incoming(IMPORT, row.id, "lot.received", now, row.data)))
            if row.counted is not None:
                count = {"lot_id": lot, "quantity": row.counted}
                name = name_of(["count", lot, self.occasion])
                events.append((place, Incoming(IMPORT, name, "stock.counted", now, count)))
        new = [False] * len(rows)
        for (place, _), is_new in zip(events, ingest(work, [event for _, event in events], now=now), strict=True):
            new[place] |= is_new
        again = [row for row in rows if row.data["lot_id"] in before]
        if again:
            ingest(work, [event for row in again for event in _descriptions(row, now)], now=now)
        for row in again:
            self._tell_what_holds(row, before[row.data["lot_id"]])
        return new

    def _tell_what_holds(self, row: Received, lot: Lot) -> None:
        known = {"expires_on": str(lot.expires_on), "sku": lot.sku}
        for field, value in known.items():
            if row.data[field] != value:
                words = f"the lot {lot.lot_id} came in with {field} {value}, which holds; give another lot its own name"
                self.say(f"row {row.row}: {words}")

    def _preview(self, row: Received, before: Lot | None, after: Lot) -> None:
        was = None if before is None else before.on_hand
        change = Change(row.row, after.lot_id, was, after.on_hand, after.expires_on)
        if self.preview:
            self.preview(change)
        else:
            self.say(str(change))


def _descriptions(row: Received, now: datetime) -> Iterator[Incoming]:
    """What a row says of its product, whose lot came in before."""
    described: dict[str, Any] = {name: row.data[name] for name in ("sku", "name", "category") if name in row.data}
    if len(described) > 1:
        yield Incoming(IMPORT, name_of(["product", *described.items()]), "product.updated", now, described)


def _on_hand(work: UnitOfWork, rows: Sequence[Received]) -> dict[str, Lot]:
    query = select(Lot).where(col(Lot.lot_id).in_([row.data["lot_id"] for row in rows]))
    lots = work.exec(query.execution_options(populate_existing=True)).all()
    return {lot.lot_id: Lot(**lot.model_dump()) for lot in lots}
