"""`count`: the votes or answers are counted, and what came out on top is known from here on."""

from typing import ClassVar, Literal

from workflows.plays.base import Part, PlayScope
from workflows.source.tree import Node
from workflows.terms.wording import Wording


class Count(Part):
    """Fixes the tally of what was collected last. Of options with as many votes, the one written first is on top."""

    part: ClassVar = "count"

    count: Literal["votes", "answers"]

    def words(self, say: Wording) -> str:
        return say.pick("统计票数，得出最高票", "count, and see what is on top")

    @classmethod
    def check(cls, node: Node, scope: PlayScope) -> None:
        if scope.needs_entries(node, "a count") and "options" not in scope.collected[-1].entries:
            scope.report(node, "E070", "what is collected here has no options to count")
