"""A text read step by step gives the tree that reading it as a whole gives, to the place of each sign."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.source.pieces import _in_pieces, read_again
from workflows.source.tree import Node, read_source

FILES = sorted([*Path("journey_specs").glob("[a-z]*.yaml"), *Path("tests/journeys/specs").glob("*.yaml")])
ODD = [
    "steps:\n  - wait: 1d\n",
    "steps:\n- wait: 1d\n- {wait: 2d}\ngoal: {event: a, within: 1d}\n",
    "journey: a\nsteps:\n  # first\n  - wait: 1d  # why\n\n  # second\n"
    "  - send: |\n      - not a step\n      - nor this\n  # end\n",
    "steps:\n  - wait: 1d\n   - wrong\n",
    "steps:\n  - {a: [1,\n  - 2]}\n",
    'steps:\n  - a: "one\n  - two"\n',
    "steps:\n  - &a {wait: 1d}\n  - *a\n",
    "steps:\n  - wait: 1d\nsteps:\n  - wait: 2d\n",
    "steps:\n  - wait: 1d\nsteps: 5\n",
    "steps:\n  -\n    wait: 1d\n  - wait: 2d\n",
    "steps:\n  - - a\n    - b\n  - c\n",
    "a: |\n  steps:\n    - b\nsteps:\n  - c: 1\n",
    "a: |\nsteps:\n  - b\n",
    "steps:\n  - wait: 1d\n  - wait: 1d\n    wait: 2d\n",
    "steps:\n  - wait: 1d\n...\n",
    "steps:\n  - wait: 1d\n# the end",
    "steps:\r\n  - wait: 1d\r\n",
    "\ufeffsteps:\n  - wait: 1d\n",
    "steps:\n\t- wait: 1d\n",
    "steps:\n  - a: b\n    c:\n  - d\nend: 1\n",
]


def told(node: Node | None) -> object:
    """A tree as one value, with all its places."""
    if node is None:
        return None
    value: object = node.value
    if isinstance(node.value, dict):
        value = [(name, told(child)) for name, child in node.value.items()]
    elif isinstance(node.value, list):
        value = [told(child) for child in node.value]
    keys = [(name, told(key)) for name, key in node.keys.items()]
    return node.start, node.end, value, keys, node.flow, node.bare, node.size


def alike(text: str) -> None:
    again, whole = read_again(text), read_source(text, "")
    assert told(again.root) == told(whole.root)
    assert again.diagnostics == whole.diagnostics


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_journeys_are_read_alike(path: Path) -> None:
    alike(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("text", ODD)
def test_odd_texts_are_read_alike(text: str) -> None:
    alike(text)


_LINES = """\
steps:
  - wait: 1d
  - {send: a, via: [b]}
    then:
      - stop: c
  - id: d
    wait: 2d

# remark
  # remark
goal: {event: e, within: 1d}
name: f
- wait: 3d
    - g
  - |
      h
  - "i
    j"
  - {k: [l,
    m]}
  -
      - n: o
journey: p
  q: r"""
LINES = st.lists(st.sampled_from(_LINES.split("\n")), max_size=14).map(lambda lines: "\n".join(lines) + "\n")


@settings(derandomize=True, max_examples=600)
@given(LINES)
def test_random_texts_are_read_alike(text: str) -> None:
    alike(text)


def test_most_journeys_are_read_in_pieces() -> None:
    texts = [path.read_text(encoding="utf-8") for path in FILES]
    assert sum(_in_pieces(text) is not None for text in texts) > len(texts) / 2
