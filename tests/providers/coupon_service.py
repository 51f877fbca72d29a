"""A coupon service that speaks the protocol of `docs/coupons.md`, with budgets, limits and bad days of its own."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "a-shared-secret"


@dataclass(frozen=True)
class Fault:
    """What goes wrong with a request: it is answered with a status, or it is carried out and its answer is lost."""

    status: int | None = None
    lost: bool = False
    latency: float = 0
    body: Any = None


@dataclass
class CouponService:
    """`budgets` are coupons by campaign, `per_customer` the most of one campaign for one customer."""

    budgets: dict[str, int] = field(default_factory=dict)
    per_customer: int | None = None
    faults: list[Fault] = field(default_factory=list)
    kept: dict[str, dict[str, str]] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    url: str = ""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._made = 0

    def states(self) -> Counter[str]:
        """How many coupons are reserved and confirmed."""
        return Counter(each["state"] for each in self.kept.values())

    def handle(self, what: str, body: dict[str, str]) -> tuple[int, Any]:
        with self._lock:
            self.requests[what] += 1
            match what:
                case "reserve":
                    return self._reserve(**body)
                case "confirm" if body["key"] in self.kept:
                    self.kept[body["key"]]["state"] = "confirmed"
                    return 200, {}
                case "release":
                    self.kept.pop(body["key"], None)
                    return 200, {}
            return 409, {"reason": "released"}

    def _reserve(self, key: str, campaign: str, customer: str) -> tuple[int, Any]:
        if key not in self.kept:
            mine = [each for each in self.kept.values() if each["campaign"] == campaign]
            if campaign not in self.budgets:
                return 409, {"reason": "unknown_campaign"}
            if self.per_customer and sum(each["customer"] == customer for each in mine) >= self.per_customer:
                return 409, {"reason": "per_customer"}
            if len(mine) >= self.budgets[campaign]:
                return 409, {"reason": "budget"}
            self._made += 1
            self.kept[key] = {
                "code": f"OUT-{self._made:05}", "campaign": campaign, "customer": customer, "state": "reserved",
                "expires_at": (datetime(2026, 3, 2, 4, tzinfo=UTC) + timedelta(days=2)).isoformat(),
            }  # fmt: skip
        return 200, {name: self.kept[key][name] for name in ("code", "expires_at")}


@contextmanager
def coupon_service(**given: Any) -> Iterator[CouponService]:
    """The service on a port of its own."""
    service = CouponService(**given)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if self.headers["authorization"] != f"Bearer {KEY}" or self.headers["idempotency-key"] != body["key"]:
                return self._answer(401, {})
            with service._lock:
                fault = service.faults.pop(0) if service.faults else Fault()
            time.sleep(fault.latency)
            if fault.status:
                return self._answer(fault.status, fault.body or {})
            status, answer = service.handle(self.path.rpartition("/")[2], body)
            if fault.lost:
                self.close_connection = True
                return None
            return self._answer(status, fault.body or answer)

        def _answer(self, status: int, value: Any) -> None:
            content = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
