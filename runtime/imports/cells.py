"""The cells of a spreadsheet as people fill them in, and what is wrong with one."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from runtime import StartError
from runtime.imports.sheets import Row
from workflows.terms import quantities

SEARCHED = 20
"""The header is looked for in so many rows; titles may stand above it."""


BRACKETS = re.compile(r"[(\[【].*?[)\]】]")
_DAY = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T]+\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?)?"
)
_COMPACT = re.compile(r"(20\d\d)(\d\d)(\d\d)")
_SHORTENED = re.compile(r"\d(?:\.\d+)?E\+\d+", re.IGNORECASE)
_TOTALS = frozenset(
    {"合计", "总计", "小计", "共计", "总和", "汇总", "total", "totals", "subtotal", "grandtotal", "sum"}
)
_NUMBER = re.compile(r"[+-]?(?:\d{1,18}|\d{1,3}(?:,\d{3})+)(?:\.\d+)?|[+-]?\.\d+")
_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"})

EMPTY = "is empty; fill it in (of a formula, the value that Excel stored is read)"


@dataclass(frozen=True)
class Fault:
    """What is wrong with a cell, and how to mend it. `column` is headed as in the file."""

    row: int
    column: str
    words: str

    def __str__(self) -> str:
        return f"row {self.row}, {self.column}: {self.words}"


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


def names_of(columns: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
    """The field of each way to head a column, as `plain` gives them."""
    return {
        spelling.replace(" ", "").replace("_", ""): field
        for field, spellings in columns.items()
        for spelling in (*spellings, field)
    }


def header_of(row: Row, names: Mapping[str, str]) -> Header:
    """A row read as the header. Raises StartError if two columns are headed alike."""
    columns: dict[str, int] = {}
    titles: dict[str, str] = {}
    unread = []
    for place, cell in enumerate(row.cells):
        title = str(cell or "").strip()
        field = names.get(plain(title))
        if field in columns:
            raise StartError(f'row {row.number}: "{titles[field]}" and "{title}" both head the {field}; keep one')
        if field:
            columns[field], titles[field] = place, title
        elif title:
            unread.append(title)
    return Header(row.number, columns, titles, tuple(unread))


def total_of(row: Row) -> str | None:
    """The word by which a row says that it sums up others: the first that is written in it."""
    first = next((str(cell).strip() for cell in row.cells if cell is not None and str(cell).strip()), "")
    return first if plain(first).strip(":") in _TOTALS else None


def text_of(cell: Any) -> str | None:
    """A cell as a name: a number that stands for a code is written without a fraction."""
    if isinstance(cell, bool | date):
        raise ValueError("is a date or a truth value; format the column as text")
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, int | float):
        if isinstance(cell, float) or abs(cell) >= 10**15:
            raise ValueError("is a number that Excel doesn't keep exactly; format the column as text")
        return str(cell)
    text = cell_text(cell)
    if _SHORTENED.fullmatch(text):
        raise ValueError(
            f"was cut short by Excel to {text}; format the column as text (or as 0) and save the file anew"
        )
    return text or None


def quantity_of(cell: Any) -> int | float | None:
    """A quantity as JSON has it, to three places."""
    if isinstance(cell, bool | date):
        raise ValueError("must be a number, like 120 or 0.75")
    if isinstance(cell, int):
        return cell
    text = unicodedata.normalize(
        "NFKC", format(Decimal(repr(cell)), "f") if isinstance(cell, float) else cell_text(cell)
    )
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise ValueError("must be a number without a unit, like 120 or 0.75")
    exact = Decimal(text.replace(",", ""))
    if exact != quantities.quantity_of(exact) and not isinstance(cell, float):
        raise ValueError("has more than three places; write it like 0.75")
    return quantities.number_of(quantities.quantity_of(exact))


def day_of(cell: Any) -> str | None:
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    text = unicodedata.normalize("NFKC", cell_text(cell))
    if not text:
        return None
    match = _DAY.fullmatch(text) or _COMPACT.fullmatch(text)
    if not match:
        raise ValueError("must be a date, like 2026-03-02, 2026/3/2 or 2026年3月2日; a number must be formatted as one")
    try:
        return date(*(int(part) for part in match.groups())).isoformat()
    except ValueError:
        raise ValueError("is not a day that exists") from None


def cell_text(cell: Any) -> str:
    text = "" if cell is None else str(cell).strip()
    if text in _ERRORS:
        raise ValueError(f"holds Excel's error {text}; mend the formula")
    if any(unicodedata.category(letter) == "Cc" for letter in text):
        raise ValueError("holds control characters or line breaks; write it on one line")
    return text


def plain(title: str) -> str:
    text = unicodedata.normalize("NFKC", title).lower().replace("_", "").replace("*", "")
    return "".join(BRACKETS.sub("", text).split())


def name_of(content: Sequence[Any]) -> str:
    """The id of an event that says this."""
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()[:40]
