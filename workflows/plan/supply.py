"""What passes between a replenishment's workflow, its activities and the buyer. Ids and figures only."""

from datetime import datetime
from typing import Literal

from workflows.terms.quantities import NONE, ONE, Quantity
from workflows.terms.values import Frozen, Language

AWAITING = ("proposed", "escalated")
"""The states in which somebody may decide."""

CLOSED = ("enough", "duplicate", "refused", "lapsed", "failed", "received", "stopped")
"""The states in which nothing more happens."""

Reason = Literal["decided_already", "not_positive", "not_whole_packs", "above_ceiling", "quantity_needed"]
"""Why a decision can't be taken."""


class AlarmRaised(Frozen):
    """The input: the event `stock.alarm`, by its row; `language` and `timezone` are what its page is written in."""

    event: int
    language: Language = "en"
    timezone: str = "UTC"


Verdict = Literal["approve", "change", "refuse"]


class Decision(Frozen):
    """What a buyer decided, signed in or with an API key. `quantity`, in units, goes with `change` only.

    With `confirm` it may be more than sells before it perishes.
    """

    verdict: Verdict
    key: int | None = None
    user: int | None = None
    quantity: Quantity | None = None
    confirm: Literal[True] | None = None


class Decided(Frozen):
    """A buyer's decision about an alarm's replenishment, on its way to the database."""

    event: int
    decision: Decision


class SupplyState(Frozen):
    """What the database says of a supplier: plans to order now, what is waited for, and when to look again.

    `seconds` is the real time until `due`. It is `over` when the supplier is no longer in the published terms.
    """

    supplier: str
    over: bool = False
    orders: tuple[int, ...] = ()
    waits_for: tuple[str, ...] = ()
    due: datetime | None = None
    seconds: float = 0


class ReplenishmentState(Frozen):
    """What the database says of a replenishment. `seconds` is the real time until `due`, when it acts by itself."""

    event: int
    status: str
    sku: str
    quantity: Quantity = NONE
    pack: Quantity = ONE
    ceiling: Quantity | None = None
    due: datetime | None = None
    seconds: float = 0

    @property
    def over(self) -> bool:
        """Whether nothing more happens."""
        return self.status in CLOSED


def refusal(standing: ReplenishmentState, decision: Decision) -> Reason | None:
    """Why the decision makes no sense for a proposal; None if it does."""
    if standing.status not in AWAITING:
        return "decided_already"
    if decision.verdict != "change":
        return None
    if decision.quantity is None:
        return "quantity_needed"
    if decision.quantity <= 0:
        return "not_positive"
    if decision.quantity % standing.pack:
        return "not_whole_packs"
    if standing.ceiling is not None and decision.quantity > standing.ceiling and not decision.confirm:
        return "above_ceiling"
    return None
