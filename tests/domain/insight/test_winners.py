"""`winner: auto`: who enters after the verdict gets the better variant; who is held out stays so."""

import pytest
from shop import Shop
from sqlmodel import col, select

from domain.access.tables import AuditEntry
from domain.insight.results import experiment
from domain.insight.winners import Winner, decide, open_experiments
from domain.journeys.tables import Enrollment, TrailEntry
from domain.published.library import read_library
from domain.published.tables import PublishedPlan

SPEC = """
    journey: visits
    trigger: {event: form.filled}
    entry: {again: always}
    goal: {event: order.paid, within: 3d}
    policy: {holdout: 20%}
    steps:
      - id: offer
        split:
          - {variant: control, weight: 50, steps: []}
          - {variant: ten, weight: 50, steps: [{wait: 1h}]}
        winner: auto
"""


def visit(shop: Shop, names: list[str]) -> dict[str, str]:
    """They enter and are split. Returns the variant of each who isn't held out."""
    shop.take(*[shop.incoming("form.filled", name) for name in names])
    with shop.db() as session:
        ids = session.exec(select(Enrollment.id).order_by(col(Enrollment.id).desc()).limit(len(names))).all()
    shop.give("split", shop.group("offer", ids))
    trail = [row for row in shop.rows(TrailEntry) if row.enrollment_id in ids]
    held_out = {row.enrollment_id for row in trail if row.what == "entered" and row.reason}
    given = {row.enrollment_id: row.value for row in trail if row.what == "variant"}
    by_name = dict(zip(names, sorted(ids), strict=True))
    return {name: given[id] for name, id in by_name.items() if id not in held_out}


def decided(shop: Shop) -> Winner | None:
    with shop.db.begin() as work:
        return decide(work, "visits", "offer", shop.clock.now(), shop.clock.now())


@pytest.fixture
def tried(shop: Shop) -> Shop:
    """A shop where 320 were split, of whom those with ten bought, and others seldom; their time isn't over yet."""
    shop.publish(SPEC)
    variants = visit(shop, [f"c{number:03}" for number in range(320)])
    buyers = [name for place, (name, variant) in enumerate(variants.items()) if variant == "ten" or place % 9 == 0]
    shop.take(*[shop.incoming("order.paid", name, order_id=name, total=900) for name in buyers])
    return shop


def test_a_better_variant_takes_over(tried: Shop) -> None:
    assert decided(tried) is None
    tried.clock.set(tried.clock.now().replace(day=9))
    winner = decided(tried)
    assert winner == Winner("visits", "offer", "ten", 2)
    assert decided(tried) is None
    with tried.db() as session:
        library = read_library(session)
        live = library.journeys["visits"]
        tried.plan, tried.plan_id = live.plan, live.plan_id
        source = session.get_one(PublishedPlan, live.plan_id).source
        (audited,) = session.exec(select(AuditEntry)).all()
        found = experiment(session, "visits", "offer", tried.clock.now())
    assert source == SPEC.replace("control, weight: 50", "control, weight: 0").replace(
        "ten, weight: 50", "ten, weight: 100"
    )
    assert live.version == 2
    assert live.plan.policy is not None
    assert live.plan.policy.holdout == 20
    assert (audited.actor, audited.action, audited.target) == ("worker:nightly", "journey.publish", "journey:visits")
    assert audited.after == {"version": 2, "split": "offer", "winner": "ten"}
    assert open_experiments(library) == []
    assert [each.verdict for each in found.comparisons] == ["better"]
    before = sum(group.n for group in found.groups)
    late = visit(tried, [f"d{number:02}" for number in range(30)])
    assert set(late.values()) == {"ten"}
    assert 0 < len(late) < 30
    with tried.db() as session:
        groups = experiment(session, "visits", "offer", tried.clock.now()).groups
    assert sum(group.n + group.still_open for group in groups) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [("        winner: auto\n", ""), ("control, weight", "first, weight"), ("ten, weight", "a10, weight")],
)
def test_nobody_takes_over_without_being_asked_or_after_the_split_changed(tried: Shop, old: str, new: str) -> None:
    tried.publish(SPEC.replace(old, new))
    tried.clock.set(tried.clock.now().replace(day=9))
    assert decided(tried) is None
