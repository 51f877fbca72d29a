"""Files of a folder, in the order of their names: CSV with a head, or JSON line by line; in UTF-8 or GB 18030."""

import csv
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from activities.adapters.sources.source import Position, SourceError, Surroundings
from domain.connectors.mapping import plain, zone_of
from domain.connectors.pulls import Page
from workflows.language.connectors import Connector, Files

STILL = 60.0
"""Seconds for which a file hasn't changed whose last line may be taken though nothing ends it."""

MAX_LINE = 1_000_000


class FilesSource:
    """The rows of files; the cursor is a file's name and a place in it. A range is one of names."""

    def __init__(self, connector: Connector, files: Files, surroundings: Surroundings) -> None:
        self._connector = connector
        self._zone = zone_of(connector)
        self._pattern = files.pattern
        self._folder = Path(surroundings.value(files.folder))
        if not self._folder.is_dir():
            raise SourceError(f"{files.folder} names no folder that can be read here")

    def close(self) -> None:
        """There is nothing to let go of."""

    def begin(self, last: Position | None) -> Position:
        return last or {"file": "", "offset": 0}

    def range(self, since: str, until: str) -> Position:
        return {"file": since, "offset": 0, "until": until}

    def read(self, position: Position) -> Page:
        until = position.get("until")
        names = [name for name in self._names() if name >= position["file"] and (until is None or name < until)]
        for name in names:
            offset = position["offset"] if name == position["file"] else 0
            try:
                records, end = self._rows(self._folder / name, offset)
            except (OSError, ValueError, csv.Error) as error:
                raise SourceError(f"{name} can't be read: {type(error).__name__}") from None
            position = {**position, "file": name, "offset": end}
            if records:
                return Page([plain(row, self._zone) for row in records], position, True)
        return Page([], position, False, 1.0)

    def _names(self) -> list[str]:
        inside = self._folder.resolve()
        found = (file for file in self._folder.glob(self._pattern) if file.is_file())
        return sorted(file.name for file in found if file.resolve().is_relative_to(inside))

    def _rows(self, file: Path, offset: int) -> tuple[list[dict[str, Any]], int]:
        """Rows from a place of the file on, and the place behind them."""
        settled = time.time() - file.stat().st_mtime > STILL
        rows: list[dict[str, Any]] = []
        with file.open("rb") as stream:
            if file.suffix != ".csv":
                stream.seek(offset)
                for line in _lines(stream, settled):
                    offset = stream.tell()
                    if line.strip():
                        rows.append(_record(line))
                    if len(rows) == self._connector.page:
                        break
                return rows, offset
            head = next(csv.reader(_lines(stream, settled)), None)
            if head is None:
                return [], offset
            stream.seek(max(offset, stream.tell()))
            offset = stream.tell()
            for row in csv.reader(_lines(stream, settled)):
                offset = stream.tell()
                if row:
                    rows.append(dict(zip(head, row, strict=False)))
                if len(rows) == self._connector.page:
                    break
        return rows, offset


def _record(line: str) -> dict[str, Any]:
    """A line of JSON; one that can't be read is a row that no map finds anything in, and is set aside."""
    try:
        value = json.loads(line)
    except ValueError:
        value = line
    return value if isinstance(value, dict) else {"value": value}


def _lines(stream: BinaryIO, settled: bool) -> Iterator[str]:
    """The lines of a file; not the last one while that may still be written."""
    first = stream.tell() == 0
    while line := stream.readline(MAX_LINE):
        if not line.endswith(b"\n") and not settled:
            return
        try:
            text = line.decode("utf-8-sig" if first else "utf-8")
        except UnicodeDecodeError:
            text = line.decode("gb18030", "replace")
        first = False
        yield text
