"""`rank`: who was fastest, guessed closest or entered most often wins; nothing is left to chance."""

from typing import ClassVar, Literal, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from workflows.plays.base import Part, PlayScope
from workflows.plays.people import Guess, among_in_words, check_among
from workflows.plays.prizes import Winning, check_prizes
from workflows.source.tree import Node
from workflows.terms.wording import Wording

_BY = {
    "fastest": ("最快的", "fastest of"), "closest": ("最接近的", "closest of"), "most": ("次数最多的", "most often of"),
}  # fmt: skip


class Ranking(Winning):
    """Who wins what: by the order of coming, by how close the guess is `to` a number, or by how often they entered.

    Of equals, who came first.
    """

    by: Literal["fastest", "closest", "most"]
    to: Guess | None = None

    @model_validator(mode="after")
    def _has_goal(self) -> Self:
        if (self.by == "closest") != (self.to is not None):
            raise PydanticCustomError("E041", "`to` is the right number, and goes with `by: closest`, which needs it")
        return self


class Rank(Part):
    part: ClassVar = "rank"

    rank: Ranking

    def words(self, say: Wording) -> str:
        among = among_in_words(self.rank.among, say)
        by = say.pick(*_BY[self.rank.by])
        goal = f" {self.rank.to:g}" if self.rank.to is not None else ""
        return say.pick(
            f"{among}里{by}{goal}：{self.rank.words(say)}",
            f"{by} {among}{goal and ' to' + goal}: {self.rank.words(say)}",
        )

    @classmethod
    def check(cls, node: Node, scope: PlayScope) -> None:
        inner = node.entries["rank"]
        by, kind = inner.get("by"), None
        if scope.needs_entries(node, "a rank"):
            kind = scope.collected[-1].get("collect")
        if by is not None and by.text == "closest" and kind is not None and kind.text != "guesses":
            scope.report(by, "E070", "only guesses are close to a number; write `collect: guesses` before it")
        check_among(inner.get("among"), scope)
        check_prizes(inner, scope)
        scope.drawn.append(node)
