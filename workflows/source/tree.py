"""YAML text as a tree that knows where everything stands, read without YAML's surprises.

Only `true` and `false` are booleans; `no`, `10:00`, `0123` and `2026-09-01` stay text, and so does all that is quoted.
A comma within an unquoted text stays in the text, even in `{ }`, as long as no `key:` follows it.
Reading is bounded in size, depth and, after the expansion of aliases, in the number of nodes.
"""

import bisect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from workflows.source.diagnostics import Diagnostic, Severity, quoted, split_lines
from workflows.source.lookalikes import MARKS, SIGNS, instead_of
from workflows.source.scanning import events_of
from workflows.source.syntax import report_syntax

MAX_BYTES = 1_000_000
MAX_DEPTH = 100
MAX_NODES = 30_000
MAX_MISTAKES = 200

_INTEGER = re.compile(r"-?(0|[1-9]\d{0,17})")
_DECIMAL = re.compile(r"-?(0|[1-9]\d{0,14})\.\d{1,15}")
_NO_COLON = re.compile(r"\s*[,}]")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""What escapes can write, but neither UTF-8 nor Postgres can hold."""

_WORDS = {"true": True, "false": False, "": None, "~": None, "null": None}

Scalar = bool | int | float | str | None
Loc = tuple[str | int, ...]


@dataclass(slots=True, eq=False)
class Node:
    """A value and the stretch of text that it was read from; of a block, from its first entry to its last one's end.

    `keys` holds where each key of a mapping is written; `flow`: it is written in brackets; `bare`: it is a scalar
    without quotes; `size` counts the nodes.
    """

    start: int
    end: int
    value: "Scalar | dict[str, Node] | list[Node]"
    keys: "dict[str, Node]" = field(default_factory=dict)
    flow: bool = False
    bare: bool = False
    size: int = 1

    @property
    def plain(self) -> Any:
        """The value without positions: dicts, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: node.plain for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain for node in self.value]
        return self.value

    @property
    def text(self) -> str | None:
        """The value, if it is text."""
        return self.value if isinstance(self.value, str) else None

    @property
    def items(self) -> "list[Node]":
        """The items of a list; none for anything else."""
        return self.value if isinstance(self.value, list) else []

    def below(self, key: str) -> "list[Node]":
        """The items of the list under a key; none if there is no list."""
        child = self.get(key)
        return child.items if child is not None else []

    @property
    def entries(self) -> "Mapping[str, Node]":
        """The entries of a mapping; none for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    def get(self, key: str) -> "Node | None":
        """The value under a key of a mapping."""
        return self.entries.get(key)

    def walk(self) -> "Iterator[Node]":
        """This node and all beneath it."""
        yield self
        for child in (*self.items, *self.entries.values()):
            yield from child.walk()


class TooManyError(Exception):
    """There are so many mistakes that looking for more helps nobody. Raised by Source.report."""


@dataclass(eq=False)
class Source:
    """A file's text, the tree read from it (None if it can't be read) and what is wrong with it so far."""

    path: str
    text: str
    root: Node | None = None
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._noted: set[Diagnostic] = set()
        self._starts = [0]
        for match in re.finditer(r"\r\n|\r|\n", self.text):
            self._starts.append(match.end())

    def position(self, index: int) -> tuple[int, int]:
        """Line and column, both 1-based, of a place in the text."""
        line = bisect.bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1

    def start_of(self, line: int) -> int:
        """Where a line, 1-based, begins in the text; the end of the text for the one behind the last."""
        return self._starts[line - 1] if line <= len(self._starts) else len(self.text)

    def report(self, at: Node | None, code: str, message: str, severity: Severity = "error") -> None:
        """Note a mistake at a node, or at the beginning of the file."""
        if at is None:
            self.report_at(0, 1, code, message, severity)
            return
        if isinstance(at.value, dict | list):
            first = next(iter(at.keys.values()), None)
            width = first.end - first.start if first and not at.flow else 1
            self.report_at(at.start, width, code, message, severity)
            return
        signs = SIGNS if code in _MISREAD else MARKS if code in _LOOKED_UP else None
        literal = self.text.startswith(("'", '"', "|", ">"), at.start)
        wide = signs.search(self.text, at.start, at.end) if signs and not literal else None
        if wide:
            self.report_at(wide.start(), 1, "E005", instead_of(self.text, wide.start()))
        else:
            self.report_at(at.start, at.end - at.start, code, message, severity)

    def report_at(self, index: int, width: int, code: str, message: str, severity: Severity = "error") -> None:
        """Note a mistake at a place in the text; the same one twice is noted once."""
        line, column = self.position(min(index, len(self.text)))
        stop = self._starts[line] if line < len(self._starts) else len(self.text) + 1
        shown = self.text[index : min(index + width, stop)].rstrip()
        diagnostic = Diagnostic(self.path, line, column, code, message, severity, max(1, len(shown)))
        if diagnostic in self._noted:
            return
        if len(self.diagnostics) > MAX_MISTAKES:
            raise TooManyError
        if len(self.diagnostics) == MAX_MISTAKES:
            message = f"more than {MAX_MISTAKES} mistakes; the others are not told"
            self.diagnostics.append(Diagnostic(self.path, 1, 1, "E045", message))
            raise TooManyError
        self._noted.add(diagnostic)
        self.diagnostics.append(diagnostic)

    def sorted(self) -> list[Diagnostic]:
        """The diagnostics in the order of the text."""
        return sorted(self.diagnostics, key=lambda item: item.place)

    @property
    def broken(self) -> bool:
        """Whether there is an error among the diagnostics."""
        return any(diagnostic.severity == "error" for diagnostic in self.diagnostics)


_MISREAD = frozenset({"E006", "E009", "E010", "E012", "E013", "E014", "E015", "E016", "E018"})
_LOOKED_UP = frozenset({"E023", "E025", "E026", "E027", "E028", "E040", "W002", "W003"})
"""Mistakes that a sign may be behind which isn't what it looks like; names that are looked up may well hold some."""


def decode(data: bytes, path: str) -> str | Diagnostic:
    """The text of a file's bytes, or what is wrong with them: too many, or not UTF-8."""
    if len(data) > MAX_BYTES:
        return Diagnostic(path, 1, 1, "E002", f"the file is longer than {MAX_BYTES:,} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = split_lines(data[: error.start].decode("utf-8-sig"))
        message = f"not UTF-8 text (byte 0x{data[error.start]:02x}); save the file as UTF-8"
        return Diagnostic(path, len(before), len(before[-1]) + 1, "E003", message)


def read_source(text: str, path: str) -> Source:
    """Read YAML whose document is a mapping. Never raises: what is wrong is in the source's diagnostics."""
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "replace")) > MAX_BYTES:
        source = Source(path, "")
        source.report_at(0, 1, "E002", f"the file is longer than {MAX_BYTES:,} bytes")
        return source
    source = Source(path, text.removeprefix("\ufeff"))
    try:
        root = _Tree(source).read()
    except (_RefusedError, TooManyError):
        return source
    except MarkedYAMLError as error:
        report_syntax(source, error)
        return source
    except YAMLError as error:
        index = getattr(error, "position", 0)
        character = source.text[index : index + 1]
        source.report_at(index, 1, "E003", f"a character that text can't hold: U+{ord(character or chr(0)):04X}")
        return source
    except (ValueError, OverflowError, RecursionError) as error:
        source.report_at(0, 1, "E001", f"not valid YAML: {error}")
        return source
    if root is None:
        source.report_at(0, 1, "E006", "the file is empty")
    elif not isinstance(root.value, dict):
        source.report(root, "E006", "the file must be a mapping: lines of `key: value`")
    else:
        source.root = root
    return source


class _RefusedError(Exception):
    """Reading stops; the reason has been reported."""


class _Tree:
    """Builds nodes from YAML's events, counting as it goes, so that nothing is built that is too big."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.anchors: dict[str, Node | None] = {}
        self.events = events_of(source.text)
        self.count = 0
        self.closed = 0
        """Where the collection ends that was read last."""

    def read(self) -> Node | None:
        root: Node | None = None
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                if root is not None:
                    self._refuse(event.start_mark.index, "E007", "one file holds one document; take the `---` away")
                if event.version or event.tags:
                    index = self.source.text.rfind("%", 0, event.start_mark.index)
                    self._refuse(index, "E007", "`%` directives are not used here")
            elif isinstance(event, AliasEvent | ScalarEvent | MappingStartEvent | SequenceStartEvent):
                root = self._node(event, 1)
        return root

    def _refuse(self, index: int, code: str, message: str, width: int = 1) -> None:
        self.source.report_at(index, width, code, message)
        raise _RefusedError

    def _node(self, event: Any, depth: int) -> Node:
        start, end = event.start_mark.index, event.end_mark.index
        self.count += 1
        if self.count > MAX_NODES:
            self._refuse(start, "E002", f"more than {MAX_NODES:,} values in one file")
        if depth > MAX_DEPTH:
            self._refuse(start, "E002", f"nested more than {MAX_DEPTH} deep")
        if isinstance(event, AliasEvent):
            return self._alias(event)
        if event.tag is not None:
            tag = self.source.text[start:].split(None, 1)[0]
            self._refuse(start, "E007", f"tags like {quoted(tag)} are not used here", len(tag))
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        if isinstance(event, ScalarEvent):
            bare = bool(event.implicit[0])
            node = Node(start, end, _scalar(event.value) if bare else event.value, bare=bare and event.anchor is None)
            if match := _UNSTORABLE.search(event.value):
                self.source.report(node, "E003", f"a character that text can't hold: U+{ord(match[0]):04X}")
        elif isinstance(event, MappingStartEvent):
            node = self._mapping(event, depth)
        else:
            children = list(self._children(SequenceEndEvent, depth))
            flow = bool(event.flow_style)
            end = self.closed if flow else max([end, *(child.end for child in children)])
            node = Node(start, end, children, flow=flow, size=1 + sum(c.size for c in children))
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def _alias(self, event: Any) -> Node:
        start, width = event.start_mark.index, event.end_mark.index - event.start_mark.index
        node = self.anchors.get(event.anchor)
        if node is None:
            known = event.anchor in self.anchors
            why = "stands inside what it names" if known else "names no anchor above it"
            self._refuse(start, "E001", f"alias {quoted('*' + event.anchor)} {why}", width)
            raise AssertionError
        self.count += node.size
        if self.count > MAX_NODES:
            self._refuse(start, "E002", f"more than {MAX_NODES:,} values in one file, counting aliases", width)
        return replace(node, start=start, end=start + width, flow=True) if isinstance(node.value, dict) else node

    def _children(self, ending: type, depth: int) -> Iterator[Node]:
        for event in self.events:
            closed = event.end_mark.index
            if isinstance(event, ending):
                self.closed = closed
                return
            yield self._node(event, depth + 1)

    def _continues(self, key: Node, last: Node) -> bool:
        """Whether a "key" of a `{ }` is the rest of an unquoted text with a comma: no colon follows it."""
        return key.bare and isinstance(last.value, str) and bool(_NO_COLON.match(self.source.text, key.end))

    def _mapping(self, event: Any, depth: int) -> Node:
        node = Node(event.start_mark.index, event.end_mark.index, {}, flow=bool(event.flow_style))
        children = self._children(MappingEndEvent, depth)
        last: Node | None = None
        for key in children:
            if last and node.flow and self._continues(key, last):
                last.end = key.end
                last.value = " ".join(self.source.text[last.start : last.end].split())
                next(children)
                continue
            name = self.source.text[key.start : key.end] if not isinstance(key.value, dict | list | str) else key.value
            value = next(children)
            node.end = max(node.end, key.end, value.end)
            node.size += key.size + value.size
            last = value if value.bare else None
            if isinstance(name, dict):
                self._refuse(key.start, "E007", "a key must be text; a text with `{{ }}` in it needs quotes")
            elif not isinstance(name, str) or not name:
                self.source.report(key, "E007", "a key must be text")
            elif name == "<<":
                self._refuse(key.start, "E007", "merging with `<<` is not used here; write the keys out", 2)
            elif name in node.keys:
                self.source.report(key, "E004", f"{quoted(name)} is written twice in this mapping")
            else:
                node.keys[name] = key
                node.entries[name] = value  # type: ignore[index]
        if node.flow:
            node.end = self.closed
        return node


def _scalar(text: str) -> Scalar:
    """What an unquoted scalar means."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return text
