"""A journey's text as a tree: the same steps and ways as its plan has, and what can be read of a broken one."""

from pathlib import Path

import pytest

from workflows.language.compile import read_journey
from workflows.source.tree import read_source
from workflows.terms.wording import Wording
from workflows.words.graph import graph
from workflows.words.outline import Outline, outline

ROOT = Path(__file__).parents[3]
FILES = sorted([*(ROOT / "journey_specs").glob("[!_]*.yaml"), *(ROOT / "tests" / "journeys" / "specs").glob("*.yaml")])
ZH = Wording("zh")


def outline_of(text: str) -> Outline:
    return outline(read_source(text, ""), ZH)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_has_the_steps_and_ways_of_the_plan(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    plan = read_journey(text, "", None).plan
    assert plan is not None
    shown, drawn = outline_of(text), graph(plan, ZH)
    steps = {node.path: node for node in drawn.nodes if node.verb not in ("start", "end")}
    if any(step.verb == "repeat" for step in plan.steps.values()) or any("#" in path for path in plan.steps):
        assert {node.path for node in shown.nodes} >= {path for path in steps if "#" not in path}
        return
    assert {(node.path, node.noun, node.words, node.row, node.column) for node in shown.nodes} == {
        (node.path, node.noun, node.words, node.row, node.column) for node in steps.values()
    }
    paths = {node.at: node.path for node in shown.nodes}
    ways = {
        (paths.get(edge.source, edge.source), paths.get(edge.target, edge.target), edge.label) for edge in shown.edges
    }
    assert ways == {(edge.source, edge.target, edge.label) for edge in drawn.edges}


BROKEN = """\
journey: broken
steps:
  - wait: soon
  - id: ask
    wait_for: {clicked: hello}
    within: 1d
    then:
      - {sent: hello}
    else:
      - stop: enough
  - 7
"""


def test_of_a_broken_one_it_shows_what_can_be_read() -> None:
    shown = outline_of(BROKEN)
    assert [(node.at, node.verb, node.words, node.first_line, node.last_line) for node in shown.nodes] == [
        ("/steps/0", "wait", "wait: soon", 3, 3),
        ("/steps/1", "wait_for", "id: ask", 4, 10),
        ("/steps/1/then/0", "", "{sent: hello}", 8, 8),
        ("/steps/1/else/0", "stop", "结束：enough", 10, 10),
    ]
    assert [shown.at_line(line) for line in (2, 5, 8, 11)] == [None, "/steps/1", "/steps/1/then/0", None]


@pytest.mark.parametrize("text", ["", "steps: [", "steps: 7", "- a", "steps:\n  -\n"])
def test_of_what_has_no_steps_there_are_none(text: str) -> None:
    assert outline_of(text).nodes == []


def test_a_branch_that_is_not_written_has_a_place_to_put_a_step_in() -> None:
    (node,) = outline_of("steps: [{if: {field: customer.city, is: a}, then: []}]").nodes
    assert [(branch.label, branch.at, branch.steps) for branch in node.branches] == [
        ("如果 客户所在城市 是 a", "/steps/0/then", []),
        ("否则", "/steps/0/else", []),
    ]


BROKEN_FILES = sorted((Path(__file__).parents[1] / "language" / "broken").glob("*.yaml"))


@pytest.mark.parametrize("path", BROKEN_FILES, ids=lambda path: path.stem)
def test_whatever_is_broken_is_told_and_told_alike_when_it_was_read_before(path: Path) -> None:
    text = path.read_text(encoding="utf-8", errors="replace")
    first, again = (outline(read_source(text, ""), Wording("zh")) for _ in range(2))
    assert first == again
    assert all(node.at.startswith("/steps/") for node in first.nodes)
    if path.stem == "variant_twice":
        assert len({branch.at for branch in first.nodes[0].branches}) == len(first.nodes[0].branches) > 1
