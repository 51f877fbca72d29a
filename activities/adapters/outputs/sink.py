"""What every place does that records are taken to."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from domain.connectors.outgoing import Told
from workflows.language.outputs import Stream


class SinkError(Exception):
    """Records that weren't taken; the words say why, and hold no secret and no record."""


class Sink(Protocol):
    """Takes records, in order. Raises SinkError; some may have been taken then, and come again."""

    def take(self, stream: Stream, records: Sequence[Told]) -> None:
        """Take these; when it returns, they are kept over there."""


Open = Callable[[Any], Sink]
"""Makes a sink of what a document says of it. Raises SinkError."""
