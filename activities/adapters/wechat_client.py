"""Calls to a WeChat Official Account, each with the shared token.

https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html
"""

import logging
from collections.abc import Mapping
from typing import Any

import httpx
from anyio import fail_after
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from activities.adapters.tencent_token import SharedToken
from activities.adapters.wecom_client import MEND_SECONDS, LostError, NotTakenError, RefusedError
from domain.clock import Clock

logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log addresses, which hold the secret and the token

STALE_TOKEN = frozenset({40001, 40014, 42001})
"""The token ran out or was replaced: another one may do."""

BUSY: Mapping[int, float] = {-1: 5, 45011: 60, 45009: 3600}
"""WeChat can't take it now, has had too many within the minute, or within the day; after so many seconds it may."""

MISCONFIGURED = STALE_TOKEN | {40002, 40013, 40125, 40164, 40243, 41001, 48001, 48004, 50001, 61024}
"""The account isn't set up as it must be: secret, address list, permissions. Ours to mend; no message is lost by it."""

_BUSY_SECONDS = 5.0


class WechatClient:
    """Calls as an Official Account. To be used on one event loop; `timeout` is in seconds, for all of a call."""

    def __init__(
        self, db: sessionmaker[Session], clock: Clock, *, app_id: str, secret: str, base_url: str, timeout: float
    ) -> None:
        self._timeout = timeout
        self._http = httpx.AsyncClient(
            base_url=base_url.rstrip("/"), timeout=httpx.Timeout(timeout, connect=timeout / 2)
        )
        self._who = {"grant_type": "client_credential", "appid": app_id, "secret": secret}
        self._token = SharedToken(db, clock, f"wechat/{app_id}", self._fetch_token)

    async def post(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to `POST /cgi-bin/{path}`. A token that was turned down is renewed once.

        Raises NotTakenError, LostError or RefusedError; none of them repeats what was sent or answered.
        """
        token = await self._get_token()
        answer = await self._call("POST", path, {"access_token": token}, body)
        if answer["errcode"] in STALE_TOKEN:
            token = await self._get_token(but=token)
            answer = await self._call("POST", path, {"access_token": token}, body)
        _raise_for(answer["errcode"])
        return answer

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _get_token(self, *, but: str | None = None) -> str:
        try:
            return await self._token.get(but=but)
        except SQLAlchemyError:
            raise NotTakenError("no access token: the database is away", _BUSY_SECONDS) from None

    async def _fetch_token(self) -> tuple[str, float]:
        try:
            answer = await self._call("GET", "token", self._who, None)
            _raise_for(answer["errcode"])
            return str(answer["access_token"]), float(answer["expires_in"])
        except RefusedError as error:
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
            raise NotTakenError(f"HTTP {status}", _retry_after(response) if soon else MEND_SECONDS)
        try:
            answer = response.json()
            return {**answer, "errcode": int(answer.get("errcode", 0))}
        except (ValueError, TypeError, AttributeError):
            raise LostError("an answer that can't be read") from None


def _raise_for(code: int) -> None:
    if code in BUSY:
        raise NotTakenError(f"errcode {code}", BUSY[code])
    if code in MISCONFIGURED:
        raise NotTakenError(f"errcode {code}: the account must be set right", MEND_SECONDS)
    if code:
        raise RefusedError(code)


def _retry_after(response: httpx.Response) -> float:
    told = response.headers.get("retry-after", "")
    return float(told) if told.isascii() and told.isdecimal() and len(told) < 6 else _BUSY_SECONDS
