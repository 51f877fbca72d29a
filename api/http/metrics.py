"""What the API measures of itself."""

import time

from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problems import unexpected

EVENTS = Counter("aftershow_events", "Events sent to the API, by type and by what became of them.", ["type", "outcome"])
ENTRIES = Counter(
    "aftershow_play_entries", "Entries that viewers sent with a token, by what became of them.", ["outcome"]
)
REQUESTS = Counter("aftershow_http_requests", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram("aftershow_http_request_seconds", "Seconds until a request was answered.", ["method", "route"])

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Watch:
    """Counts and times every request, and turns what nobody foresaw into a problem that tells the caller nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:
            response = unexpected(error)
            if status:
                raise RuntimeError("the answer was broken off") from None
            await response(scope, receive, sending)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            route = getattr(scope.get("route"), "path", "none")
            REQUESTS.labels(method, route, status).inc()
            SECONDS.labels(method, route).observe(time.perf_counter() - began)
