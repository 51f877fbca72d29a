"""Edits of a YAML text that write anew only what they are about: every byte elsewhere stays.

Places are JSON pointers (RFC 6901) and edits work as in JSON Patch (RFC 6902): `/steps/2` is the third step, to insert
there puts something before it. A list's item takes along the lines of comment above it and those indented below it.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from workflows.source.diagnostics import quoted
from workflows.source.emitting import Style, entry_lines, inline, item_lines
from workflows.source.pieces import read_again
from workflows.source.spans import (
    EditRefusedError,
    broken,
    column_of,
    dash_of,
    entry_span,
    item_span,
    root_of,
    shifted,
    spliced,
)
from workflows.source.tree import Node, Source


@dataclass(frozen=True)
class Insert:
    """Put a value before the list's item that stands at a place, or behind the last. A list that isn't there begins."""

    at: str
    value: Any


@dataclass(frozen=True)
class Remove:
    """Take away an item of a list, or a key with its value."""

    at: str


@dataclass(frozen=True)
class Put:
    """Write a value in the place of the one that stands there, or add the key."""

    at: str
    value: Any


@dataclass(frozen=True)
class Move:
    """Take an item away, and insert it at a place as that is called without it."""

    source: str
    to: str


Edit = Insert | Remove | Put | Move


def edit(text: str, change: Edit) -> str:
    """The text with one edit made. Raises EditRefusedError."""
    source = _read(text)
    if "" in vars(change).values():
        raise EditRefusedError("the whole text isn't edited at once; name a place in it, like /steps/2")
    wanted = deepcopy(root_of(source).plain)
    match change:
        case Insert(at, value):
            _list_at(wanted, at).insert(_index(at), value)
            new = _insert(source, at, value)
        case Remove(at):
            _take(wanted, at)
            new = _remove(source, at)
        case Put(at, value):
            _set(wanted, at, value)
            new = _put(source, at, value)
        case Move(start, to):
            moved = _take(wanted, start)
            if to.startswith(f"{start}/"):
                raise EditRefusedError("a step can't be moved into itself")
            _list_at(wanted, to).insert(_index(to), moved)
            new = _move(source, start, to)
    after = _kept(new).root
    if after is None or after.plain != wanted:
        raise EditRefusedError("this can't be written here without touching what stands around it; edit the text")
    return new


def locate(root: Node, at: str) -> Node:
    """The node at a place. Raises EditRefusedError."""
    node = root
    for token in _tokens(at):
        child = _child(node, token)
        if child is None:
            raise EditRefusedError(f"there is nothing at {quoted(at)}")
        node = child
    return node


def places(root: Node) -> dict[int, str]:
    """Where each node stands, by its `id()`."""
    found = {id(root): ""}
    for node in root.walk():
        at = found[id(node)]
        for name, child in node.entries.items():
            found[id(child)] = f"{at}/{escaped(name)}"
        for number, child in enumerate(node.items):
            found[id(child)] = f"{at}/{number}"
    return found


def escaped(key: str) -> str:
    """A key as a part of a place."""
    return key.replace("~", "~0").replace("/", "~1")


@lru_cache(maxsize=4)
def _kept(text: str) -> Source:
    """The tree of a text, which nobody changes. Kept, since one edit begins where another has ended."""
    return read_again(text)


def _read(text: str) -> Source:
    source = _kept(text)
    if source.root is None:
        raise EditRefusedError("the text can't be read as it stands; mend it by hand first")
    return source


def _tokens(at: str) -> list[str]:
    if at and not at.startswith("/"):
        raise EditRefusedError(f"a place is written like /steps/2, not {quoted(at)}")
    return [token.replace("~1", "/").replace("~0", "~") for token in at.split("/")[1:]]


def _index(at: str) -> int:
    token = _tokens(at)[-1] if at else ""
    if not (token.isascii() and token.isdigit() and len(token) < 7):
        raise EditRefusedError(f"{quoted(at)} is no place in a list; write a number at its end")
    return int(token)


def _child(node: Node, token: str) -> Node | None:
    if isinstance(node.value, list):
        place = int(token) if token.isascii() and token.isdigit() and len(token) < 7 else len(node.items)
        return next(iter(node.items[place : place + 1]), None)
    return node.get(token)


def _above(at: str) -> str:
    return at.rpartition("/")[0]


def _value_at(value: Any, at: str) -> Any:
    for token in _tokens(at):
        try:
            value = value[int(token) if isinstance(value, list) else token]
        except (LookupError, ValueError, TypeError):
            raise EditRefusedError(f"there is nothing at {quoted(at)}") from None
    return value


def _list_at(value: Any, at: str) -> list[Any]:
    """The list that a place is in, begun if it isn't there."""
    above = _above(at)
    holder, key = _value_at(value, _above(above)), _tokens(above)[-1] if above else ""
    found = holder.setdefault(key, []) if isinstance(holder, dict) else _value_at(value, above)
    if not isinstance(found, list):
        raise EditRefusedError(f"there is no list at {quoted(above)}")
    if _index(at) > len(found):
        raise EditRefusedError(f"there is nothing at {quoted(at)}; the list has {len(found)} items")
    return found


def _take(value: Any, at: str) -> Any:
    holder = _value_at(value, _above(at))
    taken = _value_at(value, at)
    if isinstance(holder, list):
        del holder[_index(at)]
    else:
        del holder[_tokens(at)[-1]]
    return taken


def _set(value: Any, at: str, new: Any) -> None:
    holder = _value_at(value, _above(at))
    if isinstance(holder, list):
        _value_at(value, at)
        holder[_index(at)] = new
    elif isinstance(holder, dict):
        holder[_tokens(at)[-1]] = new
    else:
        raise EditRefusedError(f"there is nothing at {quoted(_above(at))} that could have keys")


def _insert(source: Source, at: str, value: Any, raw: str | None = None) -> str:
    """`raw` is a block item's lines as they stood elsewhere, beginning in the first column."""
    root = root_of(source)
    above, place = _above(at), _index(at)
    held = locate(root, _above(above)) if above else root
    key = _tokens(above)[-1] if above else ""
    listed = _child(held, key) if above else None
    style = Style.of(source, root)
    if listed is None:
        return _begin_list(source, held, key, raw) if raw and not held.flow else _put(source, above, [value])
    if not isinstance(listed.value, list):
        raise EditRefusedError(f"there is no list at {quoted(above)}")
    items, text = listed.items, source.text
    if place > len(items):
        raise EditRefusedError(f"there is nothing at {quoted(at)}; the list has {len(items)} items")
    if listed.flow:
        if not items and not held.flow and isinstance(value, dict):
            lines = raw or item_lines(value, style, short=False)
            return _in_place_of_empty(source, held, listed, lines)
        written = inline(value, style)
        if not items:
            return text[: listed.start + 1] + written + text[listed.end - 1 :]
        if place < len(items):
            return text[: items[place].start] + f"{written}, " + text[items[place].start :]
        return text[: items[-1].end] + f", {written}" + text[items[-1].end :]
    column = source.position(listed.start)[1] - 1
    neighbour = items[min(place, len(items) - 1)]
    lines = raw or item_lines(value, style, short=neighbour.flow or not isinstance(neighbour.value, dict))
    spot = item_span(source, listed, place)[0] if place < len(items) else item_span(source, listed, place - 1)[1]
    return spliced(source, spot, spot, shifted(lines, column))


def _begin_list(source: Source, held: Node, key: str, raw: str) -> str:
    """Write a list that wasn't there, whose one item was written elsewhere."""
    style = Style.of(source, root_of(source))
    column = column_of(source, held)
    head = entry_lines(key, [], style).replace(" []", "")
    return _add_lines(source, held, shifted(head, column) + shifted(raw, column + style.offset))


def _in_place_of_empty(source: Source, held: Node, listed: Node, lines: str) -> str:
    """The text with items below a key that an empty list, in brackets, was written for."""
    style = Style.of(source, root_of(source))
    text, column = source.text, column_of(source, held) + style.offset
    begin = len(text[: listed.start].rstrip(" "))
    rest = Source(source.path, text[:begin] + text[listed.end :])
    spot = rest.start_of(rest.position(begin)[0] + 1)
    return spliced(rest, spot, spot, shifted(lines, column))


def _remove(source: Source, at: str) -> str:
    root, text = root_of(source), source.text
    held, node = locate(root, _above(at)), locate(root, at)
    if isinstance(held.value, list):
        items, place = held.items, _index(at)
        if held.flow:
            return _without(text, [(each.start, each.end) for each in items], place)
        begin, stop = item_span(source, held, place)
        if len(items) > 1:
            return text[:begin] + text[stop:]
        return _emptied(source, _above(at), begin, stop)
    names = list(held.entries)
    place = names.index(_tokens(at)[-1])
    if held.flow:
        spans = [(key.start, max(key.end, held.entries[name].end)) for name, key in held.keys.items()]
        return _without(text, spans, place)
    if len(names) == 1:
        raise EditRefusedError("nothing would be left; remove what it stands in")
    key, line = held.keys[names[place]], source.position(held.keys[names[place]].start)[0]
    begin, stop = entry_span(source, key, node)
    if not text[source.start_of(line) : key.start].strip(" "):
        return text[:begin] + text[stop:]
    following = held.keys[names[place + 1]]  # which takes its place behind the dash, below what stands between them
    between = text[stop : source.start_of(source.position(following.start)[0])]
    return text[: source.start_of(line)] + between + text[source.start_of(line) : key.start] + text[following.start :]


def _emptied(source: Source, list_at: str, begin: int, stop: int) -> str:
    """The text without the only item of a block list, which becomes an empty one in brackets."""
    held = locate(root_of(source), _above(list_at))
    key = held.keys.get(_tokens(list_at)[-1])
    colon = source.text.find(":", key.end) if key else -1
    if colon < 0:
        raise EditRefusedError("nothing would be left; remove what it stands in")
    text = source.text[:begin] + source.text[stop:]
    return text[: colon + 1] + " []" + text[colon + 1 :]


def _without(text: str, spans: Sequence[tuple[int, int]], place: int) -> str:
    """The text without one of the entries between brackets, and without the comma that it needed."""
    if len(spans) == 1:
        return text[: spans[0][0]] + text[spans[0][1] :]
    if place + 1 < len(spans):
        return text[: spans[place][0]] + text[spans[place + 1][0] :]
    return text[: spans[place - 1][1]] + text[spans[place][1] :]


def _put(source: Source, at: str, value: Any) -> str:
    root, text = root_of(source), source.text
    if value is None:
        raise EditRefusedError("nothing can't be written; remove the key")
    held, style = locate(root, _above(at)), Style.of(source, root)
    name = _tokens(at)[-1]
    old = _child(held, name)
    if isinstance(held.value, list):
        return _put_item(source, held, _index(at), locate(root, at), value, style)
    if not isinstance(held.value, dict):
        raise EditRefusedError(f"there is nothing at {quoted(_above(at))} that could have keys")
    if old is None:
        if held.flow:
            written = f"{inline(name, style)}: {inline(value, style)}"
            last = max([held.start + 1, *(max(held.keys[key].end, node.end) for key, node in held.entries.items())])
            return text[:last] + (", " if held.entries else "") + written + text[last:]
        return _add_lines(source, held, shifted(entry_lines(name, value, style), column_of(source, held)))
    if old.start < held.keys[name].end:
        raise EditRefusedError("this is an alias of what is written elsewhere; edit it there")
    is_scalar = not isinstance(old.value, dict | list) and not text.startswith(("|", ">"), old.start)
    if held.flow or (is_scalar and old.value is not None and not isinstance(value, dict | list)):
        return text[: old.start] + inline(value, style, like=text[old.start : old.end]) + text[old.end :]
    key = held.keys[name]
    colon = text.index(":", key.end) + 1
    end = len(text[: old.end].rstrip()) if old.end > key.end else colon
    first, *others = shifted(entry_lines(name, value, style), column_of(source, held)).rstrip("\n").split("\n")
    written = first.strip(" ")[len(inline(name, style)) + 1 :]
    if isinstance(old.value, dict | list) and not old.flow:  # what stands behind the key stays there
        written += text[colon : source.start_of(source.position(colon)[0] + 1)].rstrip()
    return text[:colon] + broken(source, "\n".join([written, *others])) + text[end:]


def _put_item(source: Source, held: Node, place: int, old: Node, value: Any, style: Style) -> str:
    text = source.text
    if held.flow or not isinstance(old.value, dict | list) or (old.flow and not _holds_steps(value)):
        return text[: old.start] + inline(value, style, like=text[old.start : old.end]) + text[old.end :]
    column = source.position(held.start)[1] - 1
    dash = dash_of(source, held, place)
    end = len(text[: old.end].rstrip())
    lines = shifted(item_lines(value, style, short=False), column).lstrip(" ").rstrip("\n")
    return text[:dash] + broken(source, lines) + text[end:]


def _move(source: Source, start: str, to: str) -> str:
    root = root_of(source)
    held, node = locate(root, _above(start)), locate(root, start)
    if not isinstance(held.value, list):
        raise EditRefusedError("only the items of lists can be moved")
    if to == start:
        return source.text
    if held.flow:
        raw = f"- {source.text[node.start : node.end]}\n"
    else:
        begin, stop = item_span(source, held, _index(start))
        column = source.position(held.start)[1] - 1
        raw = shifted(source.text[begin:stop].replace("\r\n", "\n"), -column)
        raw = raw if raw.endswith("\n") else raw + "\n"
    rest = _read(_remove(source, start))
    return _insert(rest, to, node.plain, raw)


def _add_lines(source: Source, held: Node, lines: str) -> str:
    """The text with one more key in a block: behind the last that isn't a block itself, else behind all."""
    short = [name for name, node in held.entries.items() if node.flow or not isinstance(node.value, dict | list)]
    name = short[-1] if short else list(held.entries)[-1]
    spot = entry_span(source, held.keys[name], held.entries[name])[1]
    return spliced(source, spot, spot, lines)


def _holds_steps(value: Any) -> bool:
    """Whether there is a list of mappings in it."""
    if isinstance(value, dict):
        return any(_holds_steps(each) for each in value.values())
    return isinstance(value, list) and any(isinstance(each, dict) for each in value)
