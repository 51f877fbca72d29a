"""Texts that go out from a third are merged: what only one changed is taken over, what both changed is told."""

from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.source.merging import merge

LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "\n", "  - d\n"]), max_size=12).map("".join)


@settings(derandomize=True, max_examples=200)
@given(LINES, LINES)
def test_what_one_left_alone_is_the_others(base: str, changed: str) -> None:
    for mine, theirs in ((base, changed), (changed, base), (changed, changed)):
        merged = merge(base, mine, theirs)
        assert (merged.text, merged.clashes) == (changed, [])


@settings(derandomize=True, max_examples=200)
@given(LINES, LINES, LINES)
def test_what_clashes_is_kept_as_mine_and_told_at_its_line(base: str, mine: str, theirs: str) -> None:
    merged = merge(base, mine, theirs)
    lines = merged.text.splitlines(keepends=True)
    for clash in merged.clashes:
        assert clash.mine != clash.theirs
        mine_lines = clash.mine.splitlines(keepends=True)
        assert lines[clash.line - 1 : clash.line - 1 + len(mine_lines)] == mine_lines
    if not merged.clashes:
        assert sorted(merged.text) == sorted(merge(base, theirs, mine).text)


def test_changes_of_different_lines_are_both_there() -> None:
    base = "".join(f"line {number}\n" for number in range(9))
    mine, theirs = base.replace("line 1\n", "mine\nmore\n"), base.replace("line 7\n", "")
    assert merge(base, mine, theirs).text == base.replace("line 1\n", "mine\nmore\n").replace("line 7\n", "")
