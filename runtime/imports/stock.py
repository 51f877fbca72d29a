"""Lots from a spreadsheet through the one door: good rows are taken, the others told.

A row is named by what it says, so that a file, mended or not, can be imported again: what was taken stays taken once.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from domain.catalogue.sources import IMPORT
from domain.intake.ingest import Incoming, ingest
from domain.published.library import read_library
from domain.store.clock import Clock
from domain.store.work import Database
from runtime import StartError
from runtime.imports.lot_rows import Fault, Header, Received, find_header, read_lots
from runtime.imports.sheets import Row, open_sheets
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
    waiting: list[Received] = field(default_factory=list)


def import_lots(
    db: Database, clock: Clock, file: Path, say: Callable[[str], None], watch: Callable[[int], object]
) -> Tally:
    """Take the lots of the first sheet that lists any. `say` is told what is wrong, `watch` the row that is reached.

    Raises StartError for a file that can't be read, or lacks a column.
    """
    with db() as session:
        today = local_day(clock.now(), read_library(session).policy_zone)
    with open_sheets(file) as sheets:
        header, rows = _first(file, sheets)
        tally = Tally(unread=header.unread)
        for row in read_lots(header, rows):
            if isinstance(row, Received):
                tally.waiting.append(row)
                if date.fromisoformat(row.data["expires_on"]) < today:
                    passed = "the day has passed; it was taken, and is never for sale"
                    say(str(Fault(row.row, header.titles["expires_on"], passed)))
            else:
                tally.wrong += 1
                for fault in row:
                    say(str(fault))
            if len(tally.waiting) == CHUNK:
                _take(db, clock, tally)
                watch(tally.taken + tally.known + tally.wrong)
        _take(db, clock, tally)
    return tally


def _first(file: Path, sheets: Iterator[tuple[str, Iterator[Row]]]) -> tuple[Header, Iterator[Row]]:
    for _, rows in sheets:
        header = find_header(rows)
        if header is not None:
            return header, rows
    raise StartError(f"{file} has no header: a row that heads the lot (批次), the product (货号), 数量 and 到期日")


def _take(db: Database, clock: Clock, tally: Tally) -> None:
    now = clock.now()
    events = [Incoming(IMPORT, item.id, "lot.received", now, item.data) for item in tally.waiting]
    with db.begin() as work:
        new = sum(ingest(work, events, now=now))
    tally.taken += new
    tally.known += len(events) - new
    tally.waiting = []
