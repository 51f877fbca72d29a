"""The short way for viewers' entries: before all else of the app, since a framework's request costs more than an entry.

`POST /v1/plays/{play}/entries` without a key or a session comes here: the body is small, the token is checked without
the database, and entries that come while others are being written are written together after them. No more than `MOST`
wait at a time; the next is told to come again (`429`, `Retry-After`). What was answered is committed.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import orjson
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.batching import MicroBatcher
from api.http.metrics import ENTRIES
from api.http.problems import BodyTooLarge, Invalid, Problem, TooFast, TooSlow, Unauthorized, Unavailable, respond
from api.http.transactions import in_transaction
from api.plays.entries import customer_by
from domain.plays.rounds import Ask, Taken, take
from domain.plays.tokens import token_key
from domain.store.clock import Clock
from domain.store.work import Database

PATH, LAST = "/v1/plays/", "/entries"
LARGEST = 2_000
"""Bytes of a body."""

SECONDS = 10
"""How long a body may take to come."""

MOST, AT_ONCE = 4_000, 500
"""Entries that wait, and that are written in a transaction."""

GATHER = 0.015
"""Seconds for which entries are gathered: a transaction costs as much as a hundred entries in it."""
_KNOWN = frozenset({"id", "token", "choice"})

Question = tuple[str, Ask]


class EntryDoor:
    """Takes viewers' entries, and lets all else through to the app."""

    def __init__(self, app: ASGIApp, db: Database, clock: Clock) -> None:
        self._app = app
        self._db = db
        self._clock = clock
        self._entries: MicroBatcher[Question, Taken] = MicroBatcher(
            partial(write, db), threads=1, most=AT_ONCE, gather=GATHER
        )
        self._key: bytes | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or not _is_for_viewers(scope):
            await self._app(scope, receive, send)
            return
        try:
            body = await _read(receive)
            taken = await self._take(scope["path"][len(PATH) : -len(LAST)], body)
        except Problem as problem:
            await respond(problem, Request(scope))(scope, receive, send)
            return
        ENTRIES.labels(taken.reason or "accepted").inc()
        told = orjson.dumps({"entry": taken.entry, "accepted": taken.entry is not None, "reason": taken.reason})
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(told))]
        await send({"type": "http.response.start", "status": 202, "headers": headers})
        await send({"type": "http.response.body", "body": told})

    async def _take(self, play: str, body: bytes) -> Taken:
        key, token, choice = _parse(body)
        try:
            now = self._clock.now()
            customer = customer_by(await self._secret(), play, token, now)
            if self._entries.waiting >= MOST:
                ENTRIES.labels("too_fast").inc()
                raise TooFast("Too many entries at once.", headers={"Retry-After": "1"})
            (taken,) = await self._entries.ask([(play, Ask(key, customer, choice, now))])
        except (DBAPIError, PoolTimeoutError):
            raise Unavailable("The database can't take it now.", headers={"Retry-After": "2"}) from None
        return taken

    async def _secret(self) -> bytes:
        if self._key is None:
            self._key = await run_in_threadpool(secret_of, self._db)
        return self._key


def secret_of(db: Database) -> bytes:
    """What tokens are signed with."""
    with db.begin() as work:
        return token_key(work)


def write(db: Database, questions: Sequence[Question]) -> list[Taken]:
    """Take entries, those of each play in one transaction."""
    places: dict[str, list[int]] = {}
    for place, (play, _) in enumerate(questions):
        places.setdefault(play, []).append(place)
    answers: list[Taken | None] = [None] * len(questions)
    for play, of_play in places.items():
        asks = [questions[place][1] for place in of_play]
        written = in_transaction(db, partial(take, name=play, asks=asks))
        for place, taken in zip(of_play, written, strict=True):
            answers[place] = taken
    return [taken for taken in answers if taken is not None]


def _is_for_viewers(scope: Scope) -> bool:
    path: str = scope["path"]
    if not path.startswith(PATH) or not path.endswith(LAST):
        return False
    return not any(name in (b"authorization", b"cookie") for name, _ in scope["headers"])


async def _read(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body", False):
        try:
            async with asyncio.timeout(SECONDS):
                while message.get("more_body", False) and len(body) <= LARGEST:
                    message = await receive()
                    body += message.get("body", b"")
        except TimeoutError:
            raise TooSlow(headers={"Connection": "close"}) from None
    if len(body) > LARGEST:
        raise BodyTooLarge(f"A body has at most {LARGEST} bytes.", headers={"Connection": "close"})
    return body


def _parse(body: bytes) -> tuple[str, str, Any]:
    """The id, the token and the choice. Raises Invalid, and Unauthorized without a token."""
    if not body:
        raise _no_token()
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise _invalid("", "bad_json", "must be a JSON object") from None
    if not isinstance(sent, dict):
        raise _invalid("", "bad_json", "must be a JSON object")
    token = sent.get("token")
    if not isinstance(token, str) or not token:
        raise _no_token()
    if unknown := next((name for name in sent if name not in _KNOWN), None):
        raise _invalid(unknown[:40], "extra_forbidden", "isn't known here")
    key, choice = sent.get("id"), sent.get("choice")
    if not isinstance(key, str) or not 1 <= len(key) <= 100 or "\0" in key:
        raise _invalid("id", "bad_id", "must be a text of 1 to 100 characters")
    is_text = isinstance(choice, str) and len(choice) <= 200 and "\0" not in choice
    is_number = isinstance(choice, int | float) and not isinstance(choice, bool)
    if choice is not None and not is_text and not is_number:
        raise _invalid("choice", "bad_choice", "must be a text or a number")
    return key, token, choice


def _no_token() -> Unauthorized:
    return Unauthorized("Send a token, or a key as Authorization: Bearer ….")


def _invalid(field: str, reason: str, detail: str) -> Invalid:
    return Invalid(errors=[{"field": field, "reason": reason, "detail": detail}])
