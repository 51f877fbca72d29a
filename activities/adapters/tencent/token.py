"""The access token of a WeCom or WeChat account: asked for once, and shared by all workers through Postgres."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from anyio import Lock, from_thread, to_thread
from sqlalchemy import func
from sqlmodel import select

from domain.channels.tables import ProviderToken
from domain.store.clock import Clock
from domain.store.work import Database

Fetch = Callable[[], Coroutine[Any, Any, tuple[str, float]]]
"""Asks the provider for a token, and for how many seconds it holds. What it raises, whoever wants the token gets."""

USED = 0.9
"""How much of a token's life it is used for."""


class SharedToken:
    """The token of the account called `name`. To be used on one event loop."""

    def __init__(self, db: Database, clock: Clock, name: str, fetch: Fetch) -> None:
        self._db = db
        self._clock = clock
        self._name = name
        self._fetch = fetch
        self._lock = Lock()
        self._tries = 0
        self._held: ProviderToken | None = None
        self._error: Exception | None = None

    async def get(self, *, but: str | None = None) -> str:
        """A token that holds, and is another one than `but`, which the provider has just turned down.

        However many ask at once, in however many processes, the provider is asked once; those who waited for an
        answer get the same, an error too.
        """
        if self._held is not None and self._good(self._held, but):
            return self._held.token
        seen = self._tries
        async with self._lock:
            if self._tries == seen or (self._held is not None and self._held.token == but):
                self._held = self._error = None
                try:
                    self._held = await to_thread.run_sync(self._find, but)
                except Exception as error:
                    self._error = error
                self._tries += 1
        if self._error is not None:
            raise self._error
        assert self._held is not None
        return self._held.token

    def _find(self, but: str | None) -> ProviderToken:
        """What another process has found in the meantime, or else the provider's answer."""
        with self._db.begin() as work:
            work.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(self._name, 0))))
            stored = work.get(ProviderToken, self._name)
            if stored is None or not self._good(stored, but):
                token, seconds = from_thread.run(self._fetch)
                expires_at = self._clock.now() + timedelta(seconds=USED * seconds)
                stored = work.merge(ProviderToken(account=self._name, token=token, expires_at=expires_at))
                work.flush()
            work.expunge(stored)
            return stored

    def _good(self, held: ProviderToken, but: str | None) -> bool:
        return held.token != but and self._clock.now() < held.expires_at
