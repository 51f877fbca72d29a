"""Merging two texts that go out from a third, line by line: what only one of them changed is taken over."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal


@dataclass(frozen=True)
class Clash:
    """Lines that both changed, each in their own way. `line` is where they stand in the merged text, from 1."""

    line: int
    mine: str
    theirs: str


@dataclass(frozen=True)
class Merged:
    """The text with both changes; where they clash it has mine."""

    text: str
    clashes: list[Clash]


def merge(base: str, mine: str, theirs: str) -> Merged:
    """Merge two texts, by the three-way rule: a stretch of the base that one text left alone is the other's."""
    old, one, other = (text.splitlines(keepends=True) for text in (base, mine, theirs))
    lines: list[str] = []
    clashes: list[Clash] = []
    for was, here, there in _stretches(old, one, other):
        if here == there or there == was:
            lines += here
        elif here == was:
            lines += there
        else:
            clashes.append(Clash(len(lines) + 1, "".join(here), "".join(there)))
            lines += here
    return Merged("".join(lines), clashes)


def _stretches(
    base: Sequence[str], mine: Sequence[str], theirs: Sequence[str]
) -> Iterator[tuple[Sequence[str], Sequence[str], Sequence[str]]]:
    """The texts cut where all three agree, in order: what stands between, then what they agree on."""
    at = (0, 0, 0)
    for begin, end, in_mine, in_theirs in [
        *_common(base, mine, theirs),
        (len(base), len(base), len(mine), len(theirs)),
    ]:
        yield base[at[0] : begin], mine[at[1] : in_mine], theirs[at[2] : in_theirs]
        same = base[begin:end]
        yield same, same, same
        at = (end, in_mine + end - begin, in_theirs + end - begin)


def _common(base: Sequence[str], mine: Sequence[str], theirs: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """Runs of lines of the base that stand in both: from, to, and where they begin in each."""
    ours = [each for each in SequenceMatcher(None, base, mine, autojunk=False).get_matching_blocks() if each.size]
    others = [each for each in SequenceMatcher(None, base, theirs, autojunk=False).get_matching_blocks() if each.size]
    for one in ours:
        for other in others:
            begin, end = max(one.a, other.a), min(one.a + one.size, other.a + other.size)
            if begin < end:
                yield begin, end, one.b + begin - one.a, other.b + begin - other.a


def differences(old: str, new: str) -> Iterator[tuple[Literal["same", "gone", "new"], str]]:
    """The lines of two texts in the order of the new one, those that are gone before those in their place."""
    before, after = old.splitlines(), new.splitlines()
    for what, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "equal":
            yield from (("same", line) for line in after[k:m])
        else:
            yield from (("gone", line) for line in before[i:j])
            yield from (("new", line) for line in after[k:m])
