"""What is worked out of customers and has a name: the measures and tags of `_tags.yaml`."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from typing import Annotated

from pydantic import Field

from workflows.language.reading import validate
from workflows.source.diagnostics import Diagnostic
from workflows.source.tree import Node, Source, TooManyError, read_source
from workflows.terms.conditions import Condition, Measure
from workflows.terms.constants import FieldType, measured_type
from workflows.terms.fields import check_condition, check_measure
from workflows.terms.scope import Named, References, Scope
from workflows.terms.values import MONEY_FUNCTIONS, Duration, Frozen, is_money
from workflows.terms.written import matching

MeasureName = Annotated[str, matching(r"[^\W\d]\w{0,63}", "a name: a letter first, then letters, digits and `_`")]
TagName = Annotated[str, matching(r"\S(?:.{0,98}\S)?", "a name of up to 100 characters, no space around it")]


class TagRule(Frozen):
    """When customers have a tag: while `when` holds, and for the span `keep` after."""

    when: Condition
    keep: Duration | None = None


class Tags(Frozen):
    """What has a name: numbers about a customer (`measure.NAME` is a field of any condition and text), and tags."""

    measures: dict[MeasureName, Measure] = Field(default_factory=dict)
    tags: dict[TagName, TagRule] = Field(default_factory=dict)


def read_tags(text: str, path: str, references: References | None = None) -> tuple[Tags | None, list[Diagnostic]]:
    """Read `_tags.yaml`. Never raises; None where there are errors."""
    source = read_source(text, path)
    tags = validate(Tags, source)
    with suppress(TooManyError):
        _check(source, references or References())
    return None if source.broken else tags, source.sorted()


def _check(source: Source, references: References) -> None:
    if source.root is None:
        return
    measures, tags = (
        node.entries if (node := source.root.get(name)) is not None else {} for name in ("measures", "tags")
    )
    known = replace(references, measures=frozenset(measures))
    for measure in measures.values():
        refused = {named.text or "" for part in measure.walk() if (named := part.get("segment"))}
        check_measure(measure, Scope(source, replace(known, segments=refused), frozenset({"customer"})))
        for part in measure.walk():
            if named := part.keys.get("segment"):
                message = "a measure can't ask for a segment, which may ask for measures itself"
                source.report(named, "E042", message)
    for tag in tags.values():
        # without segments to know, they are taken on trust
        used = {named.text or "" for part in tag.walk() if (named := part.get("segment"))}
        segments = known.segments if references.events else used
        check_condition(tag.get("when"), Scope(source, replace(known, segments=segments), frozenset({"customer"})))
    circle = _circle({name: set(_measures_in(measure)) & measures.keys() for name, measure in measures.items()})
    if circle:
        message = f"measures refer to each other in a circle: {' → '.join(circle)}"
        source.report(source.root.entries["measures"].keys[circle[0]], "E042", message)
        return
    for name in tags:
        if circle := _way_back(name, measures, tags, references.asked):
            message = f"a tag can't need itself: {' → '.join(circle)}"
            source.report(source.root.entries["tags"].keys[name], "E042", message)


def _circle(asked: Mapping[str, set[str]]) -> Sequence[str]:
    try:
        TopologicalSorter(asked).prepare()
    except CycleError as error:
        circle: Sequence[str] = error.args[1][::-1]
        return circle
    return ()


def _way_back(
    tag: str, measures: Mapping[str, Node], tags: Mapping[str, Node], segments: Mapping[str, frozenset[Named]]
) -> Sequence[str]:
    """From a tag's rule by what it asks for back to the tag; empty if nothing leads there."""
    ways: list[tuple[Named, Sequence[str]]] = [(("tag", tag), [tag])]
    seen: set[Named] = set()
    while ways:
        (kind, name), way = ways.pop()
        node = {"tag": tags, "measure": measures}.get(kind, {}).get(name)
        asked = segments.get(name, frozenset()) if kind == "segment" else names_in(node) if node is not None else ()
        for each in asked:
            is_back = each == ("tag", tag) or (kind_of_event(each) == "tag" and each[1] in ("", tag))
            if is_back:
                return [*way, tag]
            if each not in seen:
                seen.add(each)
                ways.append((each, [*way, each[1]]))
    return ()


def kind_of_event(named: Named) -> str | None:
    """Of which rules an awaited event tells, `tag` or `segment`: the name is that of one, or empty for all."""
    kind, _, of = named[0].partition(" ")
    return of if kind == "event" else None


def names_in(node: Node) -> frozenset[Named]:
    """The tags, segments and measures that conditions ask for, and of which of them they await the events."""
    found: set[Named] = set()
    for part in node.walk():
        for kind in ("tag", "segment"):
            if (named := part.get(kind)) is not None and named.text:
                found.add((kind, named.text))
        event = part.get("event")
        of, _, _ = (event.text or "").partition(".") if event is not None else ("", "", "")
        if of in ("tag", "segment"):
            where = part.get("where")
            field, value = (where.get("field"), where.get("is")) if where is not None else (None, None)
            is_one = field is not None and value is not None and field.text == f"event.{of}"
            found.add((f"event {of}", (value.text or "") if is_one and value is not None else ""))
    return frozenset(found | {("measure", name) for name in _measures_in(node)})


def _measures_in(measure: Node) -> Iterator[str]:
    for part in measure.walk():
        field = part.get("field")
        root, _, rest = (field.text or "").partition(".") if field is not None else ("", "", "")
        if root == "measure":
            yield rest.partition(".")[0]


def measure_types(
    measures: Mapping[str, Measure], events: Mapping[str, Mapping[str, FieldType]]
) -> Mapping[str, FieldType]:
    """What each measure comes to, where that is known by what its events hold."""
    types: dict[str, FieldType] = {}
    for name, measure in measures.items():
        field = measure.argument.partition(".")[2] if isinstance(measure.argument, str) else ""
        held = measured_type(measure.function, events.get(measure.of, {}).get(field))
        types |= {name: held} if held is not None else {}
    return types


def amounts_of(measures: Mapping[str, Measure]) -> frozenset[str]:
    """The measures that come to fen, as fields."""
    return frozenset(f"measure.{name}" for name, each in measures.items() if is_amount(each))


def is_amount(measure: Measure) -> bool:
    """Whether a measure comes to fen."""
    return measure.function in MONEY_FUNCTIONS and is_money(str(measure.argument))


def measure_of(path: str, measures: Mapping[str, Measure]) -> Measure | None:
    """The measure that a field names, if it is one."""
    root, _, rest = path.partition(".")
    return measures.get(rest.partition(".")[0]) if root == "measure" else None
