"""`announce`: what came out is shown on the host's screen and the viewers' pages, and told in messages."""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from workflows.plays.base import Part, PlayScope
from workflows.plays.people import WHOM, Whom
from workflows.source.diagnostics import did_you_mean, quoted
from workflows.source.tree import Node
from workflows.terms.channels import CHANNELS, Channel
from workflows.terms.wording import Wording
from workflows.terms.written import Text

_SHOWN = {"screen": ("大屏", "the screen"), "page": ("观众页面", "the viewers' pages")}
_GIVEN = frozenset({"customer", "trigger", "data", "shop", "measure"})
"""What a text may name; `trigger` holds what `play.told` says: the play, the prize, the coupon's code."""


class Announce(Part):
    """Shows the result; with `send`, writes to the people named, through the ledger, by the rules for all messages.

    A notice to who took part is `transactional`, unless it says that it is `marketing`.
    """

    part: ClassVar = "announce"

    announce: tuple[Literal["screen", "page"] | Whom, ...] = Field(min_length=1)
    send: Text | None = None
    via: tuple[Channel, ...] | None = Field(None, min_length=1)
    kind: Literal["marketing", "transactional"] = "transactional"

    @model_validator(mode="after")
    def _sends(self) -> Self:
        if (self.send is None) != (self.via is None):
            raise PydanticCustomError("E041", "`send` names a text and `via` the channels; one needs the other")
        if bool(self.people) != (self.send is not None):
            raise PydanticCustomError("E041", "`send` writes to winners, lost or entrants; name them in `announce`")
        return self

    @property
    def people(self) -> tuple[Whom, ...]:
        """To whom it writes."""
        return tuple(each for each in self.announce if each not in _SHOWN)  # type: ignore[misc]

    def words(self, say: Wording) -> str:
        where = say.pick("、", ", ").join(say.pick(*{**_SHOWN, **WHOM}[each]) for each in self.announce)
        words = say.pick(f"公布给：{where}", f"announce to {where}")
        if self.send and self.via:
            via = say.pick("，否则", ", else ").join(map(say.channel, self.via))
            words += say.pick(f"，发送 `{self.send}`，经{via}", f", send `{self.send}` by {via}")
        return words

    @classmethod
    def check(cls, node: Node, scope: PlayScope) -> None:
        named = node.get("announce")
        whom = {each.text for each in named.items} if named is not None else set()
        if whom & {"winners", "lost"}:
            scope.needs_winners(node)
        elif "entrants" in whom:
            scope.needs_entries(node, "an announcement to them")
        template, references = node.get("send"), scope.references
        if template is None or template.text is None or references is None:
            return
        channels = references.templates.get(template.text)
        if channels is None:
            hint = did_you_mean(template.text, references.templates)
            scope.report(template, "E023", f"unknown template {quoted(template.text)}{hint}")
            return
        for via in node.below("via"):
            if via.text in CHANNELS and via.text not in channels:
                message = f"template {quoted(template.text)} has no text for {via.text}"
                scope.report(via, "E024", f"{message}; it has {', '.join(sorted(channels)) or 'none at all'}")
            used = references.variables.get((template.text, via.text or ""), frozenset())
            for name in sorted(used - _GIVEN):
                message = f"nothing provides {quoted(name)}, which the {via.text} text of {quoted(template.text)} uses"
                scope.report(template, "E039", message)
