"""Assistants over HTTP: `/mcp`, with the API's keys. Each request stands alone; no session is kept."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from api.http.auth import identified
from api.http.problems import Unauthorized, Unavailable

if TYPE_CHECKING:
    from mcp.server.mcpserver import Context as Asking
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

PATH = "/mcp"


class Assistants:
    """The route `/mcp`, which answers while the `lifespan` of its app lasts."""

    def __init__(self) -> None:
        self.route = Route(PATH, self, methods=["POST"])
        self._manager: StreamableHTTPSessionManager | None = None

    @asynccontextmanager
    async def lifespan(self, _: object) -> AsyncIterator[None]:
        """Ready to answer while the block runs. The protocol's library is loaded only here: it is a large one."""
        from mcp.server.transport_security import TransportSecuritySettings

        from api.assistants.tools import assistant_server

        server = assistant_server(_as_who_asks)
        # callers are known by their keys, which a page of another host hasn't got
        any_host = TransportSecuritySettings(enable_dns_rebinding_protection=False)
        server.streamable_http_app(json_response=True, stateless_http=True, transport_security=any_host)
        async with server.session_manager.run():
            self._manager = server.session_manager
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Only what is posted is answered, for nothing is told unasked."""
        request = Request(scope, receive)
        if "authorization" not in request.headers:
            raise Unauthorized("Send a key as Authorization: Bearer ….", headers={"WWW-Authenticate": "Bearer"})
        await identified(request)
        if self._manager is None:
            raise Unavailable("Assistants aren't served here.")
        await self._manager.handle_request(scope, receive, send)


async def _as_who_asks(context: "Asking", method: str, path: str, **options: Any) -> httpx.Response:
    """Call the app that serves the request, with the key that came with it."""
    request: Any = context.request_context.request
    transport = httpx.ASGITransport(request.app, client=request.client or ("", 0))
    headers = options.pop("headers", {}) | {"authorization": request.headers["authorization"]}
    async with httpx.AsyncClient(transport=transport, base_url="http://aftershow", timeout=None) as client:
        return await client.request(method, path, headers=headers, **options)
