"""Files by day: `events/2026-03-02/00000000000000000017.parquet`, each called by its first record's number.

The same records come to the same file: what is told again after a crash is written over.
"""

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from activities.adapters.outputs.sink import SinkError
from domain.connectors.outgoing import Told, columns_of
from workflows.language.outputs import Files, Stream

_NUMBERS = frozenset({"id", "customer", "enrollment", "message"})
_TIMES = frozenset({"at", "received_at", "called_at"})


class FilesSink:
    """Writes each day's records of a page to a file, whole or not at all. Days are the shop's."""

    def __init__(self, files: Files, folder: str, zone: ZoneInfo) -> None:
        self._folder = Path(folder)
        self._format = files.format
        self._zone = zone
        if not self._folder.is_dir():
            raise SinkError(f"{files.folder} names no folder that is there")
        if files.format == "parquet":
            try:
                import pyarrow.parquet  # noqa: F401
            except ImportError:
                raise SinkError("Parquet needs the extra: pip install 'aftershow[parquet]'") from None

    def take(self, stream: Stream, records: Sequence[Told]) -> None:
        days: dict[str, list[Told]] = {}
        for record in records:
            days.setdefault(f"{record.at.astimezone(self._zone):%Y-%m-%d}", []).append(record)
        for day, of_day in days.items():
            folder = self._folder / stream / day
            rows = [_row(stream, record) for record in of_day]
            content = _parquet(stream, rows) if self._format == "parquet" else _csv(stream, rows)
            try:
                folder.mkdir(parents=True, exist_ok=True)
                _write(folder / f"{of_day[0].id:020}.{self._format}", content)
            except OSError as error:
                raise SinkError(f"the folder can't be written to: {error.strerror}") from None


def _row(stream: Stream, record: Told) -> dict[str, Any]:
    """The columns of a record; what is an object or a list, as JSON."""
    body = record.body
    return {
        name: json.dumps(value, ensure_ascii=False) if isinstance(value := body.get(name), dict | list) else value
        for name in columns_of(stream)
    }


def _csv(stream: Stream, rows: Sequence[Mapping[str, Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns_of(stream))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def _parquet(stream: Stream, rows: Sequence[Mapping[str, Any]]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {
        name: pa.int64() if name in _NUMBERS else pa.timestamp("us", "UTC") if name in _TIMES else pa.string()
        for name in columns_of(stream)
    }
    table = pa.table({name: _array(pa, [row[name] for row in rows], kind) for name, kind in kinds.items()})
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _array(pa: Any, values: list[Any], kind: Any) -> Any:
    if pa.types.is_timestamp(kind):
        return pa.array([None if value is None else datetime.fromisoformat(value) for value in values], kind)
    return pa.array(values, kind)


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
