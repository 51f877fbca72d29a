"""A feed of what changes, for many listeners: each subject is read once, and whoever is slow gets only the newest."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import cached_property

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

POLL_SECONDS = 1.0
LISTENERS = 400
"""So many a process serves at once."""

HEARTBEAT_SECONDS = 15
SEND_SECONDS = 10.0
"""Whoever takes nothing for so long is let go."""

Read = Callable[[], tuple[str, bool]]
"""Gives a subject's present text and whether it is the last; may block."""


class _Told(ServerSentEvent):
    """An event for many listeners, put into bytes once."""

    @cached_property
    def _bytes(self) -> bytes:
        return super().encode()

    def encode(self) -> bytes:
        return self._bytes


class _Subject:
    """What is read for all listeners of a subject. Only the newest text is kept, and the event that tells it."""

    def __init__(self) -> None:
        self.text = ""
        self.event: ServerSentEvent | None = None
        self.over = False
        self.version = 0
        self.listeners = 0
        self.reader: asyncio.Task[None] | None = None
        self.news = asyncio.Event()

    def tell(self, text: str, kind: str, *, over: bool) -> None:
        """Take what was read, and wake the listeners if it is new to them."""
        if text == self.text and over == self.over:
            return
        if text != self.text:
            self.text, self.version = text, self.version + 1
            self.event = _Told(event=kind, id=str(self.version), data=text)
        self.over = over
        self.news.set()
        self.news = asyncio.Event()

    async def changed(self, seen: int) -> None:
        """Wait for a version after `seen`, or the end."""
        while self.version <= seen and not self.over:
            await self.news.wait()


class Feed:
    """The subjects that somebody listens to. Each is read once a second, however many listen."""

    def __init__(self, *, limit: int = LISTENERS, seconds: float = POLL_SECONDS) -> None:
        self._limit = limit
        self._seconds = seconds
        self._subjects: dict[str, _Subject] = {}

    def is_followed(self, name: str) -> bool:
        """Whether somebody listens to the subject already, and so it is there."""
        return name in self._subjects

    def is_full(self, name: str) -> bool:
        """Whether nobody else may listen to the subject, which has half of the room at most."""
        subject = self._subjects.get(name)
        crowded = subject is not None and subject.listeners >= self._limit // 2
        return crowded or sum(each.listeners for each in self._subjects.values()) >= self._limit

    async def listen(self, name: str, read: Read, kind: str) -> AsyncIterator[ServerSentEvent]:
        """The subject's text, now and whenever it has changed, as an event of the kind; `ended` after the last."""
        if self.is_full(name):
            yield ServerSentEvent(event="full", data="", retry=30_000)
            return
        subject = self._subjects.setdefault(name, _Subject())
        subject.listeners += 1
        subject.reader = subject.reader or asyncio.create_task(self._follow(subject, read, kind))
        seen = 0
        try:
            while True:
                await subject.changed(seen)
                if subject.version > seen and subject.event is not None:
                    seen = subject.version
                    yield subject.event
                elif subject.over:
                    yield ServerSentEvent(event="ended", data="")
                    return
        finally:
            subject.listeners -= 1
            if not subject.listeners:
                subject.reader.cancel()
                if self._subjects.get(name) is subject:
                    del self._subjects[name]

    async def _follow(self, subject: _Subject, read: Read, kind: str) -> None:
        while not subject.over:
            with suppress(DBAPIError, PoolTimeoutError):  # the database is away: what is known stays, and is read again
                text, over = await run_in_threadpool(read)
                subject.tell(text, kind, over=over)
            await asyncio.sleep(self._seconds)


class FeedResponse(EventSourceResponse):
    """Server-sent events with a heartbeat. A listener that takes nothing is let go without a word."""

    def __init__(self, events: AsyncIterator[ServerSentEvent]) -> None:
        super().__init__(events, ping=HEARTBEAT_SECONDS, send_timeout=SEND_SECONDS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(SendTimeoutError):
            await super().__call__(scope, receive, send)
