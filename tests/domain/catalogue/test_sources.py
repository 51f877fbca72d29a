"""The names under which our own events are kept are on one list."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[3]
ROOMS = ("domain", "api", "activities")


def test_no_event_of_ours_has_a_source_that_is_not_on_the_list() -> None:
    """A source is one of the list's constants, or what the caller gives; never a word of its own."""
    sources = {
        f"{path.relative_to(ROOT)}:{node.lineno}": [word.value for word in node.keywords if word.arg == "source"]
        or node.args[:1]
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "Incoming"
    }
    assert len(sources) > 5
    assert [place for place, given in sources.items() if not given or isinstance(given[0], ast.Constant)] == []
