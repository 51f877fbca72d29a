"""Signing in by somebody else's word: an identity provider's or WeCom's. `/v1/session/{way}`.

The browser is sent to the provider and comes back with a code, which we redeem at the provider. Who begins and who
comes back are the same browser: a cookie holds the `state` that must come back with the code (RFC 6749, 10.12).
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from secrets import compare_digest
from typing import Annotated, Protocol
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import RedirectResponse
from itsdangerous import BadSignature, URLSafeTimedSerializer
from pydantic import BaseModel
from sqlmodel import Session, select
from starlette.concurrency import run_in_threadpool

from api.access.sessions import begin_session
from api.http.auth import actor_of, address_of
from api.http.context import Context, context
from api.http.problems import Invalid, NotFound, Unavailable, documented
from domain.access import audit, users
from domain.access.tables import User

LASTS = timedelta(minutes=10)
"""How long somebody may take at the provider."""

COOKIE = "aftershow_signin"
_WAY = Path(min_length=1, max_length=20, pattern=r"^[a-z]+$", description="as `GET /v1/session/ways` names it")


class SigninFailedError(Exception):
    """The provider didn't say who it is. The text is for the log, and names nobody."""


@dataclass(frozen=True)
class Ask:
    """One attempt to sign in: where the browser comes back to, and what only it and we know."""

    back: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Known:
    """Who somebody is by the provider's word: an email address or a phone, or what WeCom calls an employee."""

    login: str | None = None
    staff: str | None = None


class SigninWay(Protocol):
    """A provider that says who somebody is. `secret` signs what the browser keeps meanwhile."""

    name: str
    label: str
    secret: str

    async def address(self, ask: Ask, agent: str) -> str:
        """Where the browser, which calls itself `agent`, is sent. Raises SigninFailedError."""

    async def identify(self, ask: Ask, code: str) -> Known:
        """Who came back with the code. Raises SigninFailedError."""


class Way(BaseModel):
    """A way to sign in beside the password; it begins at `/v1/session/{way}`."""

    way: str
    label: str


def router(ways: Sequence[SigninWay], public_url: str | None) -> APIRouter:
    """The routes; `public_url` is where providers send browsers back to, else where the request came in."""
    routes = APIRouter(tags=["session"], responses=documented(NotFound, Invalid, Unavailable))
    by_name: Mapping[str, SigninWay] = {way.name: way for way in ways}

    def way_of(name: str) -> SigninWay:
        if name not in by_name:
            raise NotFound("There is no such way to sign in.")
        return by_name[name]

    def back_to(request: Request, way: SigninWay) -> str:
        return f"{public_url or str(request.base_url).rstrip('/')}/v1/session/{way.name}/callback"

    @routes.get("/v1/session/ways", summary="See how one can sign in beside by a password")
    def get_ways() -> list[Way]:
        return [Way(way=way.name, label=way.label) for way in ways]

    @routes.get("/v1/session/{way}", status_code=303, summary="Begin to sign in", response_class=RedirectResponse)
    async def get_way(request: Request, way: Annotated[str, _WAY]) -> RedirectResponse:
        """Sends the browser to the provider, which sends it back to `/v1/session/{way}/callback`."""
        chosen = way_of(way)
        kept = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")}
        try:
            address = await chosen.address(Ask(back_to(request, chosen), **kept), request.headers.get("user-agent", ""))
        except SigninFailedError:
            return _to_console("away")
        response = RedirectResponse(address, 303)
        response.set_cookie(
            COOKIE,
            _signer(chosen).dumps(kept),
            max_age=int(LASTS.total_seconds()),
            path="/v1/session",
            httponly=True,
            samesite="lax",  # it must come along when the provider sends the browser back
            secure=back_to(request, chosen).startswith("https:"),
        )
        return response

    @routes.get(
        "/v1/session/{way}/callback", status_code=303, summary="Come back signed in", response_class=RedirectResponse
    )
    async def get_callback(
        request: Request,
        way: Annotated[str, _WAY],
        state: Annotated[str, Query(max_length=200)] = "",
        code: Annotated[str, Query(max_length=4000)] = "",
    ) -> RedirectResponse:
        """Leads to the console, signed in, or told why not: `signin=failed`, `away` or `unknown`."""
        chosen = way_of(way)
        try:
            kept = _signer(chosen).loads(request.cookies.get(COOKIE, ""), max_age=int(LASTS.total_seconds()))
        except BadSignature:
            return _to_console("failed")
        if not code or not compare_digest(state.encode("utf-8", "replace"), kept["state"].encode()):
            return _to_console("failed")  # also if somebody declined, where there is an `error` instead of a code
        try:
            known = await chosen.identify(Ask(back_to(request, chosen), **kept), code)
        except SigninFailedError:
            return _to_console("failed")
        return await run_in_threadpool(_enter, context(request), request, chosen.name, known)

    return routes


def _enter(env: Context, request: Request, way: str, known: Known) -> RedirectResponse:
    with env.db.begin() as session:
        user = _user(session, known)
        if user is None or not user.active:
            if user is not None:
                refused = actor_of(user, address_of(request))
                audit.record(session, refused, "session.refuse", f"user:{user.id}", env.wall.now(), after={"by": way})
            return _to_console("unknown")
        response = _to_console(None)
        begin_session(env, session, request, response, user, way)
        return response


def _user(session: Session, known: Known) -> User | None:
    if known.staff is not None:
        return session.exec(select(User).where(User.staff == known.staff)).first()
    return users.find_user(session, known.login) if known.login else None


def _to_console(why: str | None) -> RedirectResponse:
    response = RedirectResponse("/console/" if why is None else f"/console/?signin={quote(why)}", 303)
    response.delete_cookie(COOKIE, path="/v1/session", httponly=True, samesite="lax")
    return response


def _signer(way: SigninWay) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(way.secret, salt=f"signin {way.name}")
