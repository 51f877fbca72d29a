"""One trace leads from the shop's request to the provider's receipt, and nobody is named in it; logs name it."""

import gzip
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from processes import answers, eventually, process
from sqlmodel import select

from domain.access.keys import create_key
from domain.ledger.tables import Message
from domain.published.publishing import publish_journey, publish_text
from domain.store.work import Database
from runtime.platform.embedded import free_port
from runtime.platform.telemetry import JsonLines, scrubbing
from tests.providers.twilio_server import NUMBER, SID, TOKEN, twilio_server
from workflows.language.compile import read_journey

SPEC = """
journey: traced
trigger: {event: order.paid}
entry: {again: always}
steps: [{id: hi, send: hi, via: [sms], kind: transactional}]
"""
PHONE, NAME, TEXT = "+8613912345678", "慕容晓晓", "您的订单已收到"
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
WAY = {
    "POST /v1/events", "outbox start", "StartWorkflow:Journey", "RunWorkflow:Journey", "StartActivity:send",
    "RunActivity:send", "provider send", "receipt delivered",
}  # fmt: skip


@dataclass
class Collector:
    """Takes spans by OTLP over HTTP."""

    url: str = ""
    raw: list[bytes] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    def names(self, trace: str) -> set[str]:
        return {span.name for span in list(self.spans) if span.trace_id.hex() == trace}


@contextmanager
def collecting() -> Iterator[Collector]:
    found = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
            found.raw.append(body)
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    found.spans.extend(scope.spans)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield found
        server.shutdown()


@contextmanager
def api(environment: dict[str, str], log: Path) -> Iterator[None]:
    with log.open("w") as written:
        command = [sys.executable, "-m", "runtime.cli", "api"]
        running = subprocess.Popen(command, env={**os.environ, **environment}, stderr=written)
        try:
            yield
        finally:
            running.terminate()
            running.wait(30)


def test_one_trace_leads_from_the_request_to_the_receipt_and_names_nobody(
    db: Database, temporal: str, postgres_url: str, tmp_path: Path
) -> None:
    plan = read_journey(SPEC, "traced.yaml", None).plan
    assert plan is not None
    with db.begin() as work:
        key = create_key(work, "shop", ["ingest"], datetime.now(UTC))
        publish_journey(work, plan, SPEC, datetime.now(UTC))
        publish_text(work, "hi", "sms", f"{{{{ customer.name }}}}，{TEXT}")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with collecting() as collector, twilio_server() as twilio:
        environment = {
            "AFTERSHOW_DATABASE_URL": postgres_url, "TEMPORAL_ADDRESS": temporal, "AFTERSHOW_PORT": str(port),
            "AFTERSHOW_PUBLIC_URL": url, "AFTERSHOW_TWILIO_ACCOUNT_SID": SID, "AFTERSHOW_TWILIO_AUTH_TOKEN": TOKEN,
            "AFTERSHOW_TWILIO_FROM_NUMBER": NUMBER, "AFTERSHOW_TWILIO_BASE_URL": twilio.url,
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100", "AFTERSHOW_LOG": "json",
        }  # fmt: skip
        with api(environment, tmp_path / "log"), process(environment, "worker"):
            eventually(lambda: answers(url))
            event = {
                "specversion": "1.0", "id": "1", "source": "shop", "type": "order.paid", "subject": f"phone:{PHONE}",
                "data": {"order_id": "1", "total": 100, "customer": {"name": NAME}},
            }  # fmt: skip
            headers = {"Authorization": f"Bearer {key}", "traceparent": PARENT}
            assert httpx.post(f"{url}/v1/events", json=event, headers=headers).status_code == 202
            asked = httpx.get(
                f"{url}/v1/customers?identifier=phone:{PHONE}", headers={"Authorization": f"Bearer {key}"}
            )
            assert asked.status_code == 403
            eventually(lambda: is_sent(db))
            called, form, signature = twilio.callback(twilio.messages[0], "delivered")
            assert httpx.post(called, data=form, headers=signature).status_code == 200
            eventually(lambda: collector.names(TRACE) >= WAY)
    sent = twilio.messages[0]
    assert (sent["to"], TEXT in sent["body"]) == (PHONE, True)
    assert by_parents(collector.spans)
    everything = b"".join(collector.raw)
    for said in (PHONE, PHONE[3:], NAME, TEXT, key):
        assert said.encode() not in everything
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert "Application startup complete." in {line["message"] for line in lines}


def is_sent(db: Database) -> bool:
    with db() as session:
        return session.exec(select(Message.status)).all() == ["sent"]


def by_parents(spans: list[Span]) -> bool:
    """Whether each span of the trace hangs on another one of it, but for the request's, which hangs on the shop's."""
    ours = [span for span in spans if span.trace_id.hex() == TRACE]
    known = {span.span_id for span in ours}
    return {span.name for span in ours if span.parent_span_id not in known} == {"POST /v1/events"}


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


def test_of_an_error_its_kind_is_kept_and_not_what_it_says(exporter: InMemorySpanExporter) -> None:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(scrubbing(exporter)))
    with pytest.raises(ValueError, match=NAME), provider.get_tracer("t").start_as_current_span("it"):
        raise ValueError(f"{NAME} {PHONE}")
    (span,) = exporter.get_finished_spans()
    assert (span.status.description, span.events, span.status.is_ok) == ("ValueError", (), False)


def test_a_line_of_the_log_names_its_trace() -> None:
    record = logging.LogRecord("a.room", logging.WARNING, "x.py", 1, "relay waits: %s", ("RPCError",), None)
    with TracerProvider().get_tracer("t").start_as_current_span("it") as span:
        line = json.loads(JsonLines().format(record))
    assert line | {"time": None} == {
        "time": None, "level": "WARNING", "logger": "a.room", "message": "relay waits: RPCError",
        "trace_id": f"{span.get_span_context().trace_id:032x}", "span_id": f"{span.get_span_context().span_id:016x}",
    }  # fmt: skip
