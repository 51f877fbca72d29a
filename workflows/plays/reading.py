"""From a play's text to the play: read and checked, every mistake at its place."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import PurePath

from workflows.language.policy import CouponTerms
from workflows.language.reading import validate
from workflows.plan.model import Plan
from workflows.plays.base import PlayScope
from workflows.plays.model import Play
from workflows.plays.registry import PARTS
from workflows.source.diagnostics import Diagnostic, quoted
from workflows.source.tree import Node, Source, TooManyError, read_source
from workflows.terms.fields import check_condition, check_customer_event, check_event
from workflows.terms.scope import References, Scope

MAX_PARTS = 100


@dataclass(frozen=True)
class ReadPlay:
    """A play, or None where there are errors; and every diagnostic, in the order of the text."""

    play: Play | None
    diagnostics: list[Diagnostic]


def read_play(
    text: str,
    path: str,
    references: References | None = None,
    terms: Mapping[str, CouponTerms] | None = None,
    journeys: Mapping[str, Plan] | None = None,
) -> ReadPlay:
    """Read a play. Never raises: mistakes are diagnostics.

    If `path` ends in `.yaml`, the play must be named like the file. What isn't given to refer to is taken on trust.
    """
    source = read_source(text, path)
    play = validate(Play, source)
    with suppress(TooManyError):
        _check(source, references, terms, journeys)
    return ReadPlay(None if source.broken else play, source.sorted())


def _check(
    source: Source,
    references: References | None,
    terms: Mapping[str, CouponTerms] | None,
    journeys: Mapping[str, Plan] | None,
) -> None:
    root = source.root
    if root is None:
        return
    path, name = PurePath(source.path), root.get("play")
    if name is not None and name.text is not None and path.suffix in (".yaml", ".yml") and name.text != path.stem:
        source.report(name, "E036", f"play {quoted(name.text)} in a file named {quoted(path.name)}")
    conditions = Scope(source, references, frozenset({"customer"}))
    check_condition(root.get("who"), conditions)
    entry = root.get("entry")
    if entry is not None and (after := entry.get("after")) is not None:
        check_event(after, conditions)
        check_customer_event(after.get("event"), conditions)
    steps = root.get("steps") or Node(0, 0, [])
    scope = PlayScope(conditions, terms, journeys)
    _check_parts(steps, scope)
    if isinstance(steps.value, list) and steps.items and not _collects(steps):
        source.report(steps, "E070", "nothing is collected in it; a play has a `collect`")


def _collects(steps: Node) -> bool:
    return any("collect" in node.entries for node in steps.walk())


def _check_parts(steps: Node, scope: PlayScope) -> None:
    for node in steps.items:
        if not isinstance(node.value, dict):
            continue
        named = node.get("id")
        if named is not None and named.text is not None:
            first = scope.ids.setdefault(named.text, named)
            if first is not named:
                line, _ = scope.conditions.source.position(first.start)
                scope.report(named, "E021", f"id {quoted(named.text)} is used twice, first in line {line}")
        for part in (part for part in PARTS if part in node.entries):
            PARTS[part].check(node, scope)
        for label in ("then", "else"):
            branch = node.get(label)
            if branch is not None:
                inner = replace(scope, collected=list(scope.collected), drawn=list(scope.drawn))
                _check_parts(branch, inner)
