"""Signing in and out: `/v1/session`."""

import math
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, StringConstraints
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from api.http.auth import COOKIE, Cookie, actor_of, address_of, check_csrf, identified
from api.http.bodies import described, read_json
from api.http.context import Context, context
from api.http.problems import (
    BodyTooLarge,
    Forbidden,
    Invalid,
    Problem,
    Stale,
    TooManyAttempts,
    Unauthorized,
    Unavailable,
    documented,
)
from domain.access import audit, pauses, sessions, users
from domain.access.actors import Actor
from domain.access.passwords import is_right
from domain.access.permissions import PERMISSIONS, Permission
from domain.access.tables import User

router = APIRouter(tags=["session"], responses=documented(Invalid, Unavailable))

Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class WrongPassword(Problem):
    status = 401
    code = "wrong_password"
    title = "The login or the password is wrong"


class DeadLink(Problem):
    status = 401
    code = "dead_link"
    title = "The link was used already or is too old"


class Login(BaseModel):
    """An email address or a phone, and the password."""

    login: Text
    password: Text


class Link(BaseModel):
    """The secret of a link."""

    token: Text


class NewPassword(BaseModel):
    """`current` isn't needed while there is none."""

    current: Text | None = None
    new: Text


class Me(BaseModel):
    """Who is signed in. `csrf` goes with every change as `X-CSRF-Token`."""

    id: int
    name: str
    email: str | None
    phone: str | None
    roles: list[str]
    permissions: list[Permission] = Field(description="what the roles permit together")
    has_password: bool
    csrf: str
    expires_at: datetime


@router.get("/v1/session", summary="See who is signed in")
def get_session(request: Request, secret: Cookie) -> Me | None:
    """Null if nobody is."""
    env = context(request)
    with env.db.begin() as session:
        signed_in = sessions.find(session, secret, env.wall.now()) if secret else None
        return _me(signed_in[0], secret, signed_in[1].expires_at) if signed_in and secret else None


@router.post(
    "/v1/session",
    summary="Sign in",
    responses=documented(WrongPassword, TooManyAttempts, Forbidden, BodyTooLarge),
    openapi_extra=described(Login, {"login": "li@shop.cn", "password": "…"}),
)
async def post_session(request: Request, response: Response) -> Me:
    """Sets the cookie. After some failures in a row, each attempt has to wait longer: `429` with `Retry-After`."""
    _same_site(request)
    return await run_in_threadpool(_sign_in, request, response, await read_json(request, Login))


def _sign_in(request: Request, response: Response, body: Login) -> Me:
    env = context(request)
    address = address_of(request) or "unknown"
    now = env.wall.now()
    with env.db.begin() as session:
        wait = pauses.attempt(session, body.login, address, now)
        user = users.find_user(session, body.login)
        kept = user.password if user else None
    if wait > timedelta(0):
        seconds = math.ceil(wait.total_seconds())
        raise TooManyAttempts(f"Try again in {seconds} seconds.", headers={"Retry-After": str(seconds)}, wait=seconds)
    right = is_right(kept, body.password)
    with env.db.begin() as session:
        user = session.get(User, user.id) if user else None
        if user is not None and user.active and right and user.password == kept:
            pauses.succeeded(session, body.login, address, now)
            return begin_session(env, session, request, response, user, "password")
        if user is not None:
            audit.record(session, actor_of(user, address), "session.refuse", f"user:{user.id}", now)
    raise WrongPassword()


@router.post(
    "/v1/session/link",
    summary="Sign in by a link",
    responses=documented(DeadLink, Forbidden, BodyTooLarge),
    openapi_extra=described(Link, {"token": "…"}),
)
async def post_link(request: Request, response: Response) -> Me:
    """Each link holds once, and for a day."""
    _same_site(request)
    return await run_in_threadpool(_open, request, response, await read_json(request, Link))


def _open(request: Request, response: Response, body: Link) -> Me:
    env = context(request)
    with env.db.begin() as session:
        user = sessions.use_link(session, body.token, env.wall.now())
        if user is None:
            raise DeadLink("Ask for a new one.")
        return begin_session(env, session, request, response, user, "link")


@router.delete("/v1/session", status_code=204, summary="Sign out")
def delete_session(request: Request, response: Response, secret: Cookie) -> None:
    """Nothing happens if nobody is signed in."""
    env = context(request)
    with env.db.begin() as session:
        signed_in = sessions.find(session, secret, env.wall.now()) if secret else None
        if secret and signed_in:
            check_csrf(request, secret)
            sessions.end(session, secret)
            actor = actor_of(signed_in[0], address_of(request))
            audit.record(session, actor, "session.end", f"user:{signed_in[0].id}", env.wall.now())
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")


@router.put(
    "/v1/session/password",
    status_code=204,
    summary="Change the own password",
    responses=documented(Unauthorized, WrongPassword, Stale, BodyTooLarge),
    openapi_extra=described(NewPassword, {"current": "…", "new": "…"}),
)
async def put_password(request: Request, secret: Cookie) -> None:
    """All other sessions of the user end, and their links."""
    caller = await identified(request)
    if caller.kind != "user" or secret is None:
        raise Unauthorized("Sign in first.")
    await run_in_threadpool(_change_password, request, secret, await read_json(request, NewPassword))


def _change_password(request: Request, secret: str, body: NewPassword) -> None:
    env = context(request)
    now = env.wall.now()
    with env.db.begin() as session:
        signed_in = sessions.find(session, secret, now)
        if signed_in is None:
            raise Unauthorized("Sign in first.")
        user = signed_in[0]
        if user.password is not None and not is_right(user.password, body.current or ""):
            raise WrongPassword("The current password is another one.")
        try:
            users.set_password(session, user, body.new, but=sessions.hash_of(secret))
        except ValueError as problem:
            error = {"field": "new", "reason": "unfit", "detail": str(problem)}
            raise Invalid("The new password isn't fit.", errors=[error]) from None
        audit.record(session, actor_of(user, address_of(request)), "user.password", f"user:{user.id}", now)


def begin_session(env: Context, session: Session, request: Request, response: Response, user: User, how: str) -> Me:
    """Sign a user in, who came `how`: a row of the audit, and the cookie in the response."""
    now = env.wall.now()
    secret = sessions.begin(session, user, now)
    actor: Actor = actor_of(user, address_of(request))
    audit.record(session, actor, "session.begin", f"user:{user.id}", now, after={"by": how})
    response.set_cookie(
        COOKIE, secret, path="/", httponly=True, samesite="strict", secure=request.url.scheme == "https"
    )
    return _me(user, secret, now + sessions.LASTS)


def _me(user: User, secret: str, until: datetime) -> Me:
    permitted = actor_of(user, None).permissions
    return Me(
        id=user.id,
        name=user.name,
        email=user.email,
        phone=user.phone,
        roles=user.roles,
        permissions=[each for each in PERMISSIONS if each in permitted],
        has_password=user.password is not None,
        csrf=sessions.csrf_of(secret),
        expires_at=until,
    )


def _same_site(request: Request) -> None:
    """Nobody is signed in by another site's page, as somebody else than they think."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise Forbidden("Sign in on the console's own page.")
