"""The runner: outcomes are its state, and only what is due is done."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.language.compile import compile_plan
from workflows.language.spec import Journey
from workflows.plan.commands import END, Answer, EnrollmentState, Member, Outcome, pack, unpack
from workflows.plan.interpreter import Runner, bucket
from workflows.plan.model import Plan
from workflows.verbs.base import Step
from workflows.verbs.decide import Decide
from workflows.verbs.split import Split
from workflows.verbs.wait_for import WaitFor

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)

leaves = st.sampled_from(
    [
        {"send": "t", "via": ["sms"]},
        {"wait": "1h"},
        {"coupon": "c"},
        {"tag": "a"},
        {"stop": "enough"},
        {"wait": {"until": {"field": "trigger.due"}}},
    ]
)


def branching(steps: st.SearchStrategy[list[dict[str, Any]]]) -> st.SearchStrategy[dict[str, Any]]:
    holds = {"tag": "a"}
    return st.one_of(
        st.builds(lambda a, b: {"if": holds, "then": a, "else": b}, steps, steps),
        st.builds(lambda a, b, c: {"choose": [{"when": holds, "steps": a}, {"when": holds, "steps": b}], "else": c},
                  steps, steps, steps),
        st.builds(lambda a, b: {"wait_for": {"event": "x"}, "within": "1h", "then": a, "else": b}, steps, steps),
        st.builds(lambda a, b: {"split": [{"variant": "p", "weight": 60, "steps": a},
                                          {"variant": "q", "weight": 40, "steps": b}]}, steps, steps),
    )  # fmt: skip


sequences = st.recursive(
    st.lists(leaves, max_size=4),
    lambda inner: st.lists(st.one_of(leaves, branching(inner)), max_size=4),
    max_leaves=12,
)


def numbered(steps: list[dict[str, Any]], count: Iterator[int]) -> list[dict[str, Any]]:
    """The steps, with an id for each, branches included."""
    found = []
    for step in steps:
        step = {"id": f"s{next(count)}", **step}
        for key in ("then", "else"):
            if key in step:
                step[key] = numbered(step[key], count)
        for key in ("choose", "split"):
            if key in step:
                step[key] = [{**branch, "steps": numbered(branch["steps"], count)} for branch in step[key]]
        found.append(step)
    return found


def plan_of(steps: list[dict[str, Any]]) -> Plan:
    spec = {
        "journey": "j",
        "trigger": {"event": "x"},
        "entry": {"again": "never"},
        "steps": numbered(steps, iter(range(999))),
    }
    return compile_plan(Journey.model_validate(spec))


plans = sequences.filter(bool).map(plan_of)


def results(step: Step) -> list[str]:
    """What a step can come to."""
    match step:
        case WaitFor():
            return ["happened", "timed_out"]
        case Decide():
            return [*(branch.label for branch in step.branches), "else"]
        case Split():
            return [arm.variant for arm in step.arms]
    return ["done"]


def start(plan: Plan, last: Outcome | None = None) -> Runner:
    return Runner(plan, EnrollmentState(enrollment=1, customer=2, generation=3, last=last))


def state(runner: Runner) -> tuple[object, ...]:
    return runner.path, runner.at, runner.activity, runner.due, runner.over, runner.state()


@given(plans, st.data())
def test_replaying_the_outcomes_restores_the_walk(plan: Plan, data: st.DataObject) -> None:
    runner = start(plan)
    seen = []
    for number in range(100):
        if runner.step is None:
            break
        assert runner.path not in seen
        seen.append(runner.path)
        result = data.draw(st.sampled_from(results(runner.step)))
        runner.answered(Answer(enrollment=1, kind="done", at=NOW + timedelta(hours=number), result=result))
        restored = start(plan, runner.state().last)
        assert state(restored) == state(runner)
    assert (runner.path, runner.activity) == (END, "arrive")
    assert [outcome.path for outcome in filter(None, [runner.state().last])] == seen[-1:]


@given(plans)
def test_the_outcome_of_an_unknown_step_is_refused(plan: Plan) -> None:
    with pytest.raises(KeyError, match="elsewhere"):
        start(plan, Outcome(path="elsewhere", result="done", at=NOW))


def waiting() -> Runner:
    runner = start(plan_of([{"wait": "1h"}, {"send": "t", "via": ["sms"]}]))
    runner.command()
    runner.answered(Answer(enrollment=1, kind="later", at=NOW, due=NOW + timedelta(hours=1), seconds=3600))
    return runner


def test_a_wait_passes_when_it_was_due() -> None:
    runner = waiting()
    assert runner.activity is None
    runner.elapsed()
    assert (runner.path, runner.activity, runner.at) == ("s1", "send", NOW + timedelta(hours=1))


def test_one_that_is_woken_looks_before_it_sleeps_on() -> None:
    runner = waiting()
    runner.wake()
    assert runner.activity == "arrive"
    runner.command()
    assert runner.activity is None


def test_one_that_is_woken_while_it_is_answered_looks_again() -> None:
    runner = waiting()
    runner.elapsed()
    runner.command()
    runner.wake()
    runner.answered(Answer(enrollment=1, kind="later", at=NOW, due=NOW + timedelta(hours=9), seconds=9))
    assert runner.activity == "send"


def test_one_that_has_moved_begins_again_from_its_new_anchor() -> None:
    runner = waiting()
    runner.elapsed()
    runner.answered(Answer(enrollment=1, kind="moved", at=NOW + timedelta(minutes=50), generation=4))
    assert (runner.path, runner.at, runner.generation) == ("s0", NOW + timedelta(minutes=50), 4)
    assert runner.state().last is None


def test_a_message_that_is_held_is_tried_again_when_the_hold_ends() -> None:
    runner = waiting()
    runner.elapsed()
    runner.answered(Answer(enrollment=1, kind="later", at=NOW, due=NOW + timedelta(hours=9), seconds=9))
    assert runner.activity is None
    runner.elapsed()
    assert (runner.path, runner.activity, runner.at) == ("s1", "send", NOW + timedelta(hours=1))


@given(st.lists(st.one_of(st.text(), st.integers()), min_size=1))
def test_a_bucket_is_stable_and_in_its_range(parts: list[str | int]) -> None:
    assert 0 <= bucket(*parts) < 100
    assert bucket(*parts) == bucket(*parts)


def test_buckets_are_the_same_for_ever() -> None:
    found = [round(bucket("new_customer", "offer", customer), 6) for customer in (1, 2, 3)]
    assert found == [33.910163, 98.008567, 13.471967]


def test_buckets_are_even_and_one_split_tells_nothing_of_another() -> None:
    customers = range(20_000)
    offer = [bucket("j", "offer", customer) for customer in customers]
    other = [bucket("j", "other", customer) for customer in customers]
    for tenth in range(10):
        inside = [b for a, b in zip(offer, other, strict=True) if tenth * 10 <= a < tenth * 10 + 10]
        assert 1_850 < len(inside) < 2_150
        assert 0.45 < sum(b < 50 for b in inside) / len(inside) < 0.55


@given(
    st.lists(
        st.builds(
            Member, enrollment=st.integers(1, 10**6), generation=st.integers(0, 2), at=st.sampled_from([None, NOW])
        ),
        unique_by=lambda member: member.enrollment,
    )
)
def test_what_is_packed_is_unpacked_again(members: list[Member]) -> None:
    packed = pack(members)
    assert len(packed) == len({member.same for member in members})
    assert sorted(unpack(packed), key=attrgetter("enrollment")) == sorted(members, key=attrgetter("enrollment"))


def test_a_state_that_an_earlier_release_carried_goes_on_behind_its_last_outcome() -> None:
    carried = {
        "enrollment": 1, "customer": 2, "generation": 0,
        "outcomes": [["a", "sent"], ["b", "sent"]],
    }  # fmt: skip
    outcomes = [{"path": path, "result": result, "at": "2026-03-02T12:00:00Z"} for path, result in carried["outcomes"]]
    state = EnrollmentState.model_validate_json(json.dumps(carried | {"outcomes": outcomes}))
    assert state.last is not None
    assert (state.last.path, state.last.result) == ("b", "sent")
    assert EnrollmentState.model_validate_json(json.dumps(carried | {"outcomes": []})).last is None
