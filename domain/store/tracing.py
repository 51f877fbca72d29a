"""Traces: which span something belongs to, as W3C Trace Context writes it; where no spans are kept, nothing is done.

Spans carry ids, kinds and counts, never what a customer is called, reached by or told.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span
from opentelemetry.trace import SpanKind as SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

TRACER = trace.get_tracer("aftershow")
Attributes = Mapping[str, str | int]
_PROPAGATOR = TraceContextTextMapPropagator()
_HEADER = "traceparent"


def is_on() -> bool:
    """Whether this process keeps spans."""
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider | trace.NoOpTracerProvider)


def traceparent() -> str | None:
    """The span that this is done in; None outside of one, or if that isn't kept."""
    context = trace.get_current_span().get_span_context()
    if not (context.is_valid and context.trace_flags.sampled):
        return None
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get(_HEADER)


def context_of(parent: str | None) -> Context | None:
    """The context of a span that was written down. None without one; what can't be read begins a trace of its own."""
    return _PROPAGATOR.extract({_HEADER: parent}) if parent else None


@contextmanager
def span(
    name: str,
    parent: str | None = None,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Attributes | None = None,
) -> Iterator[Span]:
    """Do something in a span of its own: of the `parent` if one is given, else of the one that this is done in.

    Of an error its kind is kept, and not what it says.
    """
    with TRACER.start_as_current_span(
        name, context_of(parent), kind, attributes, record_exception=False, set_status_on_exception=False
    ) as found:
        try:
            yield found
        except BaseException as problem:
            found.set_status(trace.StatusCode.ERROR, type(problem).__name__)
            raise


def mark(name: str, parent: str, kind: SpanKind, attributes: Attributes) -> None:
    """Note in another trace what is done here for it, with a link to the span that this is done in."""
    here = trace.get_current_span().get_span_context()
    links = [Link(here)] if here.is_valid else []
    TRACER.start_span(name, context_of(parent), kind, attributes, links).end()


def is_same_trace(parent: str) -> bool:
    """Whether a span that was written down is of the trace that this is done in."""
    here = trace.get_current_span().get_span_context()
    there = trace.get_current_span(context_of(parent)).get_span_context()
    return here.is_valid and here.trace_id == there.trace_id
