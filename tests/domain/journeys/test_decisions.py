"""What is decided about an enrollment, by its row and what is known: no database is needed to tell."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.journeys.decisions import at_the_door, before_step, converted, ended, restarted, unstuck, with_outcome
from domain.journeys.tables import EnrollmentRow
from workflows.language.compile import read_journey
from workflows.plan.model import Plan

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ZONE = ZoneInfo("Asia/Shanghai")
ENROLLMENT = EnrollmentRow(
    id=7, journey="forms", plan_id="p", customer_id=3, cohort_id=None, key="k", slot="once", exclusive=False,
    trigger_id=11, subject={}, entered_at=NOW, anchor=NOW, generation=0, claimed=False, held=False, outcomes=[],
    position="1", due_at=NOW, last_sent_at=None, goal_until=None, ending=None, reason=None, ended_at=None,
    converted_at=None, stuck_on=None, stuck_since=None, attempts=0, revision=4,
)  # fmt: skip


def plan(again: str = "restart", first: str = "wait: 1h") -> Plan:
    spec = (
        f"journey: forms\ntrigger: {{event: form.filled}}\nentry: {{again: {again}}}\n"
        f"goal: {{event: order.paid, within: 7d}}\nsteps: [{{{first}}}, {{wait: 1d}}]\n"
    )
    compiled = read_journey(spec, "a journey", None)
    assert compiled.plan is not None, compiled.diagnostics
    return compiled.plan


def test_who_has_ended_acts_no_more_and_the_trail_says_why() -> None:
    decided = ended(ENROLLMENT, "stopped", NOW + DAY, "replaced", wakes=True)
    assert decided.row == ENROLLMENT._replace(ending="stopped", reason="replaced", ended_at=NOW + DAY, due_at=None)
    said = decided.trail
    assert (said["what"], said["value"], said["reason"], said["at"]) == ("ended", "stopped", "replaced", NOW + DAY)
    assert (said["enrollment_id"], said["customer_id"], said["journey"]) == (7, 3, "forms")
    assert decided.wakes
    assert ENROLLMENT.ending is None


def test_an_end_undoes_the_outcome_that_was_to_come_and_a_restart_all() -> None:
    began = ENROLLMENT._replace(
        outcomes=[
            ["1", "sent", NOW.isoformat()],
            ["2", "passed", (NOW + DAY).isoformat()],
            ["3", "passed", "yesterday"],
        ]
    )
    undone = ended(began, "exit", NOW, wakes=False).undone
    assert [(each.step, each.what, each.detail) for each in undone] == [("2", "passed", "passed")]
    assert [each.step for each in restarted(began, plan(), 12, NOW, NOW, ZONE).undone] == ["1", "2"]


def test_a_goal_after_the_end_is_kept_beside_the_ending() -> None:
    over = ended(ENROLLMENT, "finished", NOW, wakes=False).row
    decided = converted(over, NOW + DAY)
    assert (decided.row.ending, decided.row.converted_at, decided.wakes) == ("finished", NOW + DAY, False)


RUNNING, OVER = ENROLLMENT, ended(ENROLLMENT, "finished", NOW, wakes=False).row


@pytest.mark.parametrize(
    ("again", "previous", "time", "what"),
    [
        ("never", None, NOW, "enters"),
        ("never", OVER, NOW + DAY, "again"),
        ("always", RUNNING, NOW, "enters"),
        ("restart", OVER, NOW, "enters"),
        ("restart", RUNNING, NOW, "restarts"),
        ("restart", RUNNING, NOW - DAY, "again"),
        ("restart", RUNNING._replace(claimed=True), NOW, "again"),
        ("restart", RUNNING._replace(held=True), NOW, "restarts"),
        ("after 2d", OVER, NOW + 2 * DAY, "enters"),
        ("after 2d", OVER, NOW + DAY, "again"),
        ("after 2d", RUNNING, NOW + 2 * DAY, "enters"),
    ],
)
def test_who_knocks_enters_or_begins_anew_or_has_been_there(
    again: str, previous: EnrollmentRow | None, time: datetime, what: str
) -> None:
    assert at_the_door(plan(again), previous, time, time, ZONE) == what


@pytest.mark.parametrize(
    ("first", "values", "wakes"),
    [
        ("wait: 1h", {}, False),
        ("wait: 1h", {"held": True}, True),
        ("wait: 1h", {"position": "2"}, True),
        ("tag: vip", {}, True),
    ],
)
def test_a_restart_forgets_what_was_and_sleeps_on_only_in_the_first_wait(
    first: str, values: dict[str, object], wakes: bool
) -> None:
    of = plan(first=first)
    before = ENROLLMENT._replace(**{"position": of.first, "outcomes": [["1", "passed", NOW.isoformat()]], **values})
    later = NOW + timedelta(hours=1)
    decided = restarted(before, of, 12, later, later, ZONE)
    row = decided.row
    assert (row.generation, row.trigger_id, row.outcomes, row.position) == (1, 12, [], of.first)
    assert (row.anchor, row.goal_until) == (later, later + 7 * DAY)
    assert (row.held, row.due_at) == (False, later if wakes else before.due_at)
    assert decided.wakes == wakes
    assert (decided.trail["what"], decided.trail["value"]) == ("restarted", "forms")


def test_an_outcome_takes_the_place_of_an_earlier_one_of_its_step_and_leads_to_the_next() -> None:
    steps = plan().steps
    first, second = steps.values()
    once = with_outcome(ENROLLMENT, first.path, "later", NOW)
    twice = with_outcome(with_outcome(once, second.path, "passed", NOW), first.path, "passed", NOW + DAY)
    assert [outcome[:2] for outcome in twice.outcomes] == [[second.path, "passed"], [first.path, "passed"]]
    assert before_step(once, second, NOW + DAY) == once._replace(position=second.path, due_at=NOW + DAY)
    assert before_step(once, None, NOW).position is None
    assert ENROLLMENT.outcomes == []


def test_who_was_stuck_goes_on_with_a_clean_sheet() -> None:
    stuck = ENROLLMENT._replace(stuck_on="ValueError at x.py:1", stuck_since=NOW, attempts=3)
    assert unstuck(stuck) == ENROLLMENT
    assert unstuck(ENROLLMENT) is ENROLLMENT
