"""A plan as a graph: every step has a place of its own, and ways lead down."""

from pathlib import Path
from textwrap import dedent

import pytest

from workflows.language.compile import read_journey
from workflows.plan.model import Plan
from workflows.terms.wording import Wording
from workflows.words.graph import END, START, graph

EN = Wording("en")
SHIPPED = sorted(path for path in Path("journey_specs").glob("*.yaml") if not path.name.startswith("_"))


def plan_of(text: str) -> Plan:
    compiled = read_journey(dedent(text), "a journey", None)
    assert compiled.plan is not None, compiled.diagnostics
    return compiled.plan


BRANCHES = plan_of("""
    journey: forms
    trigger: {event: form.filled}
    entry: {again: never}
    steps:
      - {wait: 1h}
      - id: offer
        split:
          - {variant: a, weight: 50, steps: [{id: one, send: x, via: [sms]}, {id: two, send: x, via: [sms]}]}
          - {variant: b, weight: 50, steps: [{stop: enough}]}
      - {id: bye, send: x, via: [sms]}
""")
ROUNDS = plan_of("""
    journey: forms
    trigger: {event: form.filled}
    entry: {again: never}
    steps:
      - {id: weekly, repeat: 3, steps: [{wait: 7d}, {id: hello, send: x, via: [sms]}]}
      - {id: bye, send: x, via: [sms]}
""")


def test_branches_stand_side_by_side_below_their_step() -> None:
    nodes = {node.path: (node.row, node.column) for node in graph(BRANCHES, EN).nodes}
    assert nodes == {
        START: (0, 1), "1": (1, 1), "offer": (2, 1), "offer.a.one": (3, 0.5), "offer.a.two": (4, 0.5),
        "offer.b.1": (3, 1.5), "bye": (5, 1), END: (6, 1),
    }  # fmt: skip


def test_ways_have_their_labels() -> None:
    edges = [(edge.source, edge.target, edge.label) for edge in graph(BRANCHES, EN).edges]
    assert edges == [
        (START, "1", ""), ("1", "offer", ""), ("offer", "offer.a.one", "a 50%"), ("offer", "offer.b.1", "b 50%"),
        ("offer.a.one", "offer.a.two", ""), ("offer.a.two", "bye", ""), ("offer.b.1", END, ""), ("bye", END, ""),
    ]  # fmt: skip


def test_rounds_are_shown_as_one() -> None:
    shown = graph(ROUNDS, EN)
    assert [node.verb for node in shown.nodes] == ["start", "repeat", "wait", "send", "send", "end"]
    weekly, wait, hello = (node.path for node in shown.nodes[1:4])
    pairs = {(edge.source, edge.target) for edge in shown.edges}
    assert {(weekly, wait), (wait, hello), (hello, wait), (hello, "bye")} <= pairs


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_of_shipped_journeys_no_step_hides_another(path: Path) -> None:
    shown = graph(plan_of(path.read_text()), EN)
    rows: dict[int, list[float]] = {}
    for node in shown.nodes:
        assert node.words or node.path == END
        rows.setdefault(node.row, []).append(node.column)
    for columns in rows.values():
        assert all(after - before >= 1 for before, after in zip(sorted(columns), sorted(columns)[1:], strict=False))
    places = {node.path for node in shown.nodes}
    assert {end for edge in shown.edges for end in (edge.source, edge.target)} == places
