"""Lists of lots as warehouses keep them: which column means what, and what is wrong with a row."""

import re
import unicodedata
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from domain.catalogue.validation import validate
from runtime import StartError
from runtime.imports.cells import (
    BRACKETS,
    EMPTY,
    SEARCHED,
    Fault,
    Header,
    Total,
    cell_text,
    day_of,
    header_of,
    name_of,
    names_of,
    quantity_of,
    text_of,
    total_of,
)
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

_SHELF = re.compile(r"(\d{1,4})\s*(天|日|d|days?|个?月|m|months?|年|y|years?)?", re.IGNORECASE)
_NAMES = names_of(COLUMNS)


@dataclass(frozen=True)
class Received:
    """A row that is a lot: the data of a `lot.received`, and how many were counted of it, if they were.

    `id` names the receipt by its lot and quantity, so that a mended name or day makes no second one.
    """

    row: int
    id: str
    data: dict[str, Any]
    counted: int | float | None = None


def find_header(rows: Iterator[Row]) -> Header | None:
    """Read on to the header: the first row that heads most of the columns. Raises StartError if one of them is missing.

    None if there is nothing like it.
    """
    for row in rows:
        if row.number > SEARCHED:
            return None
        header = header_of(row, _NAMES)
        columns = dict(header.columns)
        if sum(any(field in columns for field in group) for group in REQUIRED) >= 2:
            if "expires_on" not in columns and "shelf_life" not in columns:
                columns.pop("produced_on", None)  # by itself it doesn't tell the last day
            missing = [group[0] for group in REQUIRED if not any(field in columns for field in group)]
            if missing:
                words = "; ".join(f"{field} (headed {', '.join(COLUMNS[field][:4])} …)" for field in missing)
                raise StartError(f"row {row.number} is the header, and lacks the column of {words}")
            return replace(header, columns=columns)
    return None


def read_lots(header: Header, rows: Iterator[Row]) -> Iterator[Received | Total | list[Fault]]:
    """Each row below the header: a lot, a total, or everything that is wrong with it. Empty rows are passed over."""
    seen: dict[str, int] = {}
    for row in rows:
        own = (cell for place, cell in enumerate(row.cells) if place not in row.below)
        if all(cell is None or not str(cell).strip() for cell in own):
            continue
        if total := total_of(row):
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
            wrong[field] = EMPTY
    _settle_day(data, wrong, header)
    if "counted" in data:
        data.setdefault("quantity", data["counted"])
    elif "quantity" not in data and not {"quantity", "counted"} & wrong.keys():
        wrong["counted" if "counted" in header.columns else "quantity"] = EMPTY
    for error in validate("lot.received", data):
        field = error.field
        if field == "quantity" and field not in header.columns:
            field = "counted"
        if error.reason != "missing":
            wrong.setdefault(field if field in header.columns else "shelf_life", error.detail)
    return data, [Fault(row.number, header.titles[field], words) for field, words in wrong.items()]


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
    wrong.update((field, EMPTY) for field in wanted if given.get(field) is None)


def _later(day: date, amount: int, unit: str) -> date:
    """So many days, months or years later; of a month that has no such day, its last one."""
    if unit == "d":
        return day + timedelta(days=amount)
    months = day.year * 12 + day.month - 1 + amount * (12 if unit == "y" else 1)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _shelf_life(cell: Any, title: str) -> tuple[int, str] | None:
    """An amount of days (`d`), months (`m`) or years (`y`); without a unit, in that of the title, else in days."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = unicodedata.normalize("NFKC", cell_text(cell))
    if not text:
        return None
    match = _SHELF.fullmatch(text)
    if not match:
        raise ValueError("must be a shelf life, like 30, 30天, 6个月 or 1年")
    unit = (match[2] or "".join(BRACKETS.findall(unicodedata.normalize("NFKC", title)))).lower()
    return int(match[1]), "m" if "月" in unit or "m" in unit else "y" if "年" in unit or "y" in unit[:1] else "d"


_READ: Mapping[str, Any] = dict.fromkeys(COLUMNS, text_of) | {
    "quantity": quantity_of, "counted": quantity_of, "expires_on": day_of, "produced_on": day_of,
}  # fmt: skip


def _name(data: Mapping[str, Any]) -> str:
    return name_of(["lot", data["lot_id"], data["quantity"]])
