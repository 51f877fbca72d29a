"""An API of another system: rows that change, asked for by the time of their change, page by page."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Request = dict[str, Any]
"""`method`, `path`, `query`, `headers` (by small letters) and `body`."""
Answer = tuple[int, Any]


@dataclass
class ShopApi:
    """Answers each request by `answer`, and keeps them."""

    answer: Callable[[Request], Answer]
    requests: list[Request] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving(answer: Callable[[Request], Answer]) -> Iterator[ShopApi]:
    """One that answers by this, for as long as the block takes."""
    shop = ShopApi(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            url, length = urlsplit(self.path), int(self.headers.get("Content-Length") or 0)
            request = {
                "method": self.command,
                "path": url.path,
                "query": dict(parse_qsl(url.query, keep_blank_values=True)),
                "headers": {name.lower(): value for name, value in self.headers.items()},
                "body": self.rfile.read(length).decode(),
            }
            shop.requests.append(request)
            status, value = shop.answer(request)
            body = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    shop.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield shop
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
