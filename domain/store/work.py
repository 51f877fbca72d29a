"""The unit of work: all that one transaction changes, carried by one object that is passed on."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, select, text
from sqlmodel import Session

from domain.customers.tables import Customer, CustomerRow
from domain.journeys.tables import CountChange, Enrollment, EnrollmentRow, TrailEntry, Wait, WaitRow
from domain.ledger.tables import Message, MessageRow
from domain.store.bulk import insert_all
from domain.store.outbox import CHANNEL, Notice
from domain.store.rows import HeldRows, RowKind
from domain.store.tables import Outbox

V = TypeVar("V", bound=NamedTuple)

KINDS: Mapping[type, RowKind[Any]] = {
    CustomerRow: RowKind(Customer, CustomerRow),
    EnrollmentRow: RowKind(Enrollment, EnrollmentRow),
    WaitRow: RowKind(Wait, WaitRow),
    MessageRow: RowKind(Message, MessageRow),
}
"""The tables whose rows are plain values, in the order in which they are written."""

_ANNOUNCE = text(f"NOTIFY {CHANNEL}")


@dataclass(frozen=True)
class EventGiven:
    """An event that a transaction gives rise to, of a customer or of none; `source` and `id` name it for ever."""

    source: str
    id: str
    type: str
    at: datetime
    data: Mapping[str, Any]
    customer_id: int | None = None


class Counted(NamedTuple):
    """What is counted: something that happened at a step of a plan, in the quarter of an hour that begins `at`."""

    journey: str
    plan_id: str
    step: str
    what: str
    detail: str
    at: datetime


class UnitOfWork(Session):
    """A transaction, and what it has yet to write, which `write` does in this order, before the commit:

    1. rows of the session, then those that are plain values, table by table (`insert`, `change`);
    2. the trail: decisions about customers (`note`), and what happened in journeys (`count`);
    3. the outbox: what Temporal or an employee must be told (`enqueue`), announced once;
    4. the events that it gives rise to (`give_rise_to`), taken in by `ingest`. What they bring about is written by the
       same order, until nothing is left.

    Whoever leaves it something to write asks for a unit of work, who only reads for a `Session`.
    """

    def __init__(self, ingest: "Ingest", bind: Engine | Connection, **options: Any) -> None:
        super().__init__(bind, **options)
        self._ingest = ingest
        self._rows = {value: HeldRows(kind) for value, kind in KINDS.items()}
        self._trail: list[Mapping[str, Any]] = []
        self._counts: Counter[Counted] = Counter()
        self._outbox: list[Mapping[str, Any]] = []
        self._events: list[EventGiven] = []
        self._announced = False
        self.traces: dict[int, str] = {}
        """The spans in which events came in that are taken in here, by the events' ids."""

    def hold(self, row: V) -> V:
        """A row that was just read under its customer's lock; as this transaction has it now, if it was read before."""
        rows: HeldRows[V] = self._rows[type(row)]
        return rows.hold(row)

    def held(self, value: type[V], key: Any) -> V:
        """A row as this transaction has it now, by its primary key. Raises KeyError if it isn't held."""
        rows: HeldRows[V] = self._rows[value]
        return rows[key]

    def find(self, value: type[V], key: Any) -> V | None:
        """A row as this transaction has it now, by its primary key; None if it isn't held."""
        rows: HeldRows[V] = self._rows[value]
        return rows.get(key)

    def read(self, value: type[V], *conditions: ColumnElement[bool]) -> list[V]:
        """Read rows under their customers' locks, and hold them, in the order of their primary keys."""
        self.write_rows()
        kind = KINDS[value]
        query = select(*kind.columns).where(*conditions).order_by(*kind.table.primary_key.columns)
        return [self.hold(value._make(row)) for row in self.connection().execute(query)]

    def change(self, row: V) -> V:
        """Put a row in the place of the one that is held. Only what differs is written."""
        rows: HeldRows[V] = self._rows[type(row)]
        return rows.change(row)

    def insert(self, row: V) -> V:
        """Add a row whose primary key is known, and hold it."""
        self._rows[type(row)].insert(row)
        return row

    def write_changes(self, kind: type[NamedTuple]) -> None:
        """Write the rows of a kind now, so that a constraint sees what was changed."""
        self._rows[kind].write(self)

    def let_go(self) -> None:
        """Write all rows and hold none of them any more: statements changed some of them beside this."""
        self.write_rows()
        self.expire_all()
        for rows in self._rows.values():
            rows.undo({})

    def remove(self, row: NamedTuple) -> None:
        """Delete a stored row, at once."""
        self._rows[type(row)].remove(self, row)

    def note(self, entry: Mapping[str, Any]) -> None:
        """Add a row to the trail."""
        self._trail.append(entry)

    def count(self, what: "Counted", n: int = 1) -> None:
        """Add to a count; see `domain/journeys/counts.py`."""
        self._counts[what] += n

    def enqueue(self, notice: Notice, *, gather: str | None = None, event: int | None = None) -> None:
        """Have Temporal, or an employee, told. A start may be gathered with others of the plan that `gather` names.

        It belongs to the trace of the `event` that brings it about, if there is one.
        """
        parent = self.traces.get(event) if event is not None else None
        self._outbox.append({"kind": notice.kind, "payload": asdict(notice), "gather": gather, "traceparent": parent})

    def give_rise_to(self, event: EventGiven) -> None:
        """Have an event taken in at the end, under the customer's lock, which the caller holds."""
        self._events.append(event)

    def write(self) -> None:
        """Write all of it."""
        self.write_rows()
        while events := self._events:
            self._events = []
            self._ingest(self, events)
            self.write_rows()

    def write_rows(self) -> None:
        """Write all but the events, so that statements see it."""
        self.flush()
        for rows in self._rows.values():
            rows.write(self)
        if self._trail:
            insert_all(self, TrailEntry, self._trail)
            self._trail = []
        if self._counts:
            insert_all(self, CountChange, [{**what._asdict(), "n": n} for what, n in self._counts.items() if n])
            self._counts = Counter()
        if self._outbox:
            insert_all(self, Outbox, self._outbox)
            self._outbox = []
            if not self._announced:  # once is enough for a commit
                self.connection().execute(_ANNOUNCE)
                self._announced = True

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """What is done and noted inside is written at its end, or undone by an error, which goes on."""
        self.write_rows()
        announced, events = self._announced, list(self._events)
        marks = [(rows, rows.mark()) for rows in self._rows.values()]
        try:
            with self.begin_nested():
                yield
                self.write_rows()
        except BaseException:
            self._trail, self._outbox, self._events, self._announced = [], [], events, announced
            self._counts = Counter()
            for rows, mark in marks:
                rows.undo(mark)
            raise


Ingest = Callable[[UnitOfWork, Sequence[EventGiven]], None]
"""Takes in what a unit of work gave rise to."""


class Database:
    """Where transactions are opened: `begin` one that may write, or a session that only reads."""

    def __init__(self, bind: Engine | Connection, ingest: Ingest, **options: Any) -> None:
        self.bind = bind
        self._ingest = ingest
        self._options = {"expire_on_commit": False, **options}

    def __call__(self) -> Session:
        """A session, to read with. In a transaction that somebody else began, it takes no savepoint."""
        return Session(self.bind, **{**self._options, "join_transaction_mode": "rollback_only"})

    @contextmanager
    def begin(self) -> Iterator[UnitOfWork]:
        """A unit of work: written and committed at the end of the block, rolled back by an error."""
        with UnitOfWork(self._ingest, self.bind, **self._options) as work, work.begin():
            yield work
            work.write()
