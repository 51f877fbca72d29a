"""Who calls: API keys as bearer tokens, and the scope that a route asks for."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param

from api.http.context import context
from api.http.problems import Forbidden, Unauthorized
from domain.access.tables import ApiKey

_bearer = HTTPBearer(auto_error=False, description="An API key, as `aftershow key create` prints it.")
_REALM = 'Bearer realm="aftershow"'

SECURITY: list[dict[str, list[str]]] = [{_bearer.scheme_name: []}]
"""OpenAPI's `security` of a route that asks for a key by itself."""

Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


def require(scope: str) -> Callable[[Request, HTTPAuthorizationCredentials | None], Awaitable[ApiKey]]:
    """A dependency that gives the caller's key, as `authorized` does."""

    async def allowed(request: Request, _: Credentials) -> ApiKey:
        return await authorized(request, scope)

    return allowed


async def authorized(request: Request, scope: str) -> ApiKey:
    """The caller's key. Raises Unauthorized without a valid key and Forbidden if the key lacks `scope`.

    The key is looked up at every request, so that revoking it works at once. A route asks for it before it reads the
    body, which then may be as large as a known caller's (api/bounds.py).
    """
    scheme, secret = get_authorization_scheme_param(request.headers.get("authorization"))
    if scheme.lower() != "bearer" or not secret:
        raise Unauthorized("Send it as Authorization: Bearer …", headers={"WWW-Authenticate": _REALM})
    (key,) = await context(request).keys.ask([secret])
    if key is None:
        challenge = f'{_REALM}, error="invalid_token"'
        raise Unauthorized("The key is unknown or revoked.", headers={"WWW-Authenticate": challenge})
    if scope not in key.scopes:
        challenge = f'{_REALM}, error="insufficient_scope", scope="{scope}"'
        raise Forbidden(f"It needs the scope {scope}.", headers={"WWW-Authenticate": challenge})
    request.state.caller = key.id
    return key
