"""The names under which our own events are kept are on one list."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
WRITERS = [path for room in ("domain", "api", "activities") for path in (ROOT / room).rglob("*.py")]


@pytest.mark.parametrize("path", WRITERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_event_of_ours_has_a_source_that_is_not_on_it(path: Path) -> None:
    """A source is one of the list's constants, or what the caller gives; never a word of its own."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "Incoming":
            given = [word.value for word in node.keywords if word.arg == "source"] or node.args[:1]
            assert not any(isinstance(each, ast.Constant) for each in given), f"line {node.lineno}"
