"""Of whom a part speaks: among whom is drawn, and who is rewarded, told or led into a journey."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema

from workflows.plays.base import PlayScope
from workflows.source.diagnostics import did_you_mean, quoted
from workflows.source.tree import Node
from workflows.terms.values import Frozen
from workflows.terms.wording import Wording
from workflows.terms.written import Text

ALL, CORRECT, TOP = "all", "correct", "top"


class Days(Frozen):
    """Those who entered on so many days one after the other."""

    days: Annotated[int, Field(ge=1, le=366)]


Among = Annotated[
    Annotated[Days, Tag("<days>")] | Annotated[Text, Tag("<name>")],
    Discriminator(lambda value: "<name>" if isinstance(value, str) else "<days>"),
]
"""`all` who entered, who answered `correct`, who voted for what came out on `top` or for an option that is named, or
who entered on so many `{days: 7}` one after the other.
"""

Whom = Literal["winners", "lost", "entrants"]
"""Who won in the draw or rank before, who took part in it and didn't, or all who entered."""

WHOM = {
    "winners": ("中奖者", "the winners"), "lost": ("未中奖者", "those who didn't win"),
    "entrants": ("参与者", "all who took part"),
}  # fmt: skip


def among_in_words(among: Among, say: Wording) -> str:
    """`答对的人`, `those who answered right`."""
    if isinstance(among, Days):
        return say.pick(f"连续参与 {among.days} 天的人", f"those who entered on {among.days} days in a row")
    known = {
        ALL: ("参与者", "all who entered"), CORRECT: ("答对的人", "those who answered right"),
        TOP: ("选了最高票的人", "those who chose what came out on top"),
    }  # fmt: skip
    named = (f"选了 {among} 的人", f"those who chose {among}")
    return say.pick(*known.get(among, named))


def check_among(node: Node | None, scope: PlayScope) -> None:
    """Report a name that is neither known nor an option of what was collected last."""
    if node is None or node.text is None or not scope.collected:
        return
    last = scope.collected[-1]
    options = last.get("options")
    known = [ALL, *([TOP, *options.entries] if options is not None else ())]
    if "correct" in last.entries:
        known.append(CORRECT)
    if node.text not in known:
        hint = did_you_mean(node.text, known) or f"; there are {', '.join(known)}"
        scope.report(node, "E070", f"nobody here is {quoted(node.text)}{hint}")


_MONEY = re.compile(r"\d{1,8}(?:\.\d{1,2})?\s*元?")


def _number(value: Any) -> Any:
    if isinstance(value, str) and _MONEY.fullmatch(value.strip()):
        return float(value.strip().removesuffix("元").strip())
    return value


Guess = Annotated[
    float,
    BeforeValidator(_number),
    Field(ge=0, le=10**8),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": _MONEY.pattern}]}),
]
"""A number as it is guessed; of money in 元."""
