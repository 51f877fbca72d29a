"""`draw`: a lottery among the entries that were collected last, by commit and reveal."""

from typing import Annotated, ClassVar

from pydantic import Field

from workflows.plays.base import Part, PlayScope
from workflows.plays.people import among_in_words, check_among
from workflows.plays.prizes import Winning, check_prizes
from workflows.source.tree import Node
from workflows.terms.operands import FieldRef
from workflows.terms.wording import Wording

HEAVIEST = 1_000
"""What an entry can weigh, at most."""


class Lottery(Winning):
    """`weight` is 1 for all, or a field of the customer that holds a number."""

    weight: Annotated[int, Field(ge=1, le=1)] | FieldRef = 1


class Draw(Part):
    part: ClassVar = "draw"

    draw: Lottery

    def words(self, say: Wording) -> str:
        among = among_in_words(self.draw.among, say)
        words = say.pick(f"从{among}里抽出 {self.draw.words(say)}", f"draw among {among}: {self.draw.words(say)}")
        if isinstance(self.draw.weight, FieldRef):
            field = say.field(self.draw.weight.field)
            words += say.pick(f"，按{field}加权", f", weighted by {field}")
        return words

    @classmethod
    def check(cls, node: Node, scope: PlayScope) -> None:
        scope.needs_entries(node, "a draw")
        inner = node.entries["draw"]
        check_among(inner.get("among"), scope)
        check_prizes(inner, scope)
        weight = inner.get("weight")
        field = weight.get("field") if weight is not None else None
        if field is not None and not (field.text or "").startswith("customer."):
            scope.report(field, "E071", "entries are weighted by a field of the customer, like `customer.level`")
        scope.drawn.append(node)
