"""Where the entries of a YAML text stand, in lines and columns, with the comments that belong to them."""

from workflows.source.tree import Node, Source


class EditRefusedError(ValueError):
    """An edit that can't be made; the text says why."""


def root_of(source: Source) -> Node:
    assert source.root is not None
    return source.root


def column_of(source: Source, held: Node) -> int:
    """The column, from 0, in which the keys of a block stand."""
    return source.position(next(iter(held.keys.values())).start)[1] - 1


def dash_of(source: Source, listed: Node, place: int) -> int:
    """Where the dash of a block's item stands. Raises EditRefusedError for what is written elsewhere."""
    item, column = listed.items[place], source.position(listed.start)[1] - 1
    for line in range(source.position(item.start)[0], source.position(listed.start)[0] - 1, -1):
        spot = source.start_of(line) + column
        before = source.text[source.start_of(line) : spot]
        if source.text[spot : spot + 1] == "-" and (spot == listed.start or not before.strip(" ")):
            return spot
    raise EditRefusedError("this is an alias of what is written elsewhere; edit it there")


def item_span(source: Source, listed: Node, place: int) -> tuple[int, int]:
    """The lines of a block's item, with the comments that belong to it."""
    dash, item = dash_of(source, listed, place), listed.items[place]
    column = source.position(listed.start)[1] - 1
    if source.text[source.start_of(source.position(dash)[0]) : dash].strip(" "):
        raise EditRefusedError("this can't be written here without touching what stands around it; edit the text")
    return _lines(source, dash, max(dash + 1, item.end), column)


def entry_span(source: Source, key: Node, value: Node) -> tuple[int, int]:
    """The lines of a block's key and value, with the comments that belong to them."""
    return _lines(source, key.start, max(key.end, value.end), source.position(key.start)[1] - 1)


def _lines(source: Source, begin: int, end: int, column: int) -> tuple[int, int]:
    first, text = source.position(begin)[0], source.text
    last = source.position(max(begin, len(text[:end].rstrip()) - 1))[0]
    while first > 1 and _comment(source, first - 1) == column:
        first -= 1
    while (below := _comment(source, last + 1)) is not None and below > column:
        last += 1
    return source.start_of(first), source.start_of(last + 1)


def _comment(source: Source, line: int) -> int | None:
    """The column, from 0, of the comment that a line consists of; None if it doesn't."""
    text = source.text[source.start_of(line) : source.start_of(line + 1)]
    return len(text) - len(text.lstrip(" ")) if text.lstrip(" ").startswith("#") else None


def spliced(source: Source, begin: int, end: int, lines: str) -> str:
    before, text = source.text[:begin], source.text
    if before and not before.endswith(("\n", "\r")):
        before += "\n" if "\r\n" not in text else "\r\n"
    return before + broken(source, lines) + text[end:]


def broken(source: Source, lines: str) -> str:
    """Lines with the line breaks that the text has."""
    return lines.replace("\n", "\r\n") if "\r\n" in source.text else lines


def shifted(lines: str, by: int) -> str:
    """Lines moved to the right, or to the left as far as they are blank there."""
    kept = []
    for line in lines.splitlines(keepends=True):
        blank = len(line) - len(line.lstrip(" "))
        kept.append(line if not line.strip() else " " * by + line if by >= 0 else line[min(blank, -by) :])
    return "".join(kept)
