"""What goes out to others: `outputs/<name>.yaml` says of what, and where to."""

from contextlib import suppress
from typing import Annotated, Literal

from pydantic import Field, StrictInt, model_validator
from pydantic_core import PydanticCustomError

from workflows.language.connectors import SHORTEST, Secret, check_name
from workflows.language.reading import validate
from workflows.source.diagnostics import Diagnostic
from workflows.source.tree import Source, TooManyError, read_source
from workflows.terms.values import Duration, Frozen
from workflows.terms.written import Name, matching

Stream = Literal["events", "decisions", "messages"]
MAX_PAGE = 10_000
_KINDS = ("webhook", "kafka", "files")


class Kafka(Frozen):
    """A topic, by the servers that the environment names; a customer's records stand in one partition."""

    servers: Secret
    topic: Annotated[str, matching(r"[A-Za-z0-9._-]{1,200}", "the name of a topic")]
    user: Secret | None = None
    password: Secret | None = None


class Files(Frozen):
    """Files by day in a folder that the environment names: `events/2026-03-02/….parquet`."""

    folder: Secret
    format: Literal["parquet", "csv"] = "parquet"


class To(Frozen):
    """Where it goes: one of these. `webhook` is a name of `AFTERSHOW_WEBHOOKS`."""

    webhook: Name | None = None
    kafka: Kafka | None = None
    files: Files | None = None

    @model_validator(mode="after")
    def _one(self) -> "To":
        if len([kind for kind in _KINDS if getattr(self, kind) is not None]) != 1:
            raise PydanticCustomError("E018", f"a destination has exactly one of {', '.join(_KINDS)}")
        return self


class Output(Frozen):
    """What goes out, every so often: of events only those of `types`, if any are named."""

    output: Name
    of: Annotated[tuple[Stream, ...], Field(min_length=1)] = ("events",)
    types: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], Field(max_length=100)] = ()
    to: To
    every: Duration = Duration(amount=1, unit="m")
    page: Annotated[StrictInt, Field(ge=1, le=MAX_PAGE)] = 500


def read_output(text: str, path: str) -> tuple[Output | None, list[Diagnostic]]:
    """Read `outputs/<name>.yaml`. Never raises; None where there are errors."""
    source = read_source(text, path)
    output = validate(Output, source)
    if output is not None:
        with suppress(TooManyError):
            _check(output, source)
    return None if source.broken else output, source.sorted()


def _check(output: Output, source: Source) -> None:
    check_name(output.output, "output", source)
    if output.every.nominal < SHORTEST:
        at = source.root.get("every") if source.root is not None else None
        source.report(at, "E081", "taken out more often than every minute")
