"""A plan as a graph to look at: its steps in words, each with its place, and the ways between them."""

import re
from dataclasses import dataclass

from workflows.plan.model import Plan
from workflows.terms.wording import Wording
from workflows.verbs.base import Path, Step
from workflows.words.describe import summary, trigger_words, ways_in_words

START, END = "^", "$"
"""Stand for the beginning and the end, which no step's path can be called."""

_LATER_ROUND = re.compile(r"#\d+(?=[.])")
_ROUND = re.compile(r"#\d+$")


@dataclass(frozen=True)
class Node:
    """A step, the beginning or the end. `row` counts from the top, `column` is the middle, in widths of a node."""

    path: Path
    verb: str
    noun: str
    words: str
    row: int
    column: float


@dataclass(frozen=True)
class Edge:
    """A way from one step to another."""

    source: Path
    target: Path
    label: str


@dataclass(frozen=True)
class Graph:
    """A plan to look at. The rounds of a `repeat` are shown as one."""

    nodes: list[Node]
    edges: list[Edge]


def graph(plan: Plan, say: Wording) -> Graph:
    """The plan as a graph from the top to the bottom."""
    block = _block(plan, plan.first, None)
    places: dict[Path, tuple[int, float]] = {}
    bottom = place(block, 1, block.width / 2, places)
    middle = block.width / 2
    steps = [
        Node(path, step.verb, say.pick(*step.noun), summary(step, say), *places[path])
        for path, step in plan.steps.items()
        if path in places
    ]
    trigger = trigger_words(plan.trigger, say).replace("`", "")
    begin = Node(START, "start", say.pick("进入", "enters"), trigger, 0, middle)
    end = Node(END, "end", say.pick("结束", "end"), "", bottom, middle)
    return Graph([begin, *steps, end], _edges(plan, say))


def node_of(path: Path | None) -> Path:
    """The path of the node that stands for a step, of whatever round, or for the end."""
    return END if path is None else _ROUND.sub("", _LATER_ROUND.sub("#1", path))


def _edges(plan: Plan, say: Wording) -> list[Edge]:
    labels: dict[tuple[Path, Path], list[str]] = {(START, node_of(plan.first)): []}
    for path, step in plan.steps.items():
        for label, target in ways_in_words(step, say):
            known = labels.setdefault((node_of(path), node_of(target)), [])
            if label and label not in known:
                known.append(label)
    return [Edge(source, target, " / ".join(known)) for (source, target), known in labels.items()]


@dataclass(frozen=True)
class Block:
    """Steps one below the other, each with the blocks of its branches side by side; an empty one is a bare way."""

    steps: list[tuple[Path, "list[Block]"]]

    @property
    def width(self) -> float:
        """In nodes."""
        return max((sum(branch.width for branch in branches) for _, branches in self.steps), default=1) or 1


def _block(plan: Plan, first: Path | None, end: Path | None) -> Block:
    steps: list[tuple[Path, list[Block]]] = []
    path = first
    while path is not None and path != end:
        step = plan.steps[path]
        if path == node_of(path):
            steps.append((path, _branches(plan, step)))
        path = step.next
    return Block(steps)


def _branches(plan: Plan, step: Step) -> list[Block]:
    firsts = dict.fromkeys(first for _, first in step.branches_in_words(Wording("en")))
    inner = [first for first in firsts if first not in (step.next, step.rejoined)]
    blocks = [_block(plan, first, step.rejoined) for first in inner]
    return blocks if len(inner) == len(firsts) else [*blocks, Block([])] if blocks else []


def place(block: Block, row: int, middle: float, places: dict[Path, tuple[int, float]]) -> int:
    """Give every step of a block its row and column; returns the row below them."""
    for path, branches in block.steps:
        places[path] = row, middle
        row += 1
        left = middle - sum(branch.width for branch in branches) / 2
        bottom = row
        for branch in branches:
            bottom = max(bottom, place(branch, row, left + branch.width / 2, places))
            left += branch.width
        row = bottom
    return row
