"""What the API measures of itself."""

import time

from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problems import unexpected
from domain.store import tracing

EVENTS = Counter("aftershow_events", "Events sent to the API, by type and by what became of them.", ["type", "outcome"])
ENTRIES = Counter(
    "aftershow_play_entries", "Entries that viewers sent with a token, by what became of them.", ["outcome"]
)
REQUESTS = Counter("aftershow_http_requests", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram("aftershow_http_request_seconds", "Seconds until a request was answered.", ["method", "route"])

_UNTRACED = frozenset({"/healthz", "/readyz", "/metrics"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Watch:
    """Counts, times and traces requests, and turns what nobody foresaw into a problem that tells the caller nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif tracing.is_on() and scope["path"] not in _UNTRACED:
            headers = Headers(scope=scope)
            parent = headers.get("traceparent") if "authorization" in headers else None
            with tracing.span(scope["method"], parent, tracing.SpanKind.SERVER) as span:
                status = await self._watch(scope, receive, send)
                span.update_name(f"{scope['method']} {_route(scope)}")
                span.set_attributes({"http.route": _route(scope), "http.response.status_code": status})
        else:
            await self._watch(scope, receive, send)

    async def _watch(self, scope: Scope, receive: Receive, send: Send) -> int:
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
            route = _route(scope)
            REQUESTS.labels(method, route, status).inc()
            SECONDS.labels(method, route).observe(time.perf_counter() - began)
        return status


def _route(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path", "none"))
