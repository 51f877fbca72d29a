"""What passes between the workflows about what customers say and their activities. Ids and figures only."""

from workflows.terms.values import Frozen


class ReviewState(Frozen):
    """How far the review of a show is; `seconds` is the real time until the next stage, None after the last."""

    stage: str
    seconds: float | None = None


class RequirementState(Frozen):
    """Where a requirement stands; `seconds` is the real time until it acts by itself, None if it only waits.

    `waits_for` are the departments whose verdict is missing.
    """

    requirement: int
    status: str
    title: str
    waits_for: tuple[str, ...] = ()
    new_sku: str | None = None
    seconds: float | None = None
    over: bool = False
