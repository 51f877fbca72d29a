"""Who calls: programs with an API key as bearer token, people with the cookie of their session."""

from secrets import compare_digest
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param
from starlette.concurrency import run_in_threadpool

from api.http.context import Context, context
from api.http.problems import Forbidden, Stale, Unauthorized
from domain.access import sessions
from domain.access.actors import Actor
from domain.access.permissions import Permission, of_roles, of_scopes
from domain.access.tables import User

COOKIE = "aftershow_session"
CSRF_HEADER = "X-CSRF-Token"

_bearer = HTTPBearer(auto_error=False, description="An API key, as `aftershow key create` prints it.")
_cookie = APIKeyCookie(
    name=COOKIE, auto_error=False, description=f"A session; what changes something needs `{CSRF_HEADER}` beside it."
)
_REALM = 'Bearer realm="aftershow"'
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

SECURITY: list[dict[str, list[str]]] = [{_bearer.scheme_name: []}, {_cookie.scheme_name: []}]
"""OpenAPI's `security` of a route that asks who calls by itself."""

Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
Cookie = Annotated[str | None, Security(_cookie)]


class require:  # noqa: N801 it is called like a function
    """A dependency that gives the caller, as `authorized` does."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, request: Request, _: Credentials, __: Cookie) -> Actor:
        return await authorized(request, self.permission)


async def authorized(request: Request, permission: Permission) -> Actor:
    """The caller. Raises Unauthorized without a valid key or session, Stale if the page that calls belongs to another
    session, and Forbidden if the caller lacks the permission.

    Key and session are looked up at every request, so that revoking one works at once. A route asks for it before it
    reads the body, which then may be as large as a known caller's (api/http/bounds.py).
    """
    caller = await identified(request)
    if permission not in caller.permissions:
        challenge = f'{_REALM}, error="insufficient_scope", scope="{permission}"'
        raise Forbidden(f"It needs the permission {permission}.", headers={"WWW-Authenticate": challenge})
    return caller


async def identified(request: Request) -> Actor:
    """The caller, whatever they may do. Raises Unauthorized and Stale, as `authorized` does."""
    caller = await _caller(request)
    request.state.caller = caller.reference
    return caller


async def _caller(request: Request) -> Actor:
    header = request.headers.get("authorization")
    if header is None and (secret := request.cookies.get(COOKIE)):
        return await run_in_threadpool(_user, context(request), request, secret)
    scheme, secret = get_authorization_scheme_param(header)
    if scheme.lower() != "bearer" or not secret:
        raise Unauthorized("Send a key as Authorization: Bearer …, or sign in.", headers={"WWW-Authenticate": _REALM})
    (key,) = await context(request).keys.ask([secret])
    if key is None:
        challenge = f'{_REALM}, error="invalid_token"'
        raise Unauthorized("The key is unknown or revoked.", headers={"WWW-Authenticate": challenge})
    return Actor("key", key.name, of_scopes(key.scopes), key.id, address_of(request))


def actor_of(user: User, address: str | None) -> Actor:
    """A user as the one who acts."""
    return Actor("user", user.name, of_roles(user.roles), user.id, address)


def address_of(request: Request) -> str | None:
    """Where the request came from: behind a proxy, what that says, if uvicorn is told to trust it."""
    return request.client.host if request.client else None


def check_csrf(request: Request, secret: str) -> None:
    """Raises Stale unless the request shows what only a page of this session can know."""
    shown = request.headers.get(CSRF_HEADER, "").encode("utf-8", "surrogateescape")
    if not compare_digest(shown, sessions.csrf_of(secret).encode()):
        raise Stale("Load the page again.")


def _user(env: Context, request: Request, secret: str) -> Actor:
    with env.db.begin() as session:
        signed_in = sessions.find(session, secret, env.wall.now())
        if signed_in is None:
            raise Unauthorized("The session is over; sign in again.", headers={"WWW-Authenticate": _REALM})
        if request.method not in _SAFE:
            check_csrf(request, secret)
        return actor_of(signed_in[0], address_of(request))
