"""A supplier's answer from a spreadsheet or a CSV file: the products that change, in units or in packs."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from runtime import StartError
from runtime.imports.cells import EMPTY, SEARCHED, Fault, Header, header_of, names_of, text_of, total_of
from runtime.imports.sheets import Row, open_sheets
from workflows.terms.quantities import ONE, THOUSANDTH

_NAMES = names_of({"sku": ("货号", "商品编码", "SKU"), "quantity": ("数量", "答复数量", "可供数量")})
_WRITTEN = re.compile(r"(\d{1,12}(?:,\d{3})*(?:\.\d+)?)\s*([^\d\s.,]*)")
_UNITS = {
    **dict.fromkeys(("", "件", "个", "只", "pcs", "pc"), ONE),
    **dict.fromkeys(("kg", "公斤", "千克"), ONE),
    **dict.fromkeys(("斤",), Decimal("0.5")),
    **dict.fromkeys(("g", "克"), THOUSANDTH),
}
_PACKS = frozenset({"箱", "box", "boxes", "pack", "packs", "case", "cases"})


def read_answer(path: Path, packs: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """The units of each product that the file names; `5箱` are five of the product's `packs`.

    Rows of totals are passed over. Raises StartError, naming the row and the column.
    """
    with open_sheets(path) as sheets:
        for _, rows in sheets:
            if (header := _header(rows)) is not None:
                return _read(path, header, rows, packs)
    raise StartError(f"{path} needs a column for the product (sku, 货号) and one for the quantity (quantity, 数量)")


def _header(rows: Iterator[Row]) -> Header | None:
    for _, row in zip(range(SEARCHED), rows, strict=False):
        header = header_of(row, _NAMES)
        if {"sku", "quantity"} <= header.columns.keys():
            return header
    return None


def _read(path: Path, header: Header, rows: Iterator[Row], packs: Mapping[str, Decimal]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for row in rows:
        if total_of(row) or not any(cell is not None and str(cell).strip() for cell in row.cells):
            continue
        cells = {name: row.cells[at] if at < len(row.cells) else None for name, at in header.columns.items()}
        field = "sku"
        try:
            sku = text_of(cells["sku"])
            if sku is None:
                raise ValueError(EMPTY)
            if sku in found:
                raise ValueError("names a product a second time")
            field = "quantity"
            found[sku] = _units(cells["quantity"], packs.get(sku, ONE))
        except ValueError as wrong:
            raise StartError(f"{path}: {Fault(row.number, header.titles[field], str(wrong))}") from None
    return found


def _units(cell: Any, pack: Decimal) -> Decimal:
    text = format(Decimal(repr(cell)), "f") if isinstance(cell, float) else str("" if cell is None else cell)
    match = _WRITTEN.fullmatch(unicodedata.normalize("NFKC", text).strip().lower())
    unit = match.group(2) if match else ""
    if match is None or (unit not in _UNITS and unit not in _PACKS):
        raise ValueError("must be a number, perhaps with a unit: 60, 60件, 2.5kg, 5斤, 5箱")
    units = Decimal(match.group(1).replace(",", "")) * (pack if unit in _PACKS else _UNITS[unit])
    if units % THOUSANDTH:
        raise ValueError("has more than three places")
    return units
