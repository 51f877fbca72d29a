"""HTTP as the server reads it: bounds for what comes before a request is one, its line and its headers."""

from asyncio import TimerHandle, Transport

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_BYTES = 32_000
"""The request line and the headers together."""

HEADER_SECONDS = 10
"""How long they may take to come, from the connection or from the request's first byte."""


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's own, which holds headers of any size for any time. A connection beyond the bounds is closed."""

    _read = 0
    _between = True
    _deadline: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._headers_are_here()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._between:
            self._read += len(data)
        super().data_received(data)
        if self._between and self._read > HEADER_BYTES and not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\r\n")
            self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._deadline is None:
            self._await_headers()

    def on_headers_complete(self) -> None:
        self._headers_are_here()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._between = True

    def _await_headers(self) -> None:
        self._read, self._between = 0, True
        self._deadline = self.loop.call_later(HEADER_SECONDS, self._too_late)

    def _headers_are_here(self) -> None:
        self._read, self._between = 0, False
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        self.transport.close()
