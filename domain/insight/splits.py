"""The splits of live journeys: what an experiment compares."""

from collections.abc import Mapping

from domain.published.library import Library
from workflows.verbs.split import Split


class UnknownSplitError(LookupError):
    """The live version of a journey has no split by this id, or there is no such journey."""


def weights_of(library: Library, journey: str, step: str) -> Mapping[str, float]:
    """The variants of a split in the live version with their weights, as written. Raises UnknownSplitError."""
    live = library.journeys.get(journey)
    if live is None:
        raise UnknownSplitError(f"there is no live journey {journey}")
    splits = [each for each in live.plan.steps.values() if isinstance(each, Split)]
    for split in splits:
        if step in (split.written_id, split.path):
            return {arm.variant: arm.weight for arm in split.arms}
    known = ", ".join(dict.fromkeys(split.written_id or split.path for split in splits))
    raise UnknownSplitError(f"{journey} has no split {step}; it has {known or 'none'}")
