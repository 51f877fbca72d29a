"""Calls to WeCom and WeChat, which answer alike: each with the shared token, each told apart by its error code."""

import logging
from collections.abc import Mapping, Set
from typing import Any, ClassVar

import httpx
from anyio import fail_after
from sqlalchemy.exc import SQLAlchemyError

from activities.adapters.retry_after import seconds_of
from activities.adapters.tencent.token import SharedToken
from domain.store.clock import Clock
from domain.store.work import Database

logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log addresses, which hold the secret and the token

STALE_TOKEN = frozenset({40001, 40014, 42001})
"""The token ran out or was replaced: another one may do."""

MEND_SECONDS = 600.0
"""How long until something that people must mend is tried again."""

LONGEST_PAUSE = 3600.0

_BUSY_SECONDS = 5.0


class NotTakenError(Exception):
    """The provider has certainly not carried out the call; it is worth another try after some seconds."""

    def __init__(self, reason: str, after: float) -> None:
        super().__init__(reason)
        self.after = after


class LostError(Exception):
    """The call may or may not have been carried out."""


class TencentRefusedError(Exception):
    """The provider refused the call for good."""

    def __init__(self, code: int) -> None:
        super().__init__(f"errcode {code}")
        self.code = code


class TencentClient:
    """Calls of one account. To be used on one event loop; `timeout` is in seconds, for all of a call.

    `name` is the account's, `who` what its token is asked for with. Every call raises NotTakenError, LostError or
    RefusedError; none of them repeats what was sent or answered.
    """

    token_path: ClassVar[str]
    busy: ClassVar[Mapping[int, float]]
    """The codes that say that it can't be taken now, and after how many seconds it may."""
    misconfigured: ClassVar[Set[int]]
    """The codes that say that the account isn't set up as it must be: ours to mend, and no message is lost by it."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        name: str,
        who: Mapping[str, str],
        *,
        base_url: str,
        timeout: float,
    ) -> None:
        self._timeout = timeout
        self._http = httpx.AsyncClient(
            base_url=base_url.rstrip("/"), timeout=httpx.Timeout(timeout, connect=timeout / 2)
        )
        self._who = who
        self._token = SharedToken(db, clock, name, self._fetch_token)

    async def post(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to `POST /cgi-bin/{path}`. A token that was turned down is renewed once."""
        return await self._answer("POST", path, {}, body)

    async def get(self, path: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        """The answer to `GET /cgi-bin/{path}`, likewise."""
        return await self._answer("GET", path, query, None)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _answer(
        self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> Mapping[str, Any]:
        token = await self._get_token()
        answer = await self._call(method, path, {**query, "access_token": token}, body)
        if answer["errcode"] in STALE_TOKEN:
            token = await self._get_token(but=token)
            answer = await self._call(method, path, {**query, "access_token": token}, body)
        self._raise_for(answer["errcode"])
        return answer

    async def _get_token(self, *, but: str | None = None) -> str:
        try:
            return await self._token.get(but=but)
        except SQLAlchemyError:
            raise NotTakenError("no access token: the database is away", _BUSY_SECONDS) from None

    async def _fetch_token(self) -> tuple[str, float]:
        try:
            answer = await self._call("GET", self.token_path, self._who, None)
            self._raise_for(answer["errcode"])
            return str(answer["access_token"]), float(answer["expires_in"])
        except TencentRefusedError as error:
            raise NotTakenError(f"no access token: {error}", MEND_SECONDS) from None
        except (LostError, LookupError, ValueError, TypeError):
            raise NotTakenError("no access token: no answer", _BUSY_SECONDS) from None

    async def _call(
        self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> Mapping[str, Any]:
        try:
            with fail_after(self._timeout):
                response = await self._http.request(method, f"/cgi-bin/{path}", params=query, json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotTakenError(type(error).__name__, _BUSY_SECONDS) from None
        except (httpx.HTTPError, TimeoutError) as error:
            raise LostError(type(error).__name__) from None
        status = response.status_code
        if status == httpx.codes.GATEWAY_TIMEOUT:
            raise LostError("HTTP 504")
        if not response.is_success:
            soon = status == httpx.codes.TOO_MANY_REQUESTS or response.is_server_error
            after = seconds_of(response.headers)
            pause = _BUSY_SECONDS if after is None else min(after, LONGEST_PAUSE)
            raise NotTakenError(f"HTTP {status}", pause if soon else MEND_SECONDS)
        try:
            answer = response.json()
            return {**answer, "errcode": int(answer.get("errcode", 0))}
        except (ValueError, TypeError, AttributeError):
            raise LostError("an answer that can't be read") from None

    def _raise_for(self, code: int) -> None:
        if code in self.busy:
            raise NotTakenError(f"errcode {code}", self.busy[code])
        if code in self.misconfigured or code in STALE_TOKEN:
            raise NotTakenError(f"errcode {code}: the account must be set right", MEND_SECONDS)
        if code:
            raise TencentRefusedError(code)
