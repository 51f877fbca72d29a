"""Where a process's spans and logs go, as the environment says.

Spans go by OTLP over HTTP to OTEL_EXPORTER_OTLP_ENDPOINT; without it, there are none. What else the SDK reads of OTEL_…
holds, too: the sampler, headers, the name of the service. Without a sampler, one trace in ten is kept, and each that a
producer asks for by the flag of its `traceparent`. With AFTERSHOW_LOG=json each line of the log is an object.
"""

import json
import logging
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from opentelemetry import trace
from temporalio.client import Interceptor

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

ERROR = trace.StatusCode.ERROR
KEPT = 0.1
"""Of the traces that nobody asked for: a span costs an API a tenth of what an event does that comes alone."""

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def is_traced() -> bool:
    """Whether the environment says where spans go."""
    return any(os.environ.get(name) for name in ENDPOINTS)


def trace_to_environment(service: str) -> None:
    """Send the spans of this process to where the environment says; `service` is its name unless it has another."""
    if not is_traced():
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio

    named = os.environ.get("OTEL_SERVICE_NAME") or service
    sampler = None if os.environ.get("OTEL_TRACES_SAMPLER") else ParentBasedTraceIdRatio(KEPT)
    provider = TracerProvider(sampler, Resource.create({SERVICE_NAME: named}))
    provider.add_span_processor(BatchSpanProcessor(scrubbing(OTLPSpanExporter())))
    trace.set_tracer_provider(provider)  # at the end of the process it sends what is left


def scrubbing(exporter: "SpanExporter") -> "SpanExporter":
    """An exporter that leaves out what errors say, which may quote a customer's data: of each its kind is kept."""
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter

    def scrubbed(span: ReadableSpan) -> ReadableSpan:
        kind = (span.status.description or "").partition(":")[0] or None
        status = trace.Status(span.status.status_code, kind if span.status.status_code is ERROR else None)
        return ReadableSpan(
            span.name, span.context, span.parent, span.resource, span.attributes, (), span.links, span.kind,
            status=status, start_time=span.start_time, end_time=span.end_time,
            instrumentation_scope=span.instrumentation_scope,
        )  # fmt: skip

    class Scrubbing(SpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> "SpanExportResult":
            return exporter.export([scrubbed(span) for span in spans])

        def shutdown(self) -> None:
            exporter.shutdown()

        def force_flush(self, timeout_millis: int = 30_000) -> bool:
            return exporter.force_flush(timeout_millis)

    return Scrubbing()


def interceptors() -> Sequence[Interceptor]:
    """What a client of Temporal, and its worker, keep traces together by."""
    if not is_traced():
        return ()
    from temporalio.contrib.opentelemetry import TracingInterceptor

    return (TracingInterceptor(),)


class JsonLines(logging.Formatter):
    """A line as an object, with the trace and the span that it was written in."""

    def format(self, record: logging.LogRecord) -> str:
        """As JSON."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            line |= {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def log_as(form: str) -> None:
    """Write the log as `json`, or leave it as it is."""
    if form != "json":
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
