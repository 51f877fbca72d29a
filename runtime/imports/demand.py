"""Demand by day from CSV files: a column a product and a row a day, and beside it what is known of the days."""

import csv
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np

from domain.forecast.history import History, Truths
from runtime import StartError

DATES = ("date", "日期", "day", "ds")
SAID = ("weekend", "is_weekend", "周末")
"""What the weekday says already."""

CLOSED = ("is_closed", "closed", "关店", "休业")
_MISSING = frozenset({"", "na", "nan", "null", "none", "-"})
_FALSE, _TRUE = frozenset({"0", "0.0", "false", "no", "否"}), frozenset({"1", "1.0", "true", "yes", "是"})
_DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日", "%Y%m%d", "%d.%m.%Y")
LONGEST = 20_000
MOST = 1e12
_NO_DATE = date(2001, 1, 1)


@dataclass(frozen=True)
class Series:
    """A file of demand: its products by column, the history, whether its days have dates, and columns not used."""

    products: Sequence[str]
    history: History
    dated: bool
    unused: Sequence[str]


def read_demand(path: Path, calendar: Path | None = None) -> Series:
    """Read a file, with its calendar if there is one. Raises StartError, naming the line."""
    sold = _read(path)
    if not sold.columns:
        raise StartError(f"{path} has no product; it needs a column for each, and a row a day")
    planned = _read(calendar) if calendar else None
    days = sold.days or (planned.days if planned else None)
    if planned and (sold.days is None or planned.days is None) and planned.rows < sold.rows:
        raise StartError(f"{planned.path} has {planned.rows} days, fewer than the {sold.rows} of {path}")
    dated = days is not None
    days = [_NO_DATE + timedelta(days=at) for at in range(sold.rows)] if days is None else days[: sold.rows]
    _check_days(sold, days)
    first, count = min(days), (max(days) - min(days)).days + 1
    demand = np.full((count, len(sold.columns)), np.nan)
    for column, (name, cells) in enumerate(sold.columns.items()):
        for at, (day, cell) in enumerate(zip(days, cells, strict=True)):
            demand[(day - first).days, column] = _units(path, at + 2, name, cell)
    if planned is None:
        return Series(tuple(sold.columns), History(first, demand), dated, ())
    closed, names, flags, unused = _special(planned, planned.days or days, first, count)
    return Series(tuple(sold.columns), History(first, demand, None, closed, flags, names), dated, unused)


@dataclass(frozen=True)
class _File:
    """The columns of a file by name, with the days of its rows if it says them."""

    path: Path
    rows: int
    days: Sequence[date] | None
    columns: Mapping[str, Sequence[str]]


def _read(path: Path) -> _File:
    if not path.is_file():
        raise StartError(f"there is no file {path}")
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("gb18030", "replace")
    head = text.partition("\n")[0]
    try:
        rows = list(csv.reader(text.splitlines(), delimiter=max(",;\t", key=head.count)))
    except csv.Error as problem:
        raise StartError(f"{path} is no CSV file that can be read: {problem}") from None
    heads, *rows = [[cell.strip() for cell in row] for row in rows if any(cell.strip() for cell in row)] or [[]]
    if not rows:
        raise StartError(f"{path} has no days; it needs a line of names, and a row a day")
    if len(rows) > LONGEST:
        raise StartError(f"{path} has more than {LONGEST:,} rows; cut it into several files")
    for number, row in enumerate(rows, 2):
        if len(row) != len(heads):
            raise StartError(f"{path}, line {number}: {len(row)} cells, but the first line names {len(heads)}")
    if twice := next((name for name in heads if heads.count(name) > 1), None):
        raise StartError(f"{path}: two columns are called {twice!r}")
    columns = {name: [row[at] for row in rows] for at, name in enumerate(heads) if name}
    dates = next((name for name in columns if name.lower() in DATES), None)
    days = [_day(path, number, cell) for number, cell in enumerate(columns.pop(dates), 2)] if dates else None
    return _File(path, len(rows), days, columns)


def _day(path: Path, number: int, cell: str) -> date:
    for form in _DAYS:
        with suppress(ValueError):
            return datetime.strptime(cell.partition("T")[0].partition(" ")[0], form).date()  # noqa: DTZ007 a day
    raise StartError(f"{path}, line {number}: {cell!r} is no day; write it like 2026-03-02")


def _check_days(sold: _File, days: Sequence[date]) -> None:
    lines: dict[date, int] = {}
    for number, day in enumerate(days, 2):
        if day in lines:
            raise StartError(f"{sold.path}, line {number}: {day} is in line {lines[day]} already")
        lines[day] = number
    if (max(days) - min(days)).days >= LONGEST:
        raise StartError(f"{sold.path} goes from {min(days)} to {max(days)}; that is too long")


def _units(path: Path, number: int, name: str, cell: str) -> float:
    if cell.lower() in _MISSING:
        return float("nan")
    try:
        units = float(cell)
    except ValueError:
        units = float("nan")
    if not 0 <= units <= MOST:
        raise StartError(f"{path}, line {number}, {name}: {cell!r} is no number of units; nothing known is left empty")
    return units


def _special(
    planned: _File, days: Sequence[date], first: date, count: int
) -> tuple[Truths, Sequence[str], Truths, Sequence[str]]:
    """What the calendar says of the days: those that are closed, the flags with their names, and columns not used.

    A flag is a column of yes and no that weekdays alone don't explain. Anything else, like the weather, isn't known
    the evening before.
    """
    length = max(count, (max(days) - first).days + 1)
    closed, names, flags, unused = np.zeros(length, bool), [], [], []
    for name, cells in planned.columns.items():
        values = {(day - first).days: cell.lower() for day, cell in zip(days, cells, strict=False)}
        if name.lower() in SAID:
            continue
        if not set(values.values()) <= _TRUE | _FALSE | _MISSING:
            unused.append(name)
            continue
        column = np.array([values.get(day, "") in _TRUE for day in range(length)])
        if name.lower() in CLOSED:
            closed |= column
        elif any(len(set(column[weekday:count:7].tolist())) > 1 for weekday in range(7)):
            names.append(name)
            flags.append(column)
    return closed, names, np.array(flags, bool).reshape(len(flags), length).T, unused
