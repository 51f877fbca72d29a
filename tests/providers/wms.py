"""A warehouse system on a real socket: tells what there is of lots, as docs/stock.md asks of it."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "w-1"


@dataclass
class FakeWms:
    """`faults` are answered in turn, each as a status and a body, before questions are answered as usual."""

    url: str = ""
    lots: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    faults: list[tuple[int, bytes]] = field(default_factory=list)
    asked: list[list[str]] = field(default_factory=list)

    def answer(self, token: str | None, path: str, body: bytes) -> tuple[int, bytes]:
        if self.faults:
            return self.faults.pop(0)
        if token != f"Bearer {TOKEN}" or path != "/levels":
            return 401, b"{}"
        wanted = json.loads(body)["lots"]
        self.asked.append(wanted)
        levels = [{"lot_id": lot, **self.lots[lot]} for lot in reversed(wanted) if lot in self.lots]
        return 200, json.dumps({"levels": levels}).encode()


@contextmanager
def wms_server() -> Iterator[FakeWms]:
    """The warehouse, while the block runs."""
    wms = FakeWms()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, answer = wms.answer(self.headers.get("authorization"), self.path, body)
            self.send_response(status)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        wms.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield wms
        finally:
            server.shutdown()
            thread.join()
