"""Open platforms that are asked for what changed in a window of time, and answer by numbered pages.

A row that changes leaves its window, and those behind it move up. So the pages of a window are read from the last to
the first: what moves comes to a page that is still to be read, and is at worst read twice.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from activities.adapters.sources.source import BadRangeError, Position, SourceError, Surroundings, part_of
from domain.connectors.mapping import plain, zone_of
from domain.connectors.pulls import Page
from workflows.language.connectors import Connector
from workflows.language.mapping import instant_of, value_of

SETTLED = timedelta(minutes=1)
"""How long ago a window ends, so that nothing that is under way there is missed."""

WINDOWS = 20
"""So many windows without rows are passed over at once."""

FIRST = timedelta(days=1)
"""How far back the first run goes; older rows are for a back-fill."""


class WindowedSource(ABC):
    """Goes from window to window, and in each from its last page to its first."""

    span: ClassVar[timedelta]
    """The longest window that the platform takes."""
    largest: ClassVar[int]
    """The most rows of a page that it gives."""

    def __init__(self, connector: Connector, rows: str, surroundings: Surroundings) -> None:
        self._connector = connector
        self._path = rows
        self._zone = zone_of(connector)
        self._surroundings = surroundings
        self._client = surroundings.client()
        self._size = min(connector.page, self.largest)

    def close(self) -> None:
        self._client.close()

    def begin(self, last: Position | None) -> Position:
        top = datetime.fromisoformat(last["top"]) if last else None
        since = self._surroundings.clock.now() - FIRST if top is None else top - self._connector.overlap.nominal
        return {"since": since.isoformat(), "page": None, "top": (top or since).isoformat()}

    def range(self, since: str, until: str) -> Position:
        begin, end = instant_of(since, self._zone), instant_of(until, self._zone)
        if begin is None or end is None:
            raise BadRangeError("a range is of times, like 2026-03-02 or 2026-03-02T08:00")
        first = begin.isoformat()
        return {"since": first, "page": None, "top": first, "first": first, "until": end.isoformat()}

    def read(self, position: Position) -> Page:
        limit = self._surroundings.clock.now() - SETTLED
        if position.get("until"):
            limit = min(limit, datetime.fromisoformat(position["until"]))
        if position["page"] is None:
            return self._look(position, limit)
        since, end = (datetime.fromisoformat(position[name]) for name in ("since", "end"))
        rows, _ = self.ask(since, end, position["page"])
        records = [plain(row, self._zone) for row in rows]
        if position["page"] > 1:
            return Page(records, {**position, "page": position["page"] - 1}, True, self._part(position, since))
        return Page(records, self._behind(position, end), end < limit, self._part(position, end))

    def _look(self, position: Position, limit: datetime) -> Page:
        """Find the next window that has rows, and its last page."""
        for _ in range(WINDOWS):
            since = datetime.fromisoformat(position["since"])
            end = min(since + self.span, limit)
            if end <= since:
                return Page([], position, False, 1.0)
            _, total = self.ask(since, end, 1)
            if total:
                position = {**position, "page": -(-total // self._size), "end": end.isoformat()}
                break
            position = self._behind(position, end)
        return Page([], position, True, self._part(position, datetime.fromisoformat(position["since"])))

    def _behind(self, position: Position, end: datetime) -> Position:
        return {**position, "since": end.isoformat(), "page": None, "end": None, "top": end.isoformat()}

    @abstractmethod
    def ask(self, since: datetime, until: datetime, page: int) -> tuple[Sequence[dict[str, Any]], int]:
        """A page of a window, the first is 1, and how many rows the window has. Raises SourceError."""

    def written(self, instant: datetime) -> str:
        """A time as these platforms have it."""
        return f"{instant.astimezone(self._zone):%Y-%m-%d %H:%M:%S}"

    def rows_of(self, data: Any) -> Sequence[dict[str, Any]]:
        """The rows in what was answered; none where there is nothing."""
        rows = value_of(self._path, data, self._zone)
        if rows is None:
            return []
        if not isinstance(rows, list):
            raise SourceError(f"{self._path} finds no list of rows in the answer")
        return [row for row in rows if isinstance(row, dict)]

    def _part(self, position: Position, at: datetime) -> float | None:
        if not position.get("until"):
            return None
        return part_of(datetime.fromisoformat(position["first"]), datetime.fromisoformat(position["until"]), at)
