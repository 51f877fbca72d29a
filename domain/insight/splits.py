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

    Where one variant has all the weight by now, they are those of the newest version that compared several. Raises
    UnknownSplitError.
    """
    live = read_library(session).journeys.get(journey)
    if live is None:
        raise UnknownSplitError(f"there is no live journey {journey}")
    weights = _weights(live.plan, step)
    if weights is None:
        known = ", ".join(dict.fromkeys(split.written_id or split.path for split in _splits(live.plan)))
        raise UnknownSplitError(f"{journey} has no split {step}; it has {known or 'none'}")
    query = select(PublishedPlan.id).where(col(PublishedPlan.journey) == journey)
    ids = session.exec(query.order_by(col(PublishedPlan.version).desc())).all()
    versions = {id: _weights(read_plan(session, id), step) for id in ids}
    if is_decided(weights):
        weights = next((each for each in versions.values() if each and not is_decided(each)), weights)
    return weights, [id for id, each in versions.items() if each == weights]


def is_decided(weights: Mapping[str, float]) -> bool:
    """Whether everybody gets the same variant."""
    return sum(weight > 0 for weight in weights.values()) < 2


def experiments_of(plan: Plan) -> Mapping[str, Split]:
    """The splits of a plan by their ids as written, each once where it is repeated."""
    return {split.written_id: split for split in reversed(_splits(plan))}


def _splits(plan: Plan) -> Sequence[Split]:
    return [each for each in plan.steps.values() if isinstance(each, Split)]


def _weights(plan: Plan, step: str) -> Mapping[str, float] | None:
    for split in _splits(plan):
        if step in (split.written_id, split.path):
            return {arm.variant: arm.weight for arm in split.arms}
    return None
