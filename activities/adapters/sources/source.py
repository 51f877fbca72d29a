"""What every source does: it begins somewhere, and reads page after page from there."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import httpx

from activities.adapters.outside import outside_client
from domain.connectors.pulls import Page
from domain.store.clock import Clock

Position = Mapping[str, Any]
"""Where a page begins, as the source has it; JSON."""

MAX_ANSWER = 50_000_000
"""Bytes of one answer, at most."""


class SourceError(Exception):
    """A source that gives no page; the words say why, and hold no secret and no row."""


class BadRangeError(SourceError):
    """A range that can't be asked for, however often it is tried."""


class Source(Protocol):
    """Gives rows in pages. `begin`, `range` and `read` raise SourceError; `range` BadRangeError, too."""

    def begin(self, last: Position | None) -> Position:
        """Where a run begins that follows one which ended at `last`: a little before, for what was committed late."""

    def range(self, since: str, until: str) -> Position:
        """Where a back-fill begins, from `since` to before `until`, as people write them."""

    def read(self, position: Position) -> Page:
        """The page that begins here."""

    def close(self) -> None:
        """Let go of connections."""


@dataclass(frozen=True)
class Surroundings:
    """What a source needs of this process: secrets by their names, time, and the hosts that may be private."""

    secret: Callable[[str], str | None] = field(repr=False)
    clock: Clock
    private_hosts: Collection[str] = ()

    def value(self, name: str) -> str:
        """A secret. Raises SourceError if it isn't set."""
        value = self.secret(name)
        if not value:
            raise SourceError(f"{name} is not set where this runs")
        return value

    def client(self) -> httpx.Client:
        """Asks over HTTP."""
        return outside_client(self.private_hosts)


def answer_of(client: httpx.Client, request: httpx.Request) -> Any:
    """The JSON that answers a request. Raises SourceError."""
    try:
        with client.stream(request.method, request.url, headers=request.headers, content=request.content) as response:
            body = b""
            for block in response.iter_bytes():
                body += block
                if len(body) > MAX_ANSWER:
                    raise SourceError(f"{request.url.host} answers with more than {MAX_ANSWER:,} bytes")
    except httpx.HTTPError as error:
        raise SourceError(f"{request.url.host}: {_words(error)}") from None
    if not response.is_success:
        raise SourceError(f"{request.url.host} answers HTTP {response.status_code}")
    try:
        return json.loads(body)
    except ValueError:
        raise SourceError(f"{request.url.host} answers with something else than JSON") from None


def _words(error: httpx.HTTPError) -> str:
    return str(error) if isinstance(error, httpx.ConnectError) and str(error) else type(error).__name__


def part_of(since: datetime, until: datetime, at: datetime) -> float:
    """How much of a range is done, from 0 to 1."""
    whole = (until - since).total_seconds()
    return min(max((at - since).total_seconds() / whole, 0.0), 1.0) if whole > 0 else 1.0
