"""What a request may be, before any route sees it: how large its body is, how long it takes to come, what it holds."""

import asyncio
from collections import Counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.limits import Limits
from api.http.problems import BodyTooLarge, TooSlow, Unavailable

_LEAST = 1000
"""Bytes that a body counts for, however small it is."""


class Bounds:
    """Bounds the bodies of all routes, while they are read. Used by one loop.

    Until a key was accepted (`request.state.caller`) a body has at most `max_stranger_bytes`, then `max_body_bytes`. It
    must have come `body_seconds` after its reading began. All bodies together, from their first byte to their answer,
    have `max_held_bytes`; those of one key that are still coming have a quarter of it. Who reads a body is told by
    BodyTooLarge, TooSlow or Unavailable.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._room = _Room(limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(self._room, scope, receive)
        body.state["unpack"] = body.unpack
        try:
            await self._app(scope, body.receive, send)
        finally:
            body.let_go()


class _Room:
    """What is held of bodies, and of those that are still coming by whose they are."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.held = 0
        self.coming: Counter[str | None] = Counter()


class _Body:
    """The body of one request, and what of the room it takes."""

    def __init__(self, room: _Room, scope: Scope, receive: Receive) -> None:
        self._room = room
        self._receive = receive
        self.state = scope.setdefault("state", {})
        self._declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        self._owner: str | None = None
        self._size = self._held = self._coming = 0
        self._deadline: float | None = None
        self._whole = False

    async def receive(self) -> Message:
        if self._whole:
            return await self._receive()
        limits = self._room.limits
        self._owner = self.state.get("caller")
        limit = limits.max_body_bytes if self._owner else min(limits.max_body_bytes, limits.max_stranger_bytes)
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + limits.body_seconds
            if self._declared.isdigit() and (len(self._declared) > 18 or int(self._declared) > limit):
                raise _too_large(limit)
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise TooSlow(headers={"Connection": "close"}) from None
        part = len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if part:
            self._hold(part if self._size else max(part, _LEAST))
        if self._whole:
            self._arrive()
        self._size += part
        if self._size > limit:
            raise _too_large(limit)
        return message

    def unpack(self, size: int) -> None:
        """Take room for so many more bytes, which the body is unpacked to. Raises Unavailable if there is none."""
        if self._room.held + size > self._room.limits.max_held_bytes:
            raise _crowded()
        self._room.held += size
        self._held += size

    def let_go(self) -> None:
        self._arrive()
        self._room.held -= self._held

    def _hold(self, size: int) -> None:
        room, most = self._room, self._room.limits.max_held_bytes
        crowded = not self._whole and room.coming[self._owner] + size > most // 4
        if crowded or room.held + size > most:
            raise _crowded()
        room.held += size
        self._held += size
        room.coming[self._owner] += size
        self._coming += size

    def _arrive(self) -> None:
        """All that will come of it is here."""
        room = self._room
        room.coming[self._owner] -= self._coming
        self._coming = 0
        if not room.coming[self._owner]:
            del room.coming[self._owner]


def _crowded() -> Unavailable:
    return Unavailable("Too many requests are waiting to be taken.", headers={"Retry-After": "1"})


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"A body has at most {limit} bytes.", headers={"Connection": "close"})
