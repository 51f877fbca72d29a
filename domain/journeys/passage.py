"""How customers pass through a plan: what happened at each step, who stands there now, which ways were taken."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from domain.customers.tables import Customer
from domain.journeys.counts import PASSED, counts_of
from domain.journeys.tables import Enrollment
from workflows.plan.model import Plan
from workflows.verbs.base import Path
from workflows.words.graph import END, START, node_of

Way = tuple[Path, Path]


@dataclass
class Passage:
    """The counts of a plan by the nodes of its graph.

    `standing` are those who are at a step now. `happened` counts by node what happened there, by kind and detail; under
    the beginning, `not_entered` is of all versions. `ways` counts those who took a way, by source and target.
    """

    standing: Counter[Path] = field(default_factory=Counter)
    happened: dict[Path, Counter[tuple[str, str]]] = field(default_factory=dict)
    ways: Counter[Way] = field(default_factory=Counter)


def passage(session: Session, plan: Plan, plan_id: str, since: datetime | None = None) -> Passage:
    """The passage of a plan, over all time or since a midnight of the policy's time zone."""
    found = Passage()
    inside = standing_at(session, plan.journey, plan_id)
    for position, number in inside.items():
        found.standing[node_of(position)] += number
        if position in plan.steps and plan.steps[position].early:  # its outcome is written on arrival
            found.ways[_way(plan, position, PASSED)] -= number
    for count in counts_of(session, plan.journey, since):
        if count.plan_id not in ("", plan_id):
            continue
        if count.what == PASSED:
            if count.step in plan.steps:
                found.ways[_way(plan, count.step, count.detail)] += count.n
            continue
        node = node_of(count.step) if count.step else START
        found.happened.setdefault(node, Counter())[count.what, count.detail] += count.n
        if count.what == "entered":
            found.ways[START, node_of(plan.first)] += count.n
    return found


def standing_at(session: Session, journey: str, plan_id: str) -> Mapping[Path | None, int]:
    """How many enrollments of a plan are at each step now; None is the end."""
    position = col(Enrollment.position)
    query = select(position, func.count()).where(Enrollment.journey == journey, *_inside(plan_id)).group_by(position)
    return dict(session.exec(query).all())


def inside(
    session: Session, plan: Plan, plan_id: str, *, node: Path | None, after: int, limit: int
) -> Sequence[tuple[Enrollment, Customer]]:
    """A page of those inside a plan, or at a node of its graph, in the order in which they entered."""
    query = (
        select(Enrollment, Customer)
        .join(Customer, col(Customer.id) == col(Enrollment.customer_id))
        .where(Enrollment.journey == plan.journey, Enrollment.id > after, *_inside(plan_id))
    )
    if node is not None:
        at = col(Enrollment.position).in_([path for path in plan.steps if node_of(path) == node])
        query = query.where(at | col(Enrollment.position).is_(None) if node == END else at)
    return session.exec(query.order_by(col(Enrollment.id)).limit(limit)).all()


def _inside(plan_id: str) -> tuple[bool, bool]:
    return Enrollment.plan_id == plan_id, col(Enrollment.ending).is_(None)  # type: ignore[return-value]


def _way(plan: Plan, path: Path, result: str) -> Way:
    return node_of(path), node_of(plan.steps[path].after(result))
