"""`reward`: a coupon, a tag or points for many: all who took part, who answered right, who came seven days running."""

from typing import ClassVar, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from workflows.plays.base import Part, PlayScope
from workflows.plays.people import WHOM, Among, among_in_words, check_among
from workflows.plays.prizes import Gift, check_gift
from workflows.source.tree import Node
from workflows.terms.wording import Wording


class Reward(Part):
    """Gives each of them one, once. Who can't have it goes without, which is noted."""

    part: ClassVar = "reward"

    reward: Gift
    to: Among = Field("entrants")

    @model_validator(mode="after")
    def _no_thing(self) -> Self:
        if self.reward.thing is not None:
            raise PydanticCustomError(
                "E041", "a thing is a prize of a `draw` or a `rank`, which says how many there are"
            )
        return self

    def words(self, say: Wording) -> str:
        named = WHOM.get(self.to) if isinstance(self.to, str) else None
        whom = say.pick(*named) if named else among_in_words(self.to, say)
        return say.pick(f"奖励{whom}：{self.reward.words(say)}", f"reward {whom}: {self.reward.words(say)}")

    @classmethod
    def check(cls, node: Node, scope: PlayScope) -> None:
        to = node.get("to")
        scope.needs_entries(node, "a reward")
        if to is not None and to.text in ("winners", "lost"):
            scope.needs_winners(node)
        elif to is None or to.text != "entrants":
            check_among(to, scope)
        check_gift(node.get("reward"), scope)
