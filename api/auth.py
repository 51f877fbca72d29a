"""Who calls: API keys as bearer tokens, and the scope that a route asks for."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.context import context
from api.problems import Forbidden, Unauthorized
from domain.tables import ApiKey

_bearer = HTTPBearer(auto_error=False, description="An API key, as `aftershow key create` prints it.")
_REALM = 'Bearer realm="aftershow"'

Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


def require(scope: str) -> Callable[[Request, HTTPAuthorizationCredentials | None], Awaitable[ApiKey]]:
    """A dependency that gives the caller's key.

    It raises Unauthorized without a valid key and Forbidden if the key lacks `scope`. The key is looked up at every
    request, so that revoking it works at once.
    """

    async def authorized(request: Request, credentials: Credentials) -> ApiKey:
        if credentials is None or not credentials.credentials:
            raise Unauthorized("Send it as Authorization: Bearer …", headers={"WWW-Authenticate": _REALM})
        (key,) = await context(request).keys.ask([credentials.credentials])
        if key is None:
            challenge = f'{_REALM}, error="invalid_token"'
            raise Unauthorized("The key is unknown or revoked.", headers={"WWW-Authenticate": challenge})
        if scope not in key.scopes:
            challenge = f'{_REALM}, error="insufficient_scope", scope="{scope}"'
            raise Forbidden(f"It needs the scope {scope}.", headers={"WWW-Authenticate": challenge})
        return key

    return authorized
