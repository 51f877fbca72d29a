"""Reading a text whose steps were mostly read before: each step is read by itself, and kept as it was read.

A tree read so is the one that reading the whole gives; where that can't be known, the whole is read.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

from workflows.source.tree import MAX_NODES, Node, Source, read_source

KEPT = 4_000
"""Steps, each as it was read last."""

_STEPS = re.compile(r"^steps:[ ]*(?:#[^\n]*)?\n", re.MULTILINE)
_FIRST = re.compile(r"(?:[ ]*(?:#[^\n]*)?\n)*(?P<indent>[ ]*)(?=- )")
_BEYOND = re.compile(r"(?<![^\s\[{,:-])[&*!](?=\S)|[\r\t\ufeff\x85\u2028\u2029]|^(?:---|\.\.\.|%)", re.MULTILINE)
"""Anchors, aliases, tags, directives, more than one document, other line ends: what binds a step to what stands
elsewhere, or may."""


def read_again(text: str, path: str = "") -> Source:
    """What `read_source` gives, in less time if most of the text was read before. Nobody may change the tree."""
    source = Source(path, text.removeprefix("\ufeff"))
    source.root = _in_pieces(source.text)
    return source if source.root is not None else read_source(text, path)


def _in_pieces(text: str) -> Node | None:
    begin = _STEPS.search(text)
    first = _FIRST.match(text, begin.end()) if begin else None
    if begin is None or first is None or _BEYOND.search(text) or len(_STEPS.findall(text)) > 1:
        return None
    start = first.start("indent")
    starts, stop = _bounds(text, start, first["indent"])
    steps = [_moved(piece, at) for at, until in pairwise([*starts, stop]) if (piece := _piece(text[at:until]))]
    if len(steps) != len(starts):
        return None
    rest = _rest(text[:start] + text[stop:])
    if rest is None or "steps" not in rest.entries:
        return None
    size = sum(step.size for step in steps)
    if rest.size + size > MAX_NODES:
        return None
    dash = start + len(first["indent"])
    listed = Node(dash, max(step.end for step in steps), steps, size=1 + size)
    return _joined(rest, listed, start, stop - start)


def _bounds(text: str, start: int, indent: str) -> tuple[list[int], int]:
    """Where each step's lines begin, and where the list is over: at the next key."""
    starts, stop = [], len(text)
    for match in re.finditer(rf"^{indent}- |^[^\s#-]", text[start:], re.MULTILINE):
        if match[0].endswith("- "):
            starts.append(start + match.start())
        else:
            stop = start + match.start()
            break
    return starts, stop


@lru_cache(maxsize=KEPT)
def _piece(text: str) -> Node | None:
    """The one step of a list of one, as it stands in these lines; None if they aren't that, or have mistakes."""
    source = read_source(f"_:\n{text}", "")
    listed = source.root.get("_") if source.root is not None and not source.diagnostics else None
    if listed is None or listed.flow or len(listed.items) != 1:
        return None
    if any(node.start == node.end for node in listed.walk()):  # nothing is written: its place is where something is
        return None
    return _moved(listed.items[0], -len("_:\n"))


@lru_cache(maxsize=8)
def _rest(text: str) -> Node | None:
    source = read_source(text, "")
    return source.root if not source.diagnostics else None


def _moved(node: Node, by: int) -> Node:
    """A copy of a tree that stands elsewhere."""
    value = node.value
    if isinstance(value, dict):
        value = {name: _moved(child, by) for name, child in value.items()}
    elif isinstance(value, list):
        value = [_moved(child, by) for child in value]
    keys = {name: _moved(key, by) for name, key in node.keys.items()} if node.keys else {}
    return Node(node.start + by, node.end + by, value, keys, node.flow, node.bare, node.size)


def _joined(rest: Node, listed: Node, start: int, length: int) -> Node:
    """The whole tree: what stood behind the steps moves back, and they take their place."""
    entries, keys = dict(_placed(rest.entries, start, length)), dict(_placed(rest.keys, start, length))
    entries["steps"] = listed
    end = max(max(keys[name].end, entries[name].end) for name in keys)
    return replace(rest, end=end, value=entries, keys=keys, size=rest.size + listed.size - 1)


def _placed(nodes: "dict[str, Node] | object", start: int, length: int) -> Iterator[tuple[str, Node]]:
    assert isinstance(nodes, dict)
    for name, node in nodes.items():
        yield name, _moved(node, length) if node.start >= start else node
