"""What a part of a play consists of, and what is known where it stands.

A module of `workflows/plays/parts` that defines a `Part` is one; the registry finds it. What carries it out has the
same name in `domain/plays/parts`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from workflows.language.policy import CouponTerms
from workflows.plan.model import Plan
from workflows.source.tree import Node
from workflows.terms.scope import References, Scope
from workflows.terms.values import Frozen
from workflows.terms.wording import Wording
from workflows.terms.written import Name

Path = str
"""Where a part stands: its id, or its place (`3`), below the part and branch it belongs to (`2.then.1`)."""


class Part(Frozen):
    """A part as it is written, published and carried out: what is stored of it is its fields, so names stay."""

    part: ClassVar[str]
    """The key by which the part is known."""

    id: Name | None = None

    def branches(self) -> "Mapping[str, Sequence[Part]]":
        """The parts of each branch, by the label that stands in their paths."""
        return {}

    def words(self, say: Wording) -> str:
        """The part in one line."""
        raise NotImplementedError

    @classmethod
    def check(cls, node: Node, scope: "PlayScope") -> None:
        """Report what is wrong with it where it stands; its branches are checked by whoever walks through them."""


@dataclass
class PlayScope:
    """Where a part is checked: what may be named, and what the parts before it have collected and drawn.

    `terms` are the coupon campaigns, `journeys` the plans by name; None where they are taken on trust.
    """

    conditions: Scope
    terms: Mapping[str, CouponTerms] | None = None
    journeys: Mapping[str, Plan] | None = None
    collected: list[Node] = field(default_factory=list)
    drawn: list[Node] = field(default_factory=list)
    ids: dict[str, Node] = field(default_factory=dict)

    @property
    def references(self) -> References | None:
        """What may be named."""
        return self.conditions.references

    def report(self, at: Node | None, code: str, message: str) -> None:
        """Note a mistake."""
        self.conditions.source.report(at, code, message)

    def needs_entries(self, node: Node, what: str) -> bool:
        """Whether something was collected before; if not, that is reported."""
        if self.collected:
            return True
        self.report(node, "E070", f"{what} needs entries; write a `collect` before it")
        return False

    def needs_winners(self, node: Node) -> bool:
        """Whether winners were found before; if not, that is reported."""
        if self.drawn:
            return True
        self.report(node, "E070", "there are no winners yet; write a `draw` or a `rank` before it")
        return False


if TYPE_CHECKING:
    AnyPart = Part
    """Any of the parts that can be written: the registry knows which there are."""
