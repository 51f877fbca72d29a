"""Texts as SMS providers have approved them: whether ours is the same, and what fills the variables of one."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from workflows.language.approved import ApprovedText
from workflows.source.diagnostics import quoted

_SIGNATURE = re.compile(r"\s*【([^【】\s]{1,20})】")
_OUR_SIGNATURE = re.compile(r"\s*(?:\{\{-?\s*shop\.sign\s*-?\}\}|【[^【】\s{}]{1,20}】)")
_PIECE = re.compile(r"\{\{-?(?P<value>.*?)-?\}\}|\{%-?\s*(?P<tag>\w+).*?-?%\}|\{#.*?#\}", re.DOTALL)


@dataclass(frozen=True)
class Difference:
    """Where our text isn't the approved one: the line, what of it is marked, and the sentence."""

    line: int
    marked: str
    message: str


@dataclass(frozen=True)
class Filled:
    """A rendered text as the template that makes it: who signs it, and the variables in the order of the text."""

    template: str
    signature: str
    arguments: Mapping[str, str]


def differences(source: str, approved: ApprovedText) -> Iterator[Difference]:
    """Where a template of ours can make a text that isn't the approved one; the first place alone."""
    start = _OUR_SIGNATURE.match(source)
    if start is None:
        yield Difference(1, "", "an approved text is sent with a signature: {{ shop.sign }} must stand in front")
        return
    names = {_plain(value): name for name, value in approved.variables.items()}
    written, at = "", start.end()
    places: list[tuple[int, int]] = [(0, at)]
    for piece in [*_PIECE.finditer(source, at), None]:
        written += source[at : piece.start() if piece else len(source)]
        if piece is None:
            break
        line = source.count("\n", 0, piece.start()) + 1
        if piece["tag"] and piece["tag"] not in ("set", "raw", "endraw"):
            yield Difference(line, piece[0], "an approved text is always the same but for its variables, without {% %}")
            return
        if (value := piece["value"]) is not None:
            name = names.get(_plain(value))
            if name is None:
                words = f"{quoted(value.strip())} is none of the variables of the approved text"
                yield Difference(line, piece[0], words)
                return
            written += f"${{{name}}}"
        at = piece.end()
        places.append((len(written), at))
    ours, theirs = written.rstrip(), approved.text.strip()
    if ours.strip() == theirs:
        return
    lead = len(ours) - len(ours.lstrip())
    same = next((i for i, (a, b) in enumerate(zip(ours.strip(), theirs, strict=False)) if a != b), None)
    same = min(len(ours.strip()), len(theirs)) if same is None else same
    before, position = max(place for place in places if place[0] <= lead + same)
    line = source.count("\n", 0, position + lead + same - before) + 1
    here, there = (text[same : same + 12].replace("\n", "↵") for text in (ours.strip(), theirs))
    words = f"the approved text has {quoted(there)} where this has {quoted(here)}"
    yield Difference(line, here.partition("↵")[0], words)


def filled(body: str, approved: Mapping[str, ApprovedText]) -> Iterator[Filled]:
    """The approved templates that make this very text, by their names, the one with the most fixed words first."""
    signed = _SIGNATURE.match(body)
    if signed is None:
        return
    text = body[signed.end() :].strip()
    found = [
        (sum(map(len, each.parts[::2])), name, arguments)
        for name, each in approved.items()
        if (arguments := arguments_of(text, each)) is not None
    ]
    for _, name, arguments in sorted(found, key=lambda item: (-item[0], item[1])):
        yield Filled(name, signed[1], arguments)


def arguments_of(text: str, approved: ApprovedText) -> Mapping[str, str] | None:
    """What fills the variables, so that the approved text becomes this one; None if nothing does."""
    parts = approved.parts
    first, last = parts[0], parts[-1]
    if len(parts) == 1:
        return {} if text == first else None
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return None
    at, end = len(first), len(text) - len(last)
    arguments: dict[str, str] = {}
    for index in range(1, len(parts), 2):
        name, fixed = parts[index : index + 2]
        stop = end if index == len(parts) - 2 else text.find(fixed, at, end)
        if stop < at or arguments.setdefault(name, text[at:stop]) != text[at:stop]:
            return None
        at = stop + len(fixed)
    return arguments


def _plain(expression: str) -> str:
    """An expression in the spelling in which expressions are compared."""
    return " ".join(expression.split()).replace("'", '"')
