"""A play as it is written, published and carried out: what is stored of it is its grammar."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from workflows.plan.model import Active
from workflows.plays.base import Part, Path
from workflows.plays.parts.announce import Announce
from workflows.plays.parts.collect import Collect
from workflows.plays.parts.draw import Draw
from workflows.plays.parts.rank import Rank
from workflows.plays.parts.start import Start
from workflows.plays.registry import AnyPart
from workflows.terms.conditions import Condition
from workflows.terms.values import Frozen
from workflows.terms.written import EventPattern, Name, Text


class DuringStream(Frozen):
    """While a livestream runs: `any`, or the one with this id."""

    stream: Text


During = Annotated[
    Annotated[DuringStream, Tag("<stream>")] | Annotated[Active, Tag("<days>")],
    Discriminator(
        lambda value: (
            "<stream>"
            if isinstance(value, DuringStream) or (isinstance(value, Mapping) and "stream" in value)
            else "<days>"
        )
    ),
]


class Entry(Frozen):
    """How often somebody may enter each `collect`, or each day of it; `after` takes entries by an event, too."""

    per: Literal["customer"] = "customer"
    times: Annotated[int, Field(ge=1, le=100)] = 1
    every: Literal["day"] | None = None
    cost: Literal["none"] = "none"
    after: EventPattern | None = None


@dataclass(frozen=True)
class Placed:
    """A part, what follows it and the first part of each of its branches. `collect` is what was collected before."""

    path: Path
    part: Part
    next: Path | None
    firsts: Mapping[str, Path | None]


class Play(Frozen):
    """Who may enter, when, how often, and what happens then, part by part."""

    play: Name
    name: Text | None = None
    during: During | None = None
    who: Condition | None = None
    minors: Literal["in", "out"] = "in"
    entry: Entry = Entry()
    rules: Annotated[str, Field(min_length=1, max_length=5000)] | None = None
    steps: tuple[AnyPart, ...] = Field(min_length=1)

    @property
    def title(self) -> str:
        """What people call it."""
        return self.name or self.play

    @cached_property
    def placed(self) -> Mapping[Path, Placed]:
        """The parts by their paths, in the order of the text."""
        return {each.path: each for each in _place(self.steps, "", None)}

    @property
    def first(self) -> Path:
        """Where it begins."""
        return next(iter(self.placed))

    def before(self, path: Path, kinds: type[Part] | tuple[type[Part], ...]) -> Placed | None:
        """The last part of a kind above another in the text, in branches that both are in, or before them."""
        found = None
        for each in self.placed.values():
            if each.path == path:
                return found
            if isinstance(each.part, kinds) and path.startswith(each.path.rpartition(".")[0]):
                found = each
        return found

    def of_kind(self, kinds: type[Part] | tuple[type[Part], ...]) -> Sequence[Placed]:
        """The parts of a kind."""
        return [each for each in self.placed.values() if isinstance(each.part, kinds)]

    @property
    def draws(self) -> Sequence[Placed]:
        """The parts that find winners."""
        return self.of_kind((Draw, Rank))

    @property
    def collects(self) -> Sequence[Placed]:
        """The parts that take entries."""
        return self.of_kind(Collect)

    @property
    def starts(self) -> Sequence[Name]:
        """The journeys that begin with it."""
        return sorted({each.part.start for each in self.of_kind(Start) if isinstance(each.part, Start)})

    @property
    def letters(self) -> Sequence[tuple[Path, Announce]]:
        """The parts that write to people."""
        return [
            (each.path, each.part)
            for each in self.of_kind(Announce)
            if isinstance(each.part, Announce) and each.part.send
        ]


def _place(parts: Sequence[Part], prefix: str, following: Path | None) -> Iterator[Placed]:
    paths = [f"{prefix}{part.id or place}" for place, part in enumerate(parts, 1)]
    for part, path, after in zip(parts, paths, [*paths, following][1:], strict=True):
        branches = part.branches()
        firsts = {label: f"{path}.{label}.{inner[0].id or 1}" if inner else after for label, inner in branches.items()}
        yield Placed(path, part, after, firsts)
        for label, inner in branches.items():
            yield from _place(inner, f"{path}.{label}.", after)
