"""`winner: auto`: the variant that is judged better gets all who enter from then on, in a new version of the journey.

Who is held out stays so, and who has entered keeps what they were given.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from domain.access.actors import Actor
from domain.insight.results import experiment
from domain.insight.splits import experiments_of, is_decided
from domain.journeys import lifecycle
from domain.published.library import Library, mark_published, read_library
from domain.published.tables import PublishedPlan
from domain.store.work import UnitOfWork
from workflows.language.compile import read_journey
from workflows.language.deciding import with_winner

WORKER = Actor("worker", "nightly", frozenset())


@dataclass(frozen=True)
class Winner:
    """A variant that took over, and the version in which it did."""

    journey: str
    step: str
    variant: str
    version: int


def open_experiments(library: Library) -> Sequence[tuple[str, str]]:
    """The splits of live journeys whose winner takes over and isn't known yet: journey and step."""
    return [
        (name, step)
        for name, live in sorted(library.journeys.items())
        for step, split in experiments_of(live.plan).items()
        if split.winner == "auto" and not is_decided({arm.variant: arm.weight for arm in split.arms})
    ]


def decide(work: UnitOfWork, journey: str, step: str, now: datetime, wall: datetime) -> Winner | None:
    """Let the best of the variants that are judged better take over, if any is. `wall` is real time, for the audit."""
    mark_published(work)  # nobody publishes meanwhile
    library = read_library(work)
    if (journey, step) not in open_experiments(library):
        return None
    variant = better(work, journey, step, now)
    if variant is None:
        return None
    source = work.get_one(PublishedPlan, library.journeys[journey].plan_id).source
    text = with_winner(source, step, variant)
    compiled = read_journey(text, journey, None)
    if compiled.plan is None:
        raise ValueError(f"{journey} can't be read with {variant} as the winner of {step}")
    with lifecycle.audited(work, WORKER, "journey.publish", journey, wall, split=step, winner=variant):
        published = lifecycle.publish(work, compiled.plan, text, now, WORKER.by)
    return Winner(journey, step, variant, published.version)


def better(session: Session, journey: str, step: str, now: datetime) -> str | None:
    """The best of the variants of a split that are judged better than its control."""
    found = [each for each in experiment(session, journey, step, now).comparisons if each.verdict == "better"]
    best = max(found, key=lambda each: (each.group.reached.mean, each.group.revenue.mean), default=None)
    return best.group.name if best else None
