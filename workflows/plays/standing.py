"""What the run of a play is told: where its instance stands."""

from datetime import datetime

from workflows.plays.registry import AnyPart
from workflows.terms.values import Frozen


class PlayStanding(Frozen):
    """`part` is the next to be carried out, at once or when it is due, in real `seconds` from now."""

    over: bool
    state: str
    part: AnyPart | None = None
    due_at: datetime | None = None
    seconds: float | None = None
