"""Values written as YAML in the style of the text that they come into."""

from dataclasses import dataclass
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString, SingleQuotedScalarString

from workflows.source.tree import Node, Source

SHORT = 90
"""Characters of what is written in brackets on one line, at most."""


@dataclass(frozen=True)
class Style:
    """How far the dashes of a list are indented below its key."""

    offset: int = 2

    @classmethod
    def of(cls, source: Source, root: Node) -> "Style":
        """The style of a text: that of its first list."""
        for node in root.walk():
            for name, child in node.entries.items():
                if isinstance(child.value, list) and not child.flow and not node.flow:
                    return cls(source.position(child.start)[1] - source.position(node.keys[name].start)[1])
        return cls()


def inline(value: Any, style: Style, like: str = "") -> str:
    """A value on one line; a text in the quotes that `like` begins with."""
    if isinstance(value, str) and like[:1] in ("'", '"') and "\n" not in value:
        value = SingleQuotedScalarString(value) if like[0] == "'" else DoubleQuotedScalarString(value)
    written = _dump([_flow(value)], style, flow=True)
    return written[1:-1]


def entry_lines(key: str, value: Any, style: Style) -> str:
    """A key and its value as the lines of a block, in the first column."""
    return _dump({key: _block(value, style)}, style) + "\n"


def item_lines(value: Any, style: Style, *, short: bool) -> str:
    """A value as the lines of a block's item, the dash in the first column; in brackets if `short` and it can be."""
    if not isinstance(value, dict | list) or (short and _fits(value, style)):
        return f"- {inline(value, style)}\n"
    first, *lines = _dump(_block(value, style, always=True), style).split("\n")
    return "\n".join([f"- {first}", *(f"  {line}" if line else "" for line in lines)]) + "\n"


def _dump(value: Any, style: Style, *, flow: bool = False) -> str:
    yaml = YAML()
    yaml.width = 1_000_000
    yaml.brace_single_entry_mapping_in_flow_sequence = True  # `[a: b]` would be no value without its brackets
    yaml.default_flow_style = flow
    if not flow:
        yaml.indent(mapping=2, sequence=2 + style.offset, offset=style.offset)
    out = StringIO()
    yaml.dump(value, out)
    return out.getvalue().removesuffix("\n").removesuffix("\n...")


def _flow(value: Any) -> Any:
    made: Any = value
    if isinstance(value, dict):
        made = CommentedMap({key: _flow(each) for key, each in value.items()})
    elif isinstance(value, list):
        made = CommentedSeq([_flow(each) for each in value])
    if made is not value:
        made.fa.set_flow_style()
    return made


def _block(value: Any, style: Style, *, always: bool = False) -> Any:
    """A value with what is short of it in brackets; `always` never the value itself."""
    if isinstance(value, str) and "\n" in value:
        return LiteralScalarString(value)
    if not isinstance(value, dict | list):
        return value
    if not value or (not always and _fits(value, style)):
        return _flow(value)
    if isinstance(value, dict):
        return CommentedMap({key: _block(each, style) for key, each in value.items()})
    return CommentedSeq([_block(each, style, always=isinstance(each, dict) and len(each) == 1) for each in value])


def _fits(value: Any, style: Style) -> bool:
    """Whether it is read well in brackets, on one line: it is short, and holds no list of mappings."""
    return not _holds_mappings(value) and len(inline(value, style)) <= SHORT


def _holds_mappings(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_mappings(each) for each in value.values())
    if isinstance(value, str):
        return "\n" in value
    return isinstance(value, list) and any(isinstance(each, dict) for each in value)
