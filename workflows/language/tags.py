"""What is worked out of customers and has a name: `_tags.yaml`."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter
from typing import Annotated

from pydantic import Field

from workflows.language.reading import validate
from workflows.source.diagnostics import Diagnostic
from workflows.source.tree import Node, Source, TooManyError, read_source
from workflows.terms.conditions import Measure
from workflows.terms.fields import References, Scope, check_measure
from workflows.terms.values import Frozen
from workflows.terms.written import matching

MeasureName = Annotated[str, matching(r"[^\W\d]\w{0,63}", "a name: a letter first, then letters, digits and `_`")]


class Tags(Frozen):
    """Numbers about a customer by their names; `measure.NAME` is a field of any condition and text."""

    measures: dict[MeasureName, Measure] = Field(default_factory=dict)


def read_tags(text: str, path: str, references: References | None = None) -> tuple[Tags | None, list[Diagnostic]]:
    """Read `_tags.yaml`. Never raises; None where there are errors."""
    source = read_source(text, path)
    tags = validate(Tags, source)
    with suppress(TooManyError):
        _check(source, references)
    return None if source.broken else tags, source.sorted()


def _check(source: Source, references: References | None) -> None:
    node = source.root.get("measures") if source.root is not None else None
    if node is None:
        return
    refused = {named.text or "" for part in node.walk() if (named := part.get("segment"))}
    events = references.events if references else {}
    known = References(measures=frozenset(node.entries), events=events, segments=frozenset(refused))
    scope = Scope(source, known, frozenset({"customer"}))
    for measure in node.entries.values():
        check_measure(measure, scope)
        for part in measure.walk():
            if named := part.keys.get("segment"):
                message = "a measure can't ask for a segment, which may ask for measures itself"
                source.report(named, "E042", message)
    asked = {name: set(_measures_in(measure)) & node.entries.keys() for name, measure in node.entries.items()}
    try:
        TopologicalSorter(asked).prepare()
    except CycleError as error:
        circle = error.args[1][::-1]
        message = f"measures refer to each other in a circle: {' → '.join(circle)}"
        source.report(node.keys[circle[0]], "E042", message)


def _measures_in(measure: Node) -> Iterator[str]:
    for part in measure.walk():
        field = part.get("field")
        root, _, rest = (field.text or "").partition(".") if field is not None else ("", "", "")
        if root == "measure":
            yield rest.partition(".")[0]


def measure_of(path: str, measures: Mapping[str, Measure]) -> Measure | None:
    """The measure that a field names, if it is one."""
    root, _, rest = path.partition(".")
    return measures.get(rest.partition(".")[0]) if root == "measure" else None
