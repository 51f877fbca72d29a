"""Customers from a spreadsheet through the one door: what is known of them, what names them, and their consents.

What a row says is a `customer.updated`, and `consent.given` or `consent.withdrawn` for what was agreed to or refused.
Who refused a channel by any other way stays so: a list never gives a consent that was withdrawn.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from domain.catalogue.sources import IMPORT
from domain.catalogue.validation import validate
from domain.customers.consent import read_consents
from domain.customers.identifiers import Ident, IdentifierError, normalise, sort_by_strength
from domain.customers.resolution import find_ids
from domain.customers.tables import Customer
from domain.identity.arriving import Remarks
from domain.intake.ingest import Incoming, ingest
from domain.published.library import read_library
from domain.store.clock import Clock
from domain.store.work import Database, UnitOfWork
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
    text_of,
    total_of,
)
from runtime.imports.sheets import Row, open_sheets
from workflows.terms.channels import ADDRESS
from workflows.terms.values import local_day

CHUNK = 500
SHARED = 3
"""In so many rows a value may stand by mistake; in more, nobody can tell whose it is."""

TOLD = 100
NAMED_BY: Mapping[str, Sequence[str]] = {
    "phone": ("手机号", "手机", "手机号码", "电话", "联系电话", "phone", "mobile"),
    "member_no": ("会员号", "会员编号", "会员卡号", "卡号", "member no"),
    "unionid": ("unionid",),
    "openid": ("公众号openid", "openid"),
    "external_userid": ("外部联系人id", "企业微信id", "external userid"),
    "email": ("邮箱", "电子邮箱", "邮件", "email"),
}
KNOWN: Mapping[str, Sequence[str]] = {
    "name": ("姓名", "名字", "称呼", "客户姓名", "客户名称", "昵称", "name"),
    "birthday": ("生日", "出生日期", "出生年月日", "公历生日", "birthday"),
    "birthday_lunar": ("农历生日", "阴历生日", "lunar birthday"),
    "city": ("城市", "所在城市", "city"),
    "owner": ("导购", "专属导购", "负责人", "owner", "guide"),
    "timezone": ("时区", "timezone"),
}
AGREED: Mapping[str, Sequence[str]] = {
    "sms": ("短信同意", "同意短信", "短信授权", "接收短信", "sms consent"),
    "wecom": ("企业微信同意", "同意企业微信", "企微同意", "wecom consent"),
    "wechat": ("公众号同意", "同意公众号", "微信同意", "wechat consent"),
    "mini": ("小程序同意", "同意小程序", "小程序消息同意", "mini consent"),
    "email": ("邮件同意", "同意邮件", "邮箱同意", "email consent"),
}
_NAMES = names_of({**NAMED_BY, **KNOWN, **AGREED})
_YES = frozenset({"是", "同意", "已同意", "有", "y", "yes", "true", "1", "√", "✓"})
_NO = frozenset({"否", "不同意", "拒绝", "已退订", "退订", "无", "n", "no", "false", "0", "×"})
_DAY_OF_A_YEAR = re.compile(r"(\d{1,2})月(\d{1,2})日?|-{0,2}(\d\d)-(\d\d)")


@dataclass(frozen=True)
class Known:
    """A row that is a customer."""

    row: int
    names: tuple[Ident, ...]
    data: dict[str, Any]
    agreed: dict[str, bool]


@dataclass
class Tally:
    """How much was taken and was known already, how many rows were wrong, and the columns that meant nothing."""

    taken: int = 0
    known: int = 0
    wrong: int = 0
    unread: tuple[str, ...] = ()


class UndoneError(Exception):
    """Ends a transaction that was only tried."""


@dataclass
class _Wrong:
    """Tells what is wrong, up to `TOLD` lines; the rest is only counted."""

    say: Callable[[str], None]
    more: int = 0
    told: int = 0

    def __call__(self, words: str) -> None:
        if self.told < TOLD:
            self.told += 1
            self.say(words)
        else:
            self.more += 1

    def close(self) -> None:
        if self.more:
            self.say(f"{self.more} more lines like these; mend the file and give it again")


def import_customers(
    db: Database,
    clock: Clock,
    file: Path,
    say: Callable[[str], None],
    *,
    mapping: Mapping[str, str] | None = None,
    progress: Callable[[int], None] = lambda _: None,
    dry_run: bool = False,
) -> Tally:
    """Take the customers of the first sheet that lists any. `say` is told what is wrong, row by row, `TOLD` at most.

    `mapping` says of headings of the file what they are, beside those that are known. Rows are taken in chunks, each in
    a transaction, and `progress` is told the row after each; a file that was cut short is read on when it is given
    again on the same day. A value that names the customers of many rows names none of them. In a dry run nothing is
    kept, and `say` is told of each customer what would change. Raises StartError for a file that can't be read, or has
    no column that names customers.
    """
    with db() as session:
        today = local_day(clock.now(), read_library(session).policy_zone)
    names = _names(mapping or {})
    with open_sheets(file) as sheets:
        header, rows = _first(file, sheets, names)
        shared = _shared(header, rows)
    wrong = _Wrong(say)
    occasion = f"{hashlib.sha256(file.read_bytes()).hexdigest()}/{today}"
    desk = _Desk(db, clock, say, wrong, occasion, dry_run)
    with open_sheets(file) as sheets:
        header, rows = _first(file, sheets, names)
        tally, waiting, last = Tally(unread=header.unread), list[Known](), 0
        for row in _read(header, rows, shared):
            if isinstance(row, Known):
                waiting.append(row)
                last = row.row
            else:
                tally.wrong += 1
                for fault in row:
                    wrong(str(fault))
            if len(waiting) == CHUNK:
                desk.take(waiting, tally)
                progress(last)
                waiting = []
        desk.take(waiting, tally)
        progress(last)
    wrong.close()
    return tally


def _names(mapping: Mapping[str, str]) -> Mapping[str, str]:
    """What each heading is. Raises StartError for one that is mapped to what there isn't."""
    known = {**NAMED_BY, **KNOWN, **AGREED}
    for title, name in mapping.items():
        if name not in known:
            raise StartError(f'"{title}" cannot be {name}; a column of customers is one of {", ".join(known)}')
    return {**_NAMES, **{plain(title): name for title, name in mapping.items()}}


def _first(
    file: Path, sheets: Iterator[tuple[str, Iterator[Row]]], names: Mapping[str, str]
) -> tuple[Header, Iterator[Row]]:
    for _, rows in sheets:
        for row in rows:
            if row.number > SEARCHED:
                break
            header = header_of(row, names)
            if NAMED_BY.keys() & header.columns.keys() and len(header.columns) > 1:
                return header, rows
    raise StartError(
        f"{file} has no header: a row that heads 手机号, 会员号 or another identifier, and 姓名, 生日 …; or use --map"
    )


def _is_a_customer(row: Row) -> bool:
    return any(cell is not None and str(cell).strip() for cell in row.cells) and not total_of(row)


def _shared(header: Header, rows: Iterator[Row]) -> Mapping[Ident, int]:
    """The identifiers that stand in more than `SHARED` rows, and in how many: like the shop's own phone."""
    counts = Counter(name for row in rows if _is_a_customer(row) for name in _Cells(header, row).names())
    return {name: count for name, count in counts.items() if count > SHARED}


def _read(header: Header, rows: Iterator[Row], shared: Mapping[Ident, int]) -> Iterator[Known | list[Fault]]:
    """Each row below the header: a customer, or everything that is wrong with it. Empty rows and totals are no rows."""
    seen: dict[Ident, int] = {}
    for row in filter(_is_a_customer, rows):
        read = _Cells(header, row)
        known = Known(row.number, read.names(), read.data(), read.agreed())
        again = next((seen[name] for name in known.names if name in seen), None)
        first = next(kind for kind in NAMED_BY if kind in header.columns)
        for name in known.names:
            if name in shared:
                words = f"stands in {shared[name]} rows and so names nobody; leave it empty where it is not their own"
                read.wrong.setdefault(name[0], words)
        if again is not None and not shared.keys() & set(known.names):
            read.wrong.setdefault(first, f"the customer stands in row {again}, too; write each on one line")
        elif not known.names and not read.wrong.keys() & NAMED_BY.keys():
            read.wrong[first] = "is empty, and nothing else names the customer; fill it in"
        seen.update(dict.fromkeys(known.names, row.number))
        faults = [Fault(row.number, header.titles[name], words) for name, words in read.wrong.items()]
        yield faults or known


@dataclass
class _Cells:
    """The cells of one row by their columns; `wrong` gathers what is wrong with them."""

    header: Header
    row: Row
    wrong: dict[str, str] = field(default_factory=dict)

    def _of(self, columns: Mapping[str, object], read: Callable[[str, Any], Any]) -> dict[str, Any]:
        values = {}
        for name in columns:
            place = self.header.columns.get(name)
            if place is None or place >= len(self.row.cells):
                continue
            try:
                value = read(name, self.row.cells[place])
            except ValueError as problem:
                self.wrong[name] = str(problem)
                continue
            if value is not None:
                values[name] = value
        return values

    def names(self) -> tuple[Ident, ...]:
        def read(kind: str, cell: Any) -> Ident | None:
            text = text_of(cell)
            try:
                return (kind, normalise(kind, text)) if text else None
            except IdentifierError as problem:
                raise ValueError(str(problem)) from None

        return sort_by_strength(self._of(NAMED_BY, read).values())

    def data(self) -> dict[str, Any]:
        data = self._of(KNOWN, lambda name, cell: _birthday(cell) if name.startswith("birthday") else text_of(cell))
        for error in validate("customer.updated", data):
            self.wrong.setdefault(error.field, error.detail)
        return data

    def agreed(self) -> dict[str, bool]:
        return self._of(AGREED, lambda _, cell: _yes(cell))


def _birthday(cell: Any) -> str | None:
    """A day, also one of any year: `3月5日`, `03-05`."""
    found = _DAY_OF_A_YEAR.fullmatch(cell_text(cell)) if isinstance(cell, str) else None
    if found:
        return f"{int(found[1] or found[3]):02}-{int(found[2] or found[4]):02}"
    return day_of(cell)


def _yes(cell: Any) -> bool | None:
    text = cell_text(cell).lower()
    if text and text not in _YES | _NO:
        raise ValueError("must say 是 or 否, or nothing")
    return None if not text else text in _YES


@dataclass(frozen=True)
class _Desk:
    """Takes rows in, each chunk in a transaction. `occasion` names this file on this day."""

    db: Database
    clock: Clock
    say: Callable[[str], None]
    wrong: _Wrong
    occasion: str
    dry_run: bool

    def take(self, rows: Sequence[Known], tally: Tally) -> None:
        if not rows:
            return
        now = self.clock.now()
        with suppress(UndoneError), self.db.begin() as work:
            ids = find_ids(work, [name for row in rows for name in row.names])
            owners = [next((ids[name] for name in row.names if name in ids), None) for row in rows]
            refused = self._refused(work, rows, owners)
            if self.dry_run:
                self._preview(work, rows, owners)
            events: list[tuple[int, Incoming]] = []
            for place, row in enumerate(rows):
                consents = {channel: given for channel, given in row.agreed.items() if (place, channel) not in refused}
                for type, data in _said(row, consents):
                    id = name_of([type, *map(list, row.names), data.get("channel", ""), self.occasion])
                    events.append((place, Incoming(IMPORT, id, type, now, data, row.names)))
            remarks: Remarks = {}
            taken = ingest(work, [event for _, event in events], now=now, remarks=remarks)
            nobody = self._tell(rows, events, remarks)
            new = {place for (place, _), is_new in zip(events, taken, strict=True) if is_new}
            tally.taken += len(new)
            tally.wrong += len(nobody)
            tally.known += len(rows) - len(new | nobody)
            if self.dry_run:
                raise UndoneError

    def _tell(
        self, rows: Sequence[Known], events: Sequence[tuple[int, Incoming]], remarks: Mapping[tuple[str, str], Any]
    ) -> set[int]:
        """Which identifiers of a row don't name its customer. Returns the places of rows that name nobody."""
        told = dict.fromkeys((place, *remark) for place, each in events for remark in remarks.get(each.key, ()))
        for place, kind, reason in told:
            row = rows[place].row
            if reason in ("never", "nobody"):
                self.wrong(f"row {row}: its {kind} is a value that names nobody; leave it empty")
            else:
                self.wrong(
                    f"row {row}: its {kind} does not name this customer ({reason}); see aftershow customer conflicts"
                )
        return {place for place, _, reason in told if reason == "nobody"}

    def _refused(self, work: UnitOfWork, rows: Sequence[Known], owners: Sequence[int | None]) -> set[tuple[int, str]]:
        """The consents that a row gives although the customer has withdrawn them, or somebody has refused the address
        who is erased or has it no more; each is told.
        """
        addresses = {value for row in rows for _, value in row.names}
        said = read_consents(work, [owner for owner in owners if owner is not None], addresses)
        refused = set()
        for place, (row, owner) in enumerate(zip(rows, owners, strict=True)):
            for channel, given in row.agreed.items():
                address = dict(row.names).get(ADDRESS[channel])
                stands = said.of(owner or 0, channel, address)
                if given and False in stands.values():
                    refused.add((place, channel))
                    self.wrong(f"row {row.row}: the customer has refused {channel}, which holds; no consent was taken")
        return refused

    def _preview(self, work: UnitOfWork, rows: Sequence[Known], owners: Sequence[int | None]) -> None:
        ids = [owner for owner in owners if owner is not None]
        before = {each.id: each for each in work.exec(select(Customer).where(col(Customer.id).in_(ids)))}
        for row, owner in zip(rows, owners, strict=True):
            old = before.get(owner or 0)
            was = {**old.fields, "name": old.name, "timezone": old.timezone} if old else {}
            changes = [
                f"{key} {was.get(key) or '–'} → {value}" for key, value in row.data.items() if was.get(key) != value
            ]
            changes += [f"{channel} {'✓' if given else '×'}" for channel, given in row.agreed.items()]
            who = f"customer {old.id}" if old else "a new customer"
            self.say(f"row {row.row}: {who}; {', '.join(changes) or 'nothing changes'}")


def _said(row: Known, consents: Mapping[str, bool]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "customer.updated", row.data
    for channel, given in consents.items():
        yield f"consent.{'given' if given else 'withdrawn'}", {"channel": channel, "source": "import"}
