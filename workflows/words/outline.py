"""A journey's text as a tree to look at and edit: also one with mistakes in it, as far as it can be read."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from workflows.language.compile import read_trigger
from workflows.source.editing import escaped, places
from workflows.source.pieces import KEPT
from workflows.source.tree import Node as Tree
from workflows.source.tree import Source
from workflows.terms.wording import Wording
from workflows.verbs.base import Path, Position, StepSpec
from workflows.verbs.registry import SPECS, AnySpec, verbs_of
from workflows.words.describe import summary, trigger_words, ways_in_words
from workflows.words.graph import END, START, Block, place

_NEXT = ">"
"""Stands for whatever follows a step, which no branch can be called."""
_SPEC: TypeAdapter[StepSpec] = TypeAdapter(AnySpec)


@dataclass(frozen=True)
class Way:
    """A way between two places, and where a step comes to stand that is put in on it: one place for each label."""

    source: str
    target: str
    label: str
    inserts: list[tuple[str, str]]


@dataclass(frozen=True)
class Branch:
    """A branch of a step: its label in words, the place of its list of steps, which may not be written yet."""

    label: str
    at: str
    steps: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Item:
    """A step as it is written: its place in the text, and its path in the plan.

    Of a step that can't be understood, `words` is how its text begins. Lines count from 1; rows and columns are those
    of `graph`. `value` is the step as it is written, without positions.
    """

    at: str
    path: Path
    id: str | None
    verb: str
    noun: str
    words: str
    first_line: int
    last_line: int
    branches: list[Branch]
    row: int
    column: float
    value: Any


@dataclass(frozen=True)
class Outline:
    """The steps in the order of the text and the ways between their places; `^` and `$` are the beginning and the end.

    `steps` are the places of those that stand in no branch, `rows` says how many rows they take up; `head` is what is
    written beside the steps, `begins` what begins the journey, in words, if it can be read.
    """

    title: str
    steps: list[str]
    nodes: list[Item]
    edges: list[Way]
    rows: int
    width: float
    head: dict[str, Any]
    begins: str | None

    def at_line(self, line: int) -> str | None:
        """The place of the innermost step that a line belongs to."""
        inside = [item for item in self.nodes if item.first_line <= line <= item.last_line]
        return inside[-1].at if inside else None


def outline(source: Source, say: Wording) -> Outline:
    """The outline of a text; an empty one if it can't be read at all."""
    if source.root is None:
        return Outline("", [], [], [], 1, 1, {}, None)
    reader = _Reader(source, say)
    name = source.root.get("name") or source.root.get("journey")
    steps = source.root.get("steps")
    block = reader.sequence(steps, "/steps", "", END)
    laid: dict[Path, tuple[int, float]] = {}
    rows = place(block, 1, block.width / 2, laid)
    items = [Item(**read, row=laid[read["at"]][0], column=laid[read["at"]][1]) for read in reader.items]
    first = block.steps[0][0] if block.steps else END
    trigger = read_trigger(source.root.get("trigger"))
    return Outline(
        title=str(name.value) if name and name.text else "",
        steps=[at for at, _ in block.steps],
        nodes=sorted(items, key=lambda item: (item.first_line, -item.last_line)),
        edges=[Way(START, first, "", [("", "/steps/0")]), *reader.edges],
        rows=rows,
        width=block.width,
        head={name: node.plain for name, node in source.root.entries.items() if name != "steps"},
        begins=trigger_words(trigger, say) if trigger else None,
    )


class _Labels(dict[str, str]):
    """The first step of each branch, called like the branch."""

    def __missing__(self, label: str) -> str:
        return label


class _Reader:
    def __init__(self, source: Source, say: Wording) -> None:
        assert source.root is not None
        self.source, self.say = source, say
        self.key = say.lang, tuple(sorted(say.campaigns.items())), tuple(sorted(say.amounts))
        self.places = places(source.root)
        self.items: list[dict[str, Any]] = []
        self.edges: list[Way] = []

    def sequence(self, steps: Tree | None, at: str, prefix: str, after: str) -> Block:
        """Read the steps of a list, which lead on to `after`."""
        written = [(number, step) for number, step in enumerate(steps.items if steps else ()) if step.entries]
        ats = [f"{at}/{number}" for number, _ in written]
        return Block([
            (here, self._step(step, here, f"{prefix}{_name(step) or number + 1}", following))
            for (number, step), here, following in zip(written, ats, [*ats, after][1:], strict=True)
        ])  # fmt: skip

    def _step(self, node: Tree, at: str, path: Path, following: str) -> list[Block]:
        plain = node.plain
        told = _told(plain, self.say, self.key)
        words = {target: label for label, target in told.ways}
        order = list(words)
        branches = sorted(
            self._branches(node, at, told.branches), key=lambda each: order.index(each[0]) if each[0] in words else 0
        )
        read: dict[str, Any] = {
            "at": at, "path": path, "id": _name(node), "verb": (verbs_of(node.entries) or [""])[0],
            "noun": told.noun,
            "words": self._beginning(node) if told.words is None else told.words,
            "first_line": self.source.position(node.start)[0],
            "last_line": self.source.position(max(node.start, node.end - 1))[0],
            "branches": [], "value": plain,
        }  # fmt: skip
        self.items.append(read)
        blocks: dict[str, Block] = {}
        begin: dict[str, str] = {}
        for label, branch_at, steps in branches:
            inner = f"{path}#1." if told.rounds else f"{path}.{label}."
            block = self.sequence(steps, branch_at, inner, at if told.rounds else following)
            blocks[label] = block
            begin[label] = f"{branch_at}/0"
            read["branches"].append(Branch(words.get(label, label), branch_at, [each for each, _ in block.steps]))
        self._ways(told.ways, at, following, blocks, begin)
        laid = [block for block in blocks.values() if block.steps]
        return [*laid, Block([])] if laid and len(laid) < len(blocks) else laid

    def _ways(
        self,
        ways: Sequence[tuple[str, Path | None]],
        at: str,
        following: str,
        blocks: dict[str, Block],
        begin: dict[str, str],
    ) -> None:
        above, _, number = at.rpartition("/")
        beside = f"{above}/{int(number) + 1}"
        known: dict[str, tuple[list[str], list[tuple[str, str]]]] = {}
        for label, target in ways:
            block = blocks.get(target or "")
            goes = END if target is None else block.steps[0][0] if block and block.steps else following
            labels, inserts = known.setdefault(goes, ([], []))
            if label and label not in labels:
                labels.append(label)
            place = None if target is None else begin.get(target, beside)
            if place and place not in [each for _, each in inserts]:
                inserts.append((label, place))
        self.edges += [Way(at, target, " / ".join(labels), inserts) for target, (labels, inserts) in known.items()]

    def _branches(self, node: Tree, at: str, known: Sequence[str] | None) -> Iterator[tuple[str, str, Tree | None]]:
        """The branches of a step: the label in paths, the place, and the list if it is written."""
        written = [each for verb in verbs_of(node.entries)[:1] for each in SPECS[verb].branches_in(node)]
        labels = known if known is not None and len(known) == len(written) else [""] * len(written)  # one name twice
        for label, steps in zip(labels, written, strict=True):
            if steps is not None:
                where = self.places[id(steps)]
                yield label or where.removeprefix(f"{at}/"), where, steps
            elif label:
                yield label, f"{at}/{escaped(label)}", None

    def _beginning(self, node: Tree) -> str:
        line = self.source.position(node.start)[0]
        return self.source.text[node.start : self.source.start_of(line + 1)].strip()[:200]


@dataclass(frozen=True)
class _Told:
    """What is said of a step, wherever it stands: `words` and `branches` are None if it can't be understood."""

    noun: str
    words: str | None
    ways: Sequence[tuple[str, Path | None]]
    branches: Sequence[str] | None
    rounds: bool


_kept: dict[tuple[Hashable, str], _Told] = {}
"""What was told of the steps that were read last, by how it is said and the step as it is written."""


def _told(plain: Any, say: Wording, key: Hashable) -> _Told:
    known = key, repr(plain)
    told = _kept.get(known)
    if told is None:
        told = _tell(plain, say)
        if len(_kept) >= KEPT:
            _kept.clear()
        _kept[known] = told
    return told


def _tell(plain: Any, say: Wording) -> _Told:
    spec = _understood(plain)
    if spec is None:
        return _Told("", None, [("", _NEXT)], None, rounds=False)
    step = spec.compiled(Position("", _NEXT, _Labels()))
    branches = list(spec.branches())
    return _Told(say.pick(*step.noun), summary(step, say), ways_in_words(step, say), branches, spec.rounds > 0)


def _name(node: Tree) -> str | None:
    named = node.get("id")
    return named.text if named else None


def _understood(plain: Any) -> StepSpec | None:
    try:
        return _SPEC.validate_python(plain, context={"written": True}, by_alias=True, by_name=False)
    except (ValidationError, RecursionError):
        return None
