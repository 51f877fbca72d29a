"""An experiment is of those who were split as the journey splits now, wherever in it the split stands."""

import pytest
from shop import Shop

from domain.insight.results import Experiment, experiment
from domain.insight.splits import UnknownSplitError

SPEC = """
    journey: visits
    trigger: {event: form.filled}
    entry: {again: always}
    goal: {event: order.paid, within: 3d}
    steps:
      - id: offer
        split: [ARMS]
"""
HALVES = "{variant: ten, weight: 50, steps: []}, {variant: control, weight: 50, steps: []}"


def visit(shop: Shop, arms: str, *names: str) -> None:
    shop.publish(SPEC.replace("ARMS", arms))
    fresh = shop.posted
    shop.take(*[shop.incoming("form.filled", name) for name in names])
    assert shop.posted > fresh
    with shop.db() as session:
        newest = session.connection().exec_driver_sql("SELECT id FROM enrollments ORDER BY id").scalars().all()
    shop.give("split", shop.group("offer", newest[-len(names) :]))


def sizes(shop: Shop, step: str = "offer") -> dict[str, int]:
    return {group.name: group.n + group.still_open for group in found(shop, step).groups}


def found(shop: Shop, step: str = "offer") -> Experiment:
    with shop.db() as session:
        return experiment(session, "visits", step, shop.clock.now())


@pytest.mark.parametrize(
    "arms",
    [
        "{variant: twenty, weight: 50, steps: []}, {variant: control, weight: 50, steps: []}",
        "{variant: ten, weight: 90, steps: []}, {variant: control, weight: 10, steps: []}",
        HALVES.replace("ten, weight: 50", "ten, weight: 40") + ", {variant: five, weight: 10, steps: []}",
    ],
    ids=["renamed", "weights", "more"],
)
def test_who_was_split_otherwise_does_not_count(shop: Shop, arms: str) -> None:
    early, late = [f"a{n}" for n in range(200)], [f"b{n}" for n in range(60)]
    visit(shop, HALVES, *early)
    assert sum(sizes(shop).values()) == 200
    visit(shop, arms, *late, *early[:20])
    assert sum(sizes(shop).values()) == 60
    assert found(shop).chance_of_sizes > 0.001


def test_a_version_that_splits_as_before_goes_on_with_the_experiment(shop: Shop) -> None:
    visit(shop, HALVES, "a", "b")
    visit(shop, HALVES.replace("steps: []", "steps: [{wait: 1h}]"), "c")
    assert sum(sizes(shop).values()) == 3


def test_a_control_that_is_added_is_what_others_are_beside(shop: Shop) -> None:
    visit(shop, "{variant: ten, weight: 100, steps: []}", *[f"a{n}" for n in range(30)])
    assert found(shop).comparisons == []
    visit(shop, HALVES, *[f"b{n}" for n in range(30)])
    assert [(each.group.name, each.control.name) for each in found(shop).comparisons] == [("ten", "control")]
    assert sum(sizes(shop).values()) == 30


def test_of_a_split_in_a_repeat_the_first_round_counts_and_no_other_split(shop: Shop) -> None:
    shop.publish(
        """
        journey: visits
        trigger: {event: form.filled}
        entry: {again: always}
        steps:
          - id: weekly
            repeat: 2
            steps:
              - {id: ofxfer, split: [{variant: a, weight: 100, steps: []}]}
              - {id: of_fer, split: [{variant: a, weight: 50, steps: []}, {variant: b, weight: 50, steps: []}]}
        """
    )
    shop.take(*[shop.incoming("form.filled", name) for name in "lmnop"])
    paths = [path for path in shop.plan.steps if path.endswith(("of_fer", "ofxfer"))]
    assert len(paths) == 4
    for path in paths:
        shop.give("split", shop.group(path))
    assert sum(sizes(shop, "of_fer").values()) == 5
    assert min(sizes(shop, "of_fer").values()) > 0
    assert sizes(shop, "ofxfer") == {"a": 5}


def test_a_split_that_there_is_not_is_told(shop: Shop) -> None:
    visit(shop, HALVES, "a")
    with pytest.raises(UnknownSplitError, match="visits has no split other; it has offer"):
        found(shop, "other")
