"""What traces cost: the same events and messages with and without them, in turns, in one run.

Processor time is told, which a busy machine changes less than the clock. `on` is as it comes, with one trace in ten
kept; `all` keeps every one.
"""

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from statistics import median
from typing import Literal
from unittest.mock import patch

import orjson
import psutil
from sqlmodel import func, select

from benchmarks.harness.driver import drive
from benchmarks.harness.processes import api, services, used, worker
from benchmarks.harness.stack import Stack
from domain.ledger.tables import Message

AIM = 1.05
ROUNDS = 8
SINGLES, BATCHES, BATCH = 200, 40, 50
MESSAGES = 100
JOURNEY = """
journey: thanks
trigger: {event: order.paid}
entry: {again: always, cohort: 1}
steps: [{id: thank, send: hello, via: [sms], kind: transactional}]
"""
Way = Literal["off", "on", "all"]
WAYS: tuple[Way, ...] = ("off", "on", "all")
numbers = count()


@contextmanager
def sink() -> Iterator[str]:
    """Takes spans and forgets them."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def measure() -> Iterator[tuple[str, ...]]:
    """Rows of `make bench`."""
    with sink() as to, services(JOURNEY) as parts, ExitStack() as running:
        on = {"OTEL_EXPORTER_OTLP_ENDPOINT": to}
        told: Mapping[Way, dict[str, str]] = {"off": {}, "on": on, "all": on | {"OTEL_TRACES_SAMPLER": "always_on"}}
        apis = {}
        for way, environment in told.items():
            with patch.dict(os.environ, environment):
                apis[way] = running.enter_context(api(parts))
        for what, size, bodies in (("alone", 1, SINGLES), (f"in batches of {BATCH}", BATCH, BATCHES)):
            costs: dict[Way, list[float]] = {way: [] for way in WAYS}
            for turn in range(ROUNDS):
                for way in WAYS[:: 1 if turn % 2 else -1]:
                    costs[way].append(_events(parts, *apis[way], size, bodies))
            yield from _rows(f"an event {what}, API (µs)", costs, 1e6)
        costs = {way: [] for way in WAYS}
        for turn in range(2):
            for way in WAYS[:: 1 if turn % 2 else -1]:
                costs[way].append(_messages(parts, apis[way][0], told[way]))
        yield from _rows("a message alone, worker (ms)", costs, 1e3)


def _rows(what: str, costs: Mapping[Way, list[float]], scale: float) -> Iterator[tuple[str, ...]]:
    off, on, every = (median(costs[way]) * scale for way in WAYS)
    beside = f"{off:.1f} not traced"
    yield f"traced: {what}", f"{on:.1f}", beside, f"{_ratio(costs, 'on'):.3f}", f"≤ {AIM}"
    yield f"each traced: {what}", f"{every:.1f}", beside, f"{_ratio(costs, 'all'):.3f}", ""


def _ratio(costs: Mapping[Way, list[float]], way: Way) -> float:
    """The median of the turns' own ratios: what else the machine does changes from turn to turn."""
    return median(cost / off for cost, off in zip(costs[way], costs["off"], strict=True))


def _events(parts: Stack, url: str, process: psutil.Process, size: int, bodies: int) -> float:
    """Seconds of the API's processor time for an event that begins nothing."""
    given = [_body("product.viewed", size) for _ in range(bodies)]
    before = used(process)
    drive(f"{url}/v1/events", parts.key, given, 1)  # with more, they would be put together, and then cost less
    return (used(process) - before) / size / bodies


def _messages(parts: Stack, url: str, environment: Mapping[str, str]) -> float:
    """Seconds of a worker's processor time for a message that goes alone, from the outbox to the ledger."""
    with parts.db() as session:
        sent = session.exec(select(func.count()).select_from(Message)).one()
    with worker(parts, **environment) as process:
        drive(f"{url}/v1/events", parts.key, [_body("order.paid", 1) for _ in range(20)], 2)
        _until(parts, sent + 20)
        before = used(process)
        drive(f"{url}/v1/events", parts.key, [_body("order.paid", 1) for _ in range(MESSAGES)], 2)
        _until(parts, sent + 20 + MESSAGES)
        return (used(process) - before) / MESSAGES


def _until(parts: Stack, sent: int) -> None:
    while True:
        with parts.db() as session:
            if session.exec(select(func.count()).select_from(Message).where(Message.status == "sent")).one() >= sent:
                return
        time.sleep(0.1)


def _body(kind: str, size: int) -> bytes:
    events = []
    for _ in range(size):
        number = next(numbers)
        data = {"sku": "beans"} if kind == "product.viewed" else {"order_id": str(number), "total": 100}
        events.append(
            {"id": str(number), "source": "b", "type": kind, "subject": f"phone:+86139{number:08}", "data": data}
        )
    return orjson.dumps(events)
