"""The splits of journeys: what an experiment compares."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from domain.published.library import read_library, read_plan
from domain.published.tables import PublishedPlan
from workflows.plan.model import Plan
from workflows.verbs.split import Split


class UnknownSplitError(LookupError):
    """The live version of a journey has no split by this id, or there is no such journey."""


def split_of(session: Session, journey: str, step: str) -> tuple[Mapping[str, float], Sequence[str]]:
    """The variants of a split in the live version with their weights, as written; and the versions that split so.

    Where one variant has all the weight by now, or the split is gone, they are those of the newest version that
    compared several. Raises UnknownSplitError.
    """
    query = select(PublishedPlan.id).where(col(PublishedPlan.journey) == journey)
    ids = session.exec(query.order_by(col(PublishedPlan.version).desc())).all()
    if not ids:
        raise UnknownSplitError(f"there is no journey {journey}")
    versions = {id: _weights(read_plan(session, id), step) for id in ids}
    known = [each for each in versions.values() if each]
    if not known:
        live = read_library(session).journeys.get(journey)
        plan = live.plan if live else read_plan(session, ids[0])
        written = ", ".join(dict.fromkeys(split.written_id or split.path for split in _splits(plan)))
        raise UnknownSplitError(f"{journey} has no split {step}; it has {written or 'none'}")
    weights = next((each for each in known if not is_decided(each)), known[0])
    return weights, [id for id, each in versions.items() if each == weights]


@dataclass(frozen=True)
class Listed:
    """A split, by the name that its step has, and what its journey is called. It is `closed` where nothing is compared
    any more: one variant has all the weight, the newest version has no such split, or the journey is stopped.
    """

    journey: str
    title: str
    step: str
    variants: Sequence[str]
    closed: bool


def experiments(session: Session) -> Sequence[Listed]:
    """All that were ever published, those that run first, by journey."""
    live = read_library(session).journeys
    query = select(PublishedPlan.id, PublishedPlan.journey).order_by(col(PublishedPlan.version).desc())
    found: dict[tuple[str, str], Listed] = {}
    newest: dict[str, str] = {}
    for id, journey in session.exec(query):
        first = newest.setdefault(journey, id) == id
        plan = read_plan(session, id)
        for step, split in experiments_of(plan).items():
            weights = {arm.variant: arm.weight for arm in split.arms}
            closed = not first or journey not in live or is_decided(weights)
            names = sorted(weights, key=lambda name: name != "control")
            if len(weights) > 1:
                found.setdefault((journey, step), Listed(journey, plan.name or journey, step, names, closed))
    return sorted(found.values(), key=lambda each: (each.closed, each.journey))


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
