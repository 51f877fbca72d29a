"""`start`: a journey begins for those who took part, won or lost."""

from typing import ClassVar

from pydantic import Field

from workflows.plan.model import EventTrigger
from workflows.plays.base import Part, PlayScope
from workflows.plays.people import WHOM, Whom
from workflows.source.diagnostics import did_you_mean, quoted
from workflows.source.tree import Node
from workflows.terms.wording import Wording
from workflows.terms.written import Name

BEGINS = "play.told"
"""The event that begins the journey, which names it: its trigger is of this type."""


class Start(Part):
    """Who may enter, and how often, is the journey's own business."""

    part: ClassVar = "start"

    start: Name
    for_: Whom = Field("entrants", alias="for")

    def words(self, say: Wording) -> str:
        whom = say.pick(*WHOM[self.for_])
        return say.pick(f"让{whom}进入旅程 {self.start}", f"start the journey {self.start} for {whom}")

    @classmethod
    def check(cls, node: Node, scope: PlayScope) -> None:
        whom, journey = node.get("for"), node.get("start")
        if whom is not None and whom.text in ("winners", "lost"):
            scope.needs_winners(node)
        else:
            scope.needs_entries(node, "a start")
        if scope.journeys is None or journey is None or journey.text is None:
            return
        plan = scope.journeys.get(journey.text)
        if plan is None:
            hint = did_you_mean(journey.text, scope.journeys)
            scope.report(journey, "E072", f"there is no journey {quoted(journey.text)}{hint}")
        elif not (isinstance(plan.trigger, EventTrigger) and plan.trigger.event == BEGINS):
            mend = f"write `trigger: {{event: {BEGINS}, where: {{field: event.journey, is: {journey.text}}}}}` in it"
            scope.report(journey, "E072", f"the journey {quoted(journey.text)} isn't begun by a play; {mend}")
