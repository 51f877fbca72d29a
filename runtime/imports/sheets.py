"""The rows of a spreadsheet (.xlsx) or a CSV file, read one after the other, never all at once.

A formula is read as the value that was stored with it; nothing is calculated.
"""

import csv
import re
import sys
import zlib
from bisect import bisect_right
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any
from xml.etree.ElementTree import ParseError
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from openpyxl import load_workbook
from openpyxl.utils.cell import range_boundaries
from openpyxl.utils.datetime import from_excel
from openpyxl.utils.exceptions import InvalidFileException

from runtime import StartError

MAX_BYTES = 50_000_000
MAX_UNPACKED = 300_000_000
MAX_ROWS = 200_000
MAX_COLUMNS = 200
MAX_MERGED = 20_000

_TOP = 20
"""Lines by which a CSV file's separator is told; titles, with signs of their own, may stand above the header."""

_CHINESE_DATES = frozenset({*range(27, 37), *range(50, 59)})
"""Numbers of formats that are built into Chinese Excel, and are dates there. ECMA-376, part 1, 18.8.30."""

_PADDED = re.compile(r'(?:"([^"]*)")?(0{2,})')

_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_ZIP = b"PK\x03\x04"
_BROKEN = (
    BadZipFile, InvalidFileException, KeyError, ValueError, IndexError, TypeError, AttributeError, ParseError, EOFError,
    OSError, NotImplementedError, RuntimeError, expat.ExpatError, zlib.error,
)  # fmt: skip
"""What openpyxl raises on a file that is damaged, or was made to do damage."""


@dataclass(frozen=True)
class Row:
    """A row by its number, from 1. `below` holds the columns, from 0, whose cell is merged with those above it."""

    number: int
    cells: Sequence[Any]
    below: frozenset[int] = frozenset()


@dataclass
class _Merged:
    """The cells that are merged downwards: by column the first and last rows, and the value that holds for them."""

    spans: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    values: dict[int, Any] = field(default_factory=dict)

    def fill(self, number: int, cells: tuple[Any, ...]) -> Row:
        filled, below = list(cells), set()
        for column, spans in self.spans.items():
            place = bisect_right(spans, (number, sys.maxsize)) - 1
            if place < 0 or number > spans[place][1] or column >= len(filled):
                continue
            if number == spans[place][0]:
                self.values[column] = filled[column]
            else:
                filled[column] = self.values.get(column)
                below.add(column)
        return Row(number, filled, frozenset(below))


@contextmanager
def open_sheets(path: Path) -> Iterator[Iterator[tuple[str, Iterator[Row]]]]:
    """The sheets of a file, each with its name and rows; a CSV file is one. Raises StartError, also while reading."""
    if path.stat().st_size > MAX_BYTES:
        raise StartError(f"{path} is larger than {MAX_BYTES // 1_000_000} MB; cut it into several files")
    with path.open("rb") as file:
        start = file.read(4)
    if start == _OLD_EXCEL:
        raise StartError(f"{path} is an old .xls file, or protected by a password; save it as .xlsx without one")
    if start != _ZIP:
        with path.open(encoding=_encoding(path), newline="") as text:
            yield iter([("", _csv_rows(path, text))])
        return
    _check_archive(path)
    try:
        workbook = load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except _BROKEN as problem:
        raise _damaged(path) from problem
    try:
        yield ((sheet.title, _sheet_rows(path, sheet)) for sheet in workbook.worksheets)
    finally:
        workbook.close()


def _check_archive(path: Path) -> None:
    """Refuse what would unpack to more than any stock list holds, before it is unpacked."""
    try:
        with ZipFile(path) as archive:
            size = sum(item.file_size for item in archive.infolist())
    except (BadZipFile, OSError, ValueError) as problem:
        raise _damaged(path) from problem
    if size > MAX_UNPACKED:
        raise StartError(f"{path} unpacks to more than {MAX_UNPACKED // 1_000_000} MB; cut it into several files")


def _sheet_rows(path: Path, sheet: Any) -> Iterator[Row]:
    try:
        with sheet._get_source() as source:  # read-only sheets don't tell what is merged
            merged = _read_merged(source)
        sheet.reset_dimensions()  # some programs write wrong ones, and openpyxl would stop there
        for number, cells in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS), 1):
            _check_length(path, number)
            yield merged.fill(number, tuple(_as_shown(cell) for cell in cells))
    except _BROKEN as problem:
        raise _damaged(path) from problem


def _as_shown(cell: Any) -> Any:
    """The value of a cell; a number in one of Excel's own Chinese date formats is a date, one with zeros a text."""
    value = cell.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if cell.style_array.numFmtId in _CHINESE_DATES and value >= 1:
        return from_excel(value, cell.parent.parent.epoch)
    zeros = _PADDED.fullmatch(cell.number_format or "")
    if zeros and value >= 0 and value == int(value):
        return f"{zeros[1] or ''}{int(value):0{len(zeros[2])}}"
    return value


def _read_merged(source: IO[bytes]) -> _Merged:
    merged = _Merged()
    count = 0

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        if name.rpartition(":")[2] != "mergeCell":
            return
        count += 1
        if count > MAX_MERGED:
            raise ValueError("too many merged cells")
        left, top, _, bottom = (int(bound or 0) for bound in range_boundaries(attributes["ref"]))
        if bottom > top:
            merged.spans.setdefault(left - 1, []).append((top, bottom))

    def refuse(*_: object) -> None:
        raise ValueError("entities are not allowed")

    parser = expat.ParserCreate()
    parser.StartElementHandler = begin
    parser.EntityDeclHandler = refuse
    parser.ParseFile(source)
    for spans in merged.spans.values():
        spans.sort()
    return merged


def _csv_rows(path: Path, text: IO[str]) -> Iterator[Row]:
    top = [line for _, line in zip(range(_TOP), iter(partial(text.readline, 10_000), ""), strict=False)]
    text.seek(0)
    try:
        delimiter = max(",\t;", key=lambda mark: max(map(len, csv.reader(top, delimiter=mark)), default=0))
        for number, cells in enumerate(csv.reader(text, delimiter=delimiter), 1):
            _check_length(path, number)
            yield Row(number, cells[:MAX_COLUMNS])
    except csv.Error as problem:
        raise StartError(f"{path} is no CSV file that can be read: {problem}") from None


def _encoding(path: Path) -> str:
    """UTF-8 or UTF-16 with their marks, plain UTF-8, else GBK, which Chinese Excel writes."""
    with path.open("rb") as file:
        if file.read(2) in (BOM_UTF16_LE, BOM_UTF16_BE):
            return "utf-16"
    for encoding in ("utf-8-sig", "gb18030"):
        if _decodes(path, encoding):
            return encoding
    raise StartError(f"{path} is neither .xlsx nor text in UTF-8 or GBK; save it as .xlsx or as CSV UTF-8")


def _decodes(path: Path, encoding: str) -> bool:
    decoder = getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        try:
            while block := file.read(1_000_000):
                if "\0" in decoder.decode(block):
                    return False
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _check_length(path: Path, number: int) -> None:
    if number > MAX_ROWS:
        raise StartError(f"{path} has more than {MAX_ROWS:,} rows; cut it into several files")


def _damaged(path: Path) -> StartError:
    return StartError(f"{path} cannot be read as a spreadsheet; open it in Excel and save it anew as .xlsx")
