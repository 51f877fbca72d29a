"""An API that answers with rows in JSON: what changed since, page by page."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx

from activities.adapters.sources.source import BadRangeError, Position, SourceError, Surroundings, answer_of, part_of
from domain.connectors.mapping import plain, zone_of
from domain.connectors.pulls import Page
from workflows.language.connectors import REFERENCE, Connector, Rest
from workflows.language.mapping import instant_of, value_of

_PLACE = re.compile(r"\{(since|until|page|next|size)\}")
_SECONDS = {"seconds": 1, "milliseconds": 1000}


class RestSource:
    """Asks for what changed since the last row, the oldest first.

    After each page it asks from that page's last change on, so that rows which change meanwhile, and move to the end,
    push none out of what is still to be read. Only while a page has one and the same change is its number raised.
    """

    def __init__(self, connector: Connector, rest: Rest, surroundings: Surroundings) -> None:
        self._connector = connector
        self._rest = rest
        self._zone = zone_of(connector)
        self._surroundings = surroundings
        self._client = surroundings.client()

    def close(self) -> None:
        self._client.close()

    def begin(self, last: Position | None) -> Position:
        top = last.get("top") if last else None
        return {"since": None if top is None else self._back(top), "until": None, "page": 1, "next": None, "top": top}

    def range(self, since: str, until: str) -> Position:
        try:
            begin, end = (
                self._mark(int(each) if each.isdecimal() and len(each) != len("20260302") else each)
                for each in (since, until)
            )
        except SourceError:
            raise BadRangeError("a range is of times, like 2026-03-02, or of numbers") from None
        return {"since": begin, "until": end, "page": 1, "next": None, "top": None, "first": begin}

    def read(self, position: Position) -> Page:
        answer = answer_of(self._client, self._request(position))
        found = value_of(self._rest.rows, answer, self._zone)
        if not isinstance(found, list):
            raise SourceError(f"{self._rest.rows} finds no list of rows in the answer")
        rows = [row if isinstance(row, dict) else {"value": row} for row in found]
        marks = [self._mark(row.get(str(self._connector.cursor))) for row in rows]
        known = [mark for mark in marks if mark is not None]
        if known != sorted(known):
            raise SourceError("rows must come with the oldest change first; ask the API for that order")
        until = position["until"]
        kept = [row for row, mark in zip(rows, marks, strict=True) if until is None or mark is None or mark < until]
        top = max([*known, *([position["top"]] if position["top"] is not None else [])], default=None)
        position = {**position, "top": top}
        token = value_of(self._rest.next, answer, self._zone) if self._rest.next else None
        over = len(kept) < len(rows) or not rows
        if token and not over:
            position["next"], more = str(token), True
        elif self._pages and not over:
            moved = bool(known) and known[-1] != position["since"]
            position |= {"since": known[-1], "page": 1} if moved else {"page": position["page"] + 1}
            more = True
        else:
            position["next"], more = None, False
        records = [plain(row, self._zone) for row in kept]
        return Page(records, position, more, self._part(position) if more else 1.0)

    @property
    def _pages(self) -> bool:
        return any("{page}" in str(value) for value in (*self._rest.query.values(), *self._rest.body.values()))

    def _request(self, position: Position) -> httpx.Request:
        rest, places = self._rest, self._places(position)
        headers = {name: self._with_secrets(value) for name, value in rest.headers.items()}
        token = position["next"]
        if token and token.startswith(("https://", "http://")):
            url = httpx.URL(token)
            if (url.scheme, url.host, url.port) != (self._url.scheme, self._url.host, self._url.port):
                raise SourceError("the next page is on another host")
            return self._client.build_request(rest.method, url, headers=headers)
        query = self._filled(rest.query, places)
        body = self._filled(rest.body, places)
        url = self._url.copy_merge_params(query)
        if rest.method == "POST":
            return self._client.build_request("POST", url, headers=headers, json=body)
        return self._client.build_request("GET", url, headers=headers)

    @property
    def _url(self) -> httpx.URL:
        return httpx.URL(self._rest.url)

    def _places(self, position: Position) -> Mapping[str, str | None]:
        return {
            "since": self._written(position["since"]),
            "until": self._written(position["until"]),
            "page": str(position["page"]),
            "next": position["next"],
            "size": str(self._connector.page),
        }

    def _filled(self, template: Mapping[str, str | int], places: Mapping[str, str | None]) -> dict[str, Any]:
        """The values with their places filled in; one whose place has nothing yet is left out."""
        filled: dict[str, Any] = {}
        for name, value in template.items():
            if isinstance(value, str):
                if any(places[place] is None for place in _PLACE.findall(value)):
                    continue
                value = self._with_secrets(_PLACE.sub(lambda found: places[found[1]] or "", value))
            filled[name] = value
        return filled

    def _with_secrets(self, text: str) -> str:
        return REFERENCE.sub(lambda found: self._surroundings.value(found[1]), text)

    def _mark(self, value: Any) -> Any:
        """A change as it can be compared and kept: a number as it is, a time as ISO 8601 in UTC."""
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            return value
        instant = instant_of(value, self._zone)
        if instant is None:
            raise SourceError(f"{self._connector.cursor} is neither a time nor a number")
        return instant.isoformat(timespec="microseconds")

    def _back(self, top: Any) -> Any:
        overlap = self._connector.overlap.nominal
        if isinstance(top, str):
            return (datetime.fromisoformat(top) - overlap).isoformat(timespec="microseconds")
        return top - overlap.total_seconds() * _SECONDS.get(self._rest.times, 0)

    def _written(self, mark: Any) -> str | None:
        if not isinstance(mark, str):
            return None if mark is None else json.dumps(int(mark) if float(mark).is_integer() else mark)
        instant = datetime.fromisoformat(mark)
        if self._rest.times in _SECONDS:
            return str(int(instant.timestamp() * _SECONDS[self._rest.times]))
        if self._rest.times == "local":
            return f"{instant.astimezone(self._zone):%Y-%m-%d %H:%M:%S}"
        return instant.isoformat().replace("+00:00", "Z")

    def _part(self, position: Position) -> float | None:
        first, until, at = position.get("first"), position["until"], position["top"]
        if not isinstance(first, str) or not isinstance(until, str) or not isinstance(at, str):
            return None
        return part_of(*map(datetime.fromisoformat, (first, until, at)))
