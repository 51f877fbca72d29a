"""An ERP on a real socket: takes purchase orders once by their key."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class FakeErp:
    """`answers` are given one after the other, each as a status and headers, before orders are taken as usual.

    Of orders that are taken, the answers to the first `lost` never arrive. `confirmed` is what suppliers have told it,
    by the order's key; None if it has no place to ask for that.
    """

    url: str = ""
    promised_on: str | None = None
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    calls: int = 0
    lost: int = 0
    tokens: set[str | None] = field(default_factory=set)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    confirmed: dict[str, dict[str, Any]] | None = field(default_factory=dict)
    asked: list[list[str]] = field(default_factory=list)

    def take(self, key: str, body: dict[str, Any]) -> dict[str, Any]:
        self.orders.setdefault(key, body)
        promise = {"promised_on": self.promised_on} if self.promised_on else {}
        return {"reference": f"PO-{list(self.orders).index(key) + 1}"} | promise


@contextmanager
def erp_server() -> Iterator[FakeErp]:
    """The ERP, while the block runs."""
    erp = FakeErp()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            erp.calls += 1
            erp.tokens.add(self.headers.get("authorization"))
            status, headers = erp.answers.pop(0) if erp.answers else (201, {})
            found = status < 400 and self.path == "/orders"
            told: dict[str, Any] = erp.take(self.headers["idempotency-key"], body) if found else {}
            if self.path == "/confirmations" and status < 400:
                status = 404 if erp.confirmed is None else 200
                erp.asked.append(body["orders"])
                confirmed = erp.confirmed or {}
                told = {
                    "confirmations": [{"order": key, **confirmed[key]} for key in body["orders"] if key in confirmed]
                }
            answer = json.dumps(told).encode()
            if found and erp.lost:
                erp.lost -= 1
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in {"content-length": str(len(answer)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        erp.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield erp
        finally:
            server.shutdown()
            thread.join()
