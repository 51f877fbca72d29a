"""Orders and views of before, from a spreadsheet through the one door, as `order.paid` and `product.viewed`.

Events are named by what they say, so that a file which is read again, or was cut short and is read on, tells nothing
twice. Those older than a week count, and begin, end and wake nothing (domain/intake/settling.py).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from domain.catalogue.sources import IMPORT
from domain.catalogue.validation import validate
from domain.customers.identifiers import Ident, IdentifierError, normalise, sort_by_strength
from domain.intake.ingest import Incoming, ingest
from domain.published.library import read_library
from domain.store.clock import Clock
from domain.store.work import Database
from runtime import StartError
from runtime.imports.cells import (
    SEARCHED,
    Fault,
    Header,
    cell_text,
    day_of,
    header_of,
    name_of,
    names_of,
    plain,
    quantity_of,
    text_of,
    total_of,
)
from runtime.imports.customers import NAMED_BY, Tally, UndoneError
from runtime.imports.sheets import Row, open_sheets
from workflows.terms.values import at_local

Kind = Literal["orders", "views"]
CHUNK = 500

_ORDERS: Mapping[str, Sequence[str]] = {
    "order_id": ("订单号", "订单编号", "单号", "order no", "order id"),
    "time": ("下单时间", "付款时间", "支付时间", "时间", "日期", "下单日期", "paid at", "time", "date"),
    "total": ("实付金额", "实付", "金额", "支付金额", "订单金额", "total", "amount"),
    "sku": ("商品编码", "商品编号", "商品货号", "货号", "sku"),
    "name": ("商品名称", "商品", "品名", "product"),
    "category": ("品类", "类目", "分类", "category"),
    "quantity": ("数量", "件数", "quantity"),
    "store": ("门店", "店铺", "store"),
}
_VIEWS: Mapping[str, Sequence[str]] = {
    "time": ("浏览时间", "时间", "日期", "viewed at", "time", "date"),
    "sku": ("商品编码", "商品编号", "商品货号", "货号", "sku"),
    "name": ("商品名称", "商品", "品名", "product"),
    "category": ("品类", "类目", "分类", "category"),
}
COLUMNS: Mapping[Kind, Mapping[str, Sequence[str]]] = {"orders": _ORDERS, "views": _VIEWS}
_NEEDED: Mapping[Kind, Sequence[str]] = {"orders": ("order_id", "time", "total"), "views": ("time", "sku")}
_TYPES: Mapping[Kind, str] = {"orders": "order.paid", "views": "product.viewed"}


@dataclass(frozen=True)
class Line:
    """A row that says what somebody bought or looked at; several of one order are told as one event."""

    row: int
    names: tuple[Ident, ...]
    at: datetime
    data: dict[str, Any]
    item: dict[str, Any]


def import_history(
    db: Database,
    clock: Clock,
    file: Path,
    kind: Kind,
    say: Callable[[str], None],
    *,
    mapping: Mapping[str, str],
    progress: Callable[[int], None] = lambda _: None,
    dry_run: bool = False,
) -> Tally:
    """Take the orders or views of the first sheet that has any. `say` is told what is wrong, row by row.

    `mapping` says of headings of the file what they are, beside those that are known. Rows are taken in chunks, each in
    a transaction, and `progress` is told the row after each. In a dry run nothing is kept. Raises StartError.
    """
    with db() as session:
        zone = read_library(session).policy_zone
    names = _names(kind, mapping)
    now = clock.now()
    with open_sheets(file) as sheets:
        header, rows = _first(file, sheets, kind, names)
        tally = Tally(unread=header.unread)
        waiting: list[Incoming] = []
        last = 0

        def refuse(line: Line, name: str, words: str) -> None:
            tally.wrong += 1
            say(str(Fault(line.row, header.titles[name], words)))

        for lines in _grouped(_read(header, rows, kind, zone, now, say, tally), refuse):
            waiting.append(_event(kind, lines))
            last = lines[-1].row
            if len(waiting) == CHUNK:
                _take(db, now, waiting, tally, dry_run=dry_run)
                progress(last)
                waiting = []
        _take(db, now, waiting, tally, dry_run=dry_run)
        progress(last)
    return tally


def _names(kind: Kind, mapping: Mapping[str, str]) -> Mapping[str, str]:
    """What each heading is. Raises StartError for one that is mapped to what there isn't."""
    known = {**NAMED_BY, **COLUMNS[kind]}
    for title, name in mapping.items():
        if name not in known:
            raise StartError(f'"{title}" cannot be {name}; a column of {kind} is one of {", ".join(known)}')
    return {**names_of(known), **{plain(title): name for title, name in mapping.items()}}


def _first(
    file: Path, sheets: Iterator[tuple[str, Iterator[Row]]], kind: Kind, names: Mapping[str, str]
) -> tuple[Header, Iterator[Row]]:
    for _, rows in sheets:
        for row in rows:
            if row.number > SEARCHED:
                break
            header = header_of(row, names)
            if NAMED_BY.keys() & header.columns.keys() and set(_NEEDED[kind]) <= header.columns.keys():
                return header, rows
    needed = ", ".join(COLUMNS[kind][name][0] for name in _NEEDED[kind])
    raise StartError(f"{file} has no header: a row that heads 手机号 or another identifier, and {needed}; or use --map")


def _read(
    header: Header,
    rows: Iterator[Row],
    kind: Kind,
    zone: ZoneInfo,
    now: datetime,
    say: Callable[[str], None],
    tally: Tally,
) -> Iterator[Line]:
    for row in rows:
        if all(cell is None or not str(cell).strip() for cell in row.cells) or total_of(row):
            continue
        cells = _Cells(header, row)
        line = cells.line(kind, zone)
        if line is not None and line.at > now:
            cells.wrong["time"] = "is in the future"
        if line is None or cells.wrong:
            tally.wrong += 1
            for name, words in cells.wrong.items():
                say(str(Fault(row.number, header.titles[name], words)))
            continue
        yield line


def _grouped(lines: Iterator[Line], refuse: Callable[[Line, str, str], None]) -> Iterator[list[Line]]:
    """Rows of one order that stand together, as one. Others of it, and those with another total, are refused."""
    together: list[Line] = []
    rows: dict[str, int] = {}
    for line in lines:
        order = line.data.get("order_id")
        if together and (order is None or order != together[-1].data.get("order_id")):
            yield together
            together = []
        first = rows.setdefault(order, line.row) if order else line.row
        if first != line.row and not together:
            refuse(line, "order_id", f"the order stands in row {first}, too; put its rows one below the other")
        elif together and line.data["total"] != together[0].data["total"]:
            refuse(
                line, "total", f"differs from row {first} of the same order; write what the order came to in each row"
            )
        else:
            together.append(line)
    if together:
        yield together


def _event(kind: Kind, lines: Sequence[Line]) -> Incoming:
    first = lines[0]
    data = dict(first.data)
    if kind == "views":
        data |= first.item
        id = name_of(["view", *map(list, first.names), first.at.isoformat(), data["sku"]])
    else:
        data |= {"items": items} if (items := [line.item for line in lines if line.item.get("sku")]) else {}
        id = name_of(["order", data["order_id"]])
    return Incoming(IMPORT, id, _TYPES[kind], first.at, data, first.names)


def _take(db: Database, now: datetime, events: Sequence[Incoming], tally: Tally, *, dry_run: bool) -> None:
    if not events:
        return
    with suppress(UndoneError), db.begin() as work:
        new = sum(ingest(work, events, now=now))
        tally.taken += new
        tally.known += len(events) - new
        if dry_run:
            raise UndoneError


@dataclass
class _Cells:
    """The cells of one row; `wrong` gathers what is wrong with them, by column."""

    header: Header
    row: Row
    wrong: dict[str, str] = field(default_factory=dict)

    def _of(self, name: str, read: Callable[[Any], Any]) -> Any:
        place = self.header.columns.get(name)
        if place is None or place >= len(self.row.cells):
            return None
        try:
            return read(self.row.cells[place])
        except ValueError as problem:
            self.wrong[name] = str(problem)
            return None

    def line(self, kind: Kind, zone: ZoneInfo) -> Line | None:
        """What the row says; None if something that is needed is wrong or missing."""
        names = self._names()
        at = self._of("time", lambda cell: _instant(cell, zone))
        data: dict[str, Any] = {}
        item = {name: value for name in ("sku", "name", "category") if (value := self._of(name, text_of)) is not None}
        if kind == "orders":
            quantity = self._of("quantity", quantity_of)
            item |= {"quantity": quantity} if quantity is not None else {}
            given = {"order_id": self._of("order_id", text_of), "total": self._of("total", fen_of)}
            data = {**given, "store": self._of("store", text_of)}
            data = {name: value for name, value in data.items() if value is not None}
        needed = {**data, **item, "time": at}
        for name in _NEEDED[kind]:
            if needed.get(name) is None:
                self.wrong.setdefault(name, "is empty; fill it in")
        if self.wrong:
            return None
        told = {**data, "items": [item]} if kind == "orders" and item.get("sku") else {**data, **item}
        for error in validate(_TYPES[kind], told):
            column = error.field.rpartition(".")[2]
            self.wrong.setdefault(column if column in self.header.titles else "time", error.detail)
        return None if self.wrong or at is None else Line(self.row.number, names, at, data, item)

    def _names(self) -> tuple[Ident, ...]:
        def read(kind: str, cell: Any) -> Ident | None:
            text = text_of(cell)
            try:
                return (kind, normalise(kind, text)) if text else None
            except IdentifierError as problem:
                raise ValueError(str(problem)) from None

        found = [self._of(kind, partial(read, kind)) for kind in NAMED_BY]
        names = sort_by_strength([each for each in found if each is not None])
        if not names and not self.wrong.keys() & NAMED_BY.keys():
            first = next(kind for kind in NAMED_BY if kind in self.header.columns)
            self.wrong[first] = "is empty, and nothing else names the customer; fill it in"
        return names


def fen_of(cell: Any) -> int | None:
    """An amount in yuan (`89`, `89.90`, `¥1,299.00`, `89元`) in fen."""
    if isinstance(cell, bool | datetime):
        raise ValueError("must be an amount in yuan, like 89.90")
    text = cell_text(cell).strip("¥￥元").replace(",", "").strip()
    if not text:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise ValueError("must be an amount in yuan, like 89.90") from None
    if not amount.is_finite() or amount < 0 or amount >= 10**12:
        raise ValueError("must be an amount in yuan, not below 0")
    fen = amount * 100
    if isinstance(cell, float):
        fen = fen.quantize(Decimal(1))
    if fen != fen.to_integral_value():
        raise ValueError("has more than two decimals; an amount is in yuan, like 89.90")
    return int(fen)


def _instant(cell: Any, zone: ZoneInfo) -> datetime | None:
    """A date with its time, on the clock of the business; a day alone is its noon."""
    if isinstance(cell, datetime):
        return at_local(cell.date(), cell.time(), zone, _UTC)
    text = cell_text(cell)
    day = day_of(cell)
    if day is None:
        return None
    clock = time(12)
    if ":" in text:
        try:
            clock = time.fromisoformat(text.replace("T", " ").split()[-1].zfill(5))
        except ValueError:
            raise ValueError("has no time of day that exists; write it like 2026-03-02 19:40") from None
    return at_local(datetime.fromisoformat(day).date(), clock, zone, _UTC)


_UTC = datetime(1970, 1, 1, tzinfo=UTC)
