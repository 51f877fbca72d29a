"""The splits of journeys: what an experiment compares."""

from collections.abc import Mapping, Sequence

from sqlmodel import Session, col, select

from domain.published.library import read_library, read_plan
from domain.published.tables import PublishedPlan
from workflows.plan.model import Plan
from workflows.verbs.split import Split


class UnknownSplitError(LookupError):
    """The live version of a journey has no split by this id, or there is no such journey."""


def split_of(session: Session, journey: str, step: str) -> tuple[Mapping[str, float], Sequence[str]]:
    """The variants of a split in the live version with their weights, as written; and the versions that split so.

    Raises UnknownSplitError.
    """
    live = read_library(session).journeys.get(journey)
    if live is None:
        raise UnknownSplitError(f"there is no live journey {journey}")
    weights = _weights(live.plan, step)
    if weights is None:
        known = ", ".join(dict.fromkeys(split.written_id or split.path for split in _splits(live.plan)))
        raise UnknownSplitError(f"{journey} has no split {step}; it has {known or 'none'}")
    versions = session.exec(select(PublishedPlan.id).where(col(PublishedPlan.journey) == journey)).all()
    return weights, [id for id in versions if _weights(read_plan(session, id), step) == weights]


def _splits(plan: Plan) -> Sequence[Split]:
    return [each for each in plan.steps.values() if isinstance(each, Split)]


def _weights(plan: Plan, step: str) -> Mapping[str, float] | None:
    for split in _splits(plan):
        if step in (split.written_id, split.path):
            return {arm.variant: arm.weight for arm in split.arms}
    return None
