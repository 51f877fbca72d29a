"""What a verb consists of: a step as it is written, the step of a plan that it becomes, and what is said of both.

A module of this folder that defines a `StepSpec` and a `Step` is a verb; the registry finds it. What carries the step
out has the same name in `domain/journeys/verbs`.
"""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from workflows.source.tree import Node
from workflows.terms.channels import Channel
from workflows.terms.conditions import EventCondition
from workflows.terms.scope import Scope
from workflows.terms.values import Frozen
from workflows.terms.wording import Wording
from workflows.terms.written import Name

if TYPE_CHECKING:
    from workflows.verbs.changes import Changes
    from workflows.verbs.flow import Flow, State

Path = str
"""Where a step stands: its id, or its place (`3`), below the step and branch it belongs to (`answer.else.rescue`)."""


@dataclass(frozen=True)
class Decision:
    """One thing that was decided about a customer. `event` names what a journey wasn't entered on."""

    at: datetime
    journey: str
    what: str
    value: str
    enrollment: int | None = None
    step: str | None = None
    via: str | None = None
    reason: str | None = None
    until: datetime | None = None
    because: str | None = None
    event: str | None = None


DecisionWords = Callable[[Decision, Wording], str]
"""Tells a decision in words. Its `reason` is in words already, and its `until` is local."""


class Step(Frozen):
    """A step of a plan. What is stored of it is its fields: a field's name is never changed.

    A subclass has a field `verb`, a literal: its name in plans, and the name of what carries it out.
    """

    if TYPE_CHECKING:
        verb: str  # a field of each subclass, behind those that all have
    path: Path
    id: str | None = None
    next: Path | None = None

    noun: ClassVar[tuple[str, str]]
    """What a step of this verb is called, in Chinese and in English."""
    shape: ClassVar[str] = '["{}"]'
    """How a Mermaid graph draws it."""
    waits: ClassVar[bool] = False
    """Whether an enrollment may rest in it: it is arrived at, with a due time, in the transaction that leads to it."""
    activity: ClassVar[str | None] = None
    """The activity that carries it out, where it isn't the one named like the verb."""
    field_names: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """What `diff` calls its fields, in Chinese and in English."""
    trail: ClassVar[Mapping[str, DecisionWords]] = {}
    """The kinds of decisions that only this verb writes in the trail, and how they are told."""
    visible: ClassVar[Sequence[str]] = ()
    """Those of them that a journey test expects in its timeline."""
    reasons: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """What the reasons mean that it gives, in Chinese and in English."""

    @property
    def name(self) -> str:
        """What the world outside knows the step by: its id, else its path."""
        return self.id or self.path

    @property
    def written_id(self) -> str:
        """The id as it is written: the same in every round of a `repeat`."""
        return (self.id or "").rpartition(".")[2]

    @property
    def rejoined(self) -> Path | None:
        """Where its branches lead on to."""
        return self.next

    @property
    def command(self) -> str:
        """The activity that carries it out."""
        return self.activity or self.verb

    @property
    def early(self) -> bool:
        """Whether it may be arrived at before its time, and again: only its end is an instant to wait for."""
        return False

    @property
    def follows(self) -> Sequence[str]:
        """The events about the business that can move the time at which an enrollment standing here goes on."""
        return ()

    @property
    def campaign_given(self) -> str | None:
        """The coupon campaign of which it gives a coupon."""
        return None

    @property
    def texts(self) -> Sequence[tuple[str, Channel]]:
        """The texts that it may send: template and channel."""
        return ()

    @property
    def awaited(self) -> Sequence[EventCondition]:
        """The events that wake an enrollment standing here."""
        return ()

    @property
    def urgent(self) -> bool:
        """Whether somebody asked for what it does, so that it goes before what is done in bulk."""
        return False

    def ways(self) -> Sequence[Path | None]:
        """Where it can lead, in the order of its branches; None is the journey's end."""
        return (self.next,)

    def after(self, result: str) -> Path | None:
        """What follows when it came to `result`."""
        return self.next

    def words(self, say: Wording) -> str:
        """The step in one line."""
        raise NotImplementedError

    def in_short(self, say: Wording) -> str:
        """The step in one line where its branches aren't shown."""
        return self.words(say)

    def branches_in_words(self, say: Wording) -> Sequence[tuple[str, Path | None]]:
        """Its branches, each with a label and its first step."""
        return ()

    def changes(self, new: Self, label: str, changes: "Changes") -> Iterator[str]:
        """A sentence for each difference to the same step in a newer plan."""
        return changes.fields(label, self, new)


@dataclass(frozen=True)
class Position:
    """Where a step stands in the plan: its path, what follows it, and the first step of each of its branches.

    `names` says how the ids of steps are known here that are written inside a `repeat`.
    """

    path: Path
    next: Path | None
    firsts: Mapping[str, Path | None]
    names: Mapping[str, str] = field(default_factory=dict)

    def fields(self, spec: "StepSpec") -> dict[str, Any]:
        """The fields that all steps have."""
        return {"path": self.path, "id": spec.id and self.name_of(spec.id), "next": self.next}

    def name_of(self, id: str) -> str:
        """How the step with this id is known."""
        return self.names.get(id, id)


class StepSpec(Frozen):
    """A step as it is written. The class methods read the tree, which may not be grammatical."""

    verb: ClassVar[str]
    """The key by which the step is known to be of this verb."""
    covers: ClassVar[frozenset[str]] = frozenset()
    """Keys that are verbs elsewhere and beside this one are not."""
    receipts: ClassVar[frozenset[str]] = frozenset()
    """What can come back about such a step, as `wait_for` names it."""

    id: Name | None = None

    @property
    def rounds(self) -> int:
        """How often its steps are done; 0 where they are branches."""
        return 0

    @property
    def asks_again(self) -> bool:
        """Whether it is asked before each further round if there is to be one."""
        return False

    @classmethod
    def rounds_in(cls, step: Node) -> int:
        """How often its branches stand in a plan."""
        return 1

    def compiled(self, position: Position) -> Step:
        """The step of a plan."""
        raise NotImplementedError

    def branches(self) -> Mapping[str, Sequence["StepSpec"]]:
        """The steps of each branch, by the label that is part of their paths."""
        return {}

    @classmethod
    def branches_in(cls, step: Node) -> Sequence[Node | None]:
        """Where its branches are written."""
        return ()

    @classmethod
    def campaign_in(cls, step: Node) -> Node | None:
        """Where the coupon campaign is written of which it gives a coupon."""
        return None

    @classmethod
    def steps_named_in(cls, step: Node) -> Iterator[Node]:
        """Where it names other steps by their ids."""
        yield from ()

    @classmethod
    def check_alone(cls, step: Node, scope: Scope) -> None:
        """Report what is wrong with it wherever it stands."""

    @classmethod
    def check(cls, step: Node, scope: Scope, state: "State", flow: "Flow") -> "State | None":
        """Report what is wrong with it where it stands, and check its branches.

        `state` is what holds when it begins, and that it was passed. Returns what holds after it, None if nothing
        follows it.
        """
        branches = cls.branches_in(step)
        return flow.branches(branches, state) if branches else state


def verbs_among(keys: Container[str], specs: Mapping[str, type[StepSpec]]) -> list[str]:
    """The verbs among a step's keys."""
    present = [verb for verb in specs if verb in keys]
    covered = {key for verb in present for key in specs[verb].covers}
    return [verb for verb in present if verb not in covered]


if TYPE_CHECKING:
    AnySpec = StepSpec
    """Any of the steps that can be written: the registry knows which there are."""
