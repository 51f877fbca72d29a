"""What passes between the workflows about what customers say and their activities. Ids and figures only."""

from workflows.terms.values import Frozen


class ReviewState(Frozen):
    """How far the review of a show is; `seconds` is the real time until the next stage, None after the last."""

    stage: str
    seconds: float | None = None
