"""Lists of lots as warehouses keep them: which column means what, and what is wrong with a row."""

import hashlib
import json
import re
import unicodedata
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from domain.catalogue.validation import validate
from runtime import StartError
from runtime.imports.sheets import Row

COLUMNS: Mapping[str, Sequence[str]] = {
    "lot_id": ("批次", "批次号", "批号", "批次编号", "批次编码", "lot", "lot id", "lot no", "batch", "batch no"),
    "sku": ("货号", "商品编码", "商品编号", "物料编码", "产品编码", "sku", "product code", "item code"),
    "name": ("名称", "商品名称", "商品名", "品名", "产品名称", "name", "product", "product name"),
    "category": ("类目", "品类", "分类", "类别", "商品类目", "商品分类", "category"),
    "city": ("城市", "所在城市", "city"),
    "store": ("门店", "店铺", "仓库", "门店编码", "仓库编码", "store", "warehouse"),
    "quantity": ("数量", "入库数量", "到货数量", "收货数量", "件数", "quantity", "qty", "units", "received"),
    "counted": (
        "库存", "库存数量", "库存量", "现有库存", "现存量", "结存", "结存数量", "实盘数量", "盘点数量", "on hand",
        "in stock", "stock", "stock on hand", "counted",
    ),
    "expires_on": (
        "到期日", "到期日期", "保质期至", "有效期至", "有效期", "失效日期", "过期日期", "expires on", "expires",
        "expiry", "expiry date", "expiration date", "best before", "use by",
    ),
    "produced_on": ("生产日期", "生产日", "制造日期", "出厂日期", "produced on", "production date", "made on"),
    "shelf_life": ("保质期", "保质天数", "保质期天数", "质保期", "货架期", "shelf life", "shelf days"),
}  # fmt: skip
"""How each column may be headed; case, spaces and what stands in brackets don't matter.

A `quantity` came in and adds; what was `counted` is what there is. The last day, `expires_on`, may also be told by the
day on which the lot was made and by its shelf life.
"""

REQUIRED = (("lot_id",), ("sku",), ("quantity", "counted"), ("expires_on", "produced_on"))
"""Of each group one column must be there."""

OWN = ("lot_id", "quantity", "counted")
"""Fields that every lot must have its own of, so that merged cells can't be filled down."""

SEARCHED = 20
"""The header is looked for in so many rows; titles may stand above it."""

_BRACKETS = re.compile(r"[(\[【].*?[)\]】]")
_DAY = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T]+\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?)?"
)
_COMPACT = re.compile(r"(20\d\d)(\d\d)(\d\d)")
_SHORTENED = re.compile(r"\d(?:\.\d+)?E\+\d+", re.IGNORECASE)
_SHELF = re.compile(r"(\d{1,4})\s*(天|日|d|days?|个?月|m|months?|年|y|years?)?", re.IGNORECASE)
_TOTALS = frozenset(
    {"合计", "总计", "小计", "共计", "总和", "汇总", "total", "totals", "subtotal", "grandtotal", "sum"}
)
_WHOLE = re.compile(r"[+-]?(?:\d{1,18}|\d{1,3}(?:,\d{3})+)(?:\.0+)?")
_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"})
_NAMES = {
    spelling.replace(" ", "").replace("_", ""): field
    for field, spellings in COLUMNS.items()
    for spelling in (*spellings, field)
}


@dataclass(frozen=True)
class Fault:
    """What is wrong with a cell, and how to mend it. `column` is headed as in the file."""

    row: int
    column: str
    words: str

    def __str__(self) -> str:
        return f"row {self.row}, {self.column}: {self.words}"


@dataclass(frozen=True)
class Received:
    """A row that is a lot: the data of a `lot.received`, and how many were counted of it, if they were.

    `id` names the receipt by its lot and quantity, so that a mended name or day makes no second one.
    """

    row: int
    id: str
    data: dict[str, Any]
    counted: int | None = None


@dataclass(frozen=True)
class Total:
    """A row that only sums up others. `word` is what says so."""

    row: int
    word: str

    def __str__(self) -> str:
        return f"row {self.row}: {self.word}, a total of other rows; it was passed over"


@dataclass(frozen=True)
class Header:
    """Where the columns are, and how they are headed. `unread` are headings that mean nothing here."""

    row: int
    columns: Mapping[str, int]
    titles: Mapping[str, str]
    unread: tuple[str, ...]


def find_header(rows: Iterator[Row]) -> Header | None:
    """Read on to the header: the first row that heads most of the columns. Raises StartError if one of them is missing.

    None if there is nothing like it.
    """
    for row in rows:
        if row.number > SEARCHED:
            return None
        columns: dict[str, int] = {}
        titles: dict[str, str] = {}
        unread = []
        for place, cell in enumerate(row.cells):
            title = str(cell or "").strip()
            field = _NAMES.get(_plain(title))
            if field in columns:
                raise StartError(f'row {row.number}: "{titles[field]}" and "{title}" both head the {field}; keep one')
            if field:
                columns[field], titles[field] = place, title
            elif title:
                unread.append(title)
        if sum(any(field in columns for field in group) for group in REQUIRED) >= 2:
            if "expires_on" not in columns and "shelf_life" not in columns:
                columns.pop("produced_on", None)  # by itself it doesn't tell the last day
            missing = [group[0] for group in REQUIRED if not any(field in columns for field in group)]
            if missing:
                words = "; ".join(f"{field} (headed {', '.join(COLUMNS[field][:4])} …)" for field in missing)
                raise StartError(f"row {row.number} is the header, and lacks the column of {words}")
            return Header(row.number, columns, titles, tuple(unread))
    return None


def read_lots(header: Header, rows: Iterator[Row]) -> Iterator[Received | Total | list[Fault]]:
    """Each row below the header: a lot, a total, or everything that is wrong with it. Empty rows are passed over."""
    seen: dict[str, int] = {}
    for row in rows:
        own = (cell for place, cell in enumerate(row.cells) if place not in row.below)
        if all(cell is None or not str(cell).strip() for cell in own):
            continue
        if total := _total(row):
            yield Total(row.number, total)
            continue
        data, faults = _read(header, row)
        lot = data.get("lot_id")
        if not faults and lot in seen:
            column = header.titles["lot_id"]
            faults = [Fault(row.number, column, f"the lot stands in row {seen[lot]}, too; write it on one line")]
        if faults:
            yield faults
            continue
        seen[data["lot_id"]] = row.number
        counted = data.pop("counted", None)
        yield Received(row.number, _name(data), data, counted)


def _read(header: Header, row: Row) -> tuple[dict[str, Any], list[Fault]]:
    data: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for field, place in header.columns.items():
        cell = row.cells[place] if place < len(row.cells) else None
        try:
            if field in OWN and place in row.below:
                raise ValueError("is merged with the rows above; unmerge it and give each lot its own")
            value = _shelf_life(cell, header.titles[field]) if field == "shelf_life" else _READ[field](cell)
        except ValueError as problem:
            wrong[field] = str(problem)
            continue
        if value is not None:
            data[field] = value
        elif field in ("lot_id", "sku"):
            wrong[field] = _EMPTY
    _settle_day(data, wrong, header)
    if "counted" in data:
        data.setdefault("quantity", data["counted"])
    elif "quantity" not in data and not {"quantity", "counted"} & wrong.keys():
        wrong["counted" if "counted" in header.columns else "quantity"] = _EMPTY
    for error in validate("lot.received", data):
        field = error.field
        if field == "quantity" and field not in header.columns:
            field = "counted"
        if error.reason != "missing":
            wrong.setdefault(field if field in header.columns else "shelf_life", error.detail)
    return data, [Fault(row.number, header.titles[field], words) for field, words in wrong.items()]


_EMPTY = "is empty; fill it in (of a formula, the value that Excel stored is read)"


def _settle_day(data: dict[str, Any], wrong: dict[str, str], header: Header) -> None:
    """Work out the last day from the day it was made and its shelf life, if it isn't given."""
    produced_on, shelf_life = data.pop("produced_on", None), data.pop("shelf_life", None)
    if "expires_on" in data or wrong.keys() & {"expires_on", "produced_on", "shelf_life"}:
        return
    if produced_on is not None and shelf_life is not None:
        amount, unit = shelf_life
        data["expires_on"] = _later(date.fromisoformat(produced_on), amount, unit).isoformat()
        return
    wanted = ("expires_on",) if "expires_on" in header.columns else ("produced_on", "shelf_life")
    given = {"produced_on": produced_on, "shelf_life": shelf_life}
    wrong.update((field, _EMPTY) for field in wanted if given.get(field) is None)


def _later(day: date, amount: int, unit: str) -> date:
    """So many days, months or years later; of a month that has no such day, its last one."""
    if unit == "d":
        return day + timedelta(days=amount)
    months = day.year * 12 + day.month - 1 + amount * (12 if unit == "y" else 1)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _total(row: Row) -> str | None:
    """The word by which a row says that it sums up others: the first that is written in it."""
    first = next((str(cell).strip() for cell in row.cells if cell is not None and str(cell).strip()), "")
    return first if _plain(first).strip(":") in _TOTALS else None


def _shelf_life(cell: Any, title: str) -> tuple[int, str] | None:
    """An amount of days (`d`), months (`m`) or years (`y`); without a unit, in that of the title, else in days."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = unicodedata.normalize("NFKC", _cell_text(cell))
    if not text:
        return None
    match = _SHELF.fullmatch(text)
    if not match:
        raise ValueError("must be a shelf life, like 30, 30天, 6个月 or 1年")
    unit = (match[2] or "".join(_BRACKETS.findall(unicodedata.normalize("NFKC", title)))).lower()
    return int(match[1]), "m" if "月" in unit or "m" in unit else "y" if "年" in unit or "y" in unit[:1] else "d"


def _text(cell: Any) -> str | None:
    """A cell as a name: a number that stands for a code is written without a fraction."""
    if isinstance(cell, bool | date):
        raise ValueError("is a date or a truth value; format the column as text")
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, int | float):
        if isinstance(cell, float) or abs(cell) >= 10**15:
            raise ValueError("is a number that Excel doesn't keep exactly; format the column as text")
        return str(cell)
    text = _cell_text(cell)
    if _SHORTENED.fullmatch(text):
        raise ValueError(
            f"was cut short by Excel to {text}; format the column as text (or as 0) and save the file anew"
        )
    return text or None


def _whole(cell: Any) -> int | None:
    if isinstance(cell, bool | date):
        raise ValueError("must be a whole number, like 120")
    if isinstance(cell, int):
        return cell
    text = unicodedata.normalize("NFKC", _cell_text(cell))
    if not text:
        return None
    if not _WHOLE.fullmatch(text):
        raise ValueError("must be a whole number without a unit, like 120")
    return int(text.replace(",", "").partition(".")[0])


def _day(cell: Any) -> str | None:
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    text = unicodedata.normalize("NFKC", _cell_text(cell))
    if not text:
        return None
    match = _DAY.fullmatch(text) or _COMPACT.fullmatch(text)
    if not match:
        raise ValueError("must be a date, like 2026-03-02, 2026/3/2 or 2026年3月2日; a number must be formatted as one")
    try:
        return date(*(int(part) for part in match.groups())).isoformat()
    except ValueError:
        raise ValueError("is not a day that exists") from None


def _cell_text(cell: Any) -> str:
    text = "" if cell is None else str(cell).strip()
    if text in _ERRORS:
        raise ValueError(f"holds Excel's error {text}; mend the formula")
    if any(unicodedata.category(letter) == "Cc" for letter in text):
        raise ValueError("holds control characters or line breaks; write it on one line")
    return text


_READ: Mapping[str, Any] = dict.fromkeys(COLUMNS, _text) | {
    "quantity": _whole, "counted": _whole, "expires_on": _day, "produced_on": _day,
}  # fmt: skip


def _plain(title: str) -> str:
    text = unicodedata.normalize("NFKC", title).lower().replace("_", "").replace("*", "")
    return "".join(_BRACKETS.sub("", text).split())


def _name(data: Mapping[str, Any]) -> str:
    return name_of(["lot", data["lot_id"], data["quantity"]])


def name_of(content: Sequence[Any]) -> str:
    """The id of an event that says this."""
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()[:40]
