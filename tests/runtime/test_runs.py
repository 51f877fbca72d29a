"""How runs look in Temporal: small, readable, searchable, and without personal data."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from runtime.cases import case_files, read_cases
from runtime.journey_tests import compare, load_shelf, play_file
from runtime.temporal import DATA_CONVERTER
from runtime.temporal_engine import TemporalEngine
from runtime.worker import sandbox
from workflows.cohort import CohortWorkflow
from workflows.paging import FanOutWorkflow, ScheduleWorkflow

ROOT = Path(__file__).parents[2]
SPECS, TEXTS, JOURNEYS = ROOT / "journey_specs", ROOT / "templates" / "messages", ROOT / "tests" / "journeys"
STORED = ROOT / "tests" / "histories"
"""Runs of the shipped journeys as Temporal recorded them; `pytest --store-histories RELEASE` adds a release's."""

FLOOR = 33
"""Events of three activities and two timers in a row; nothing can do with fewer."""


@pytest.fixture(scope="module")
def engine(migrated: tuple[Engine, sessionmaker[Session]]) -> Iterator[TemporalEngine]:
    with TemporalEngine(migrated[0]) as engine:
        yield engine


def play(engine: TemporalEngine, path: Path, name: str | None = None) -> Iterator[tuple[str, str, WorkflowHistory]]:
    """Play the cases of a file; yields (case, workflow id, history) of every run."""
    file, diagnostics = read_cases(path)
    assert file is not None, diagnostics
    for case in file.cases:
        if name in (None, case.name):
            shelf = load_shelf(path, file, case, SPECS, TEXTS)
            lines = engine.play(case, shelf)
            assert compare(case, lines, ZoneInfo(shelf.policy.timezone)) == []
            for run, history in engine.histories().items():
                yield case.name, run, history


def replay(history: WorkflowHistory) -> None:
    """Raises if today's workflows would decide otherwise than the recorded run did."""
    replayer = Replayer(
        workflows=[CohortWorkflow, FanOutWorkflow, ScheduleWorkflow],
        data_converter=DATA_CONVERTER,
        workflow_runner=sandbox(),
    )
    asyncio.run(replayer.replay_workflow(history))


def test_three_sends_and_two_waits_cost_temporal_33_events(engine: TemporalEngine, tmp_path: Path) -> None:
    (tmp_path / "reference.yaml").write_text(REFERENCE, encoding="utf-8")
    (tmp_path / "case.yaml").write_text(REFERENCE_CASE, encoding="utf-8")
    ((_, _, history),) = play(engine, tmp_path / "case.yaml")
    assert len(history.events) == FLOOR


def test_each_timer_and_activity_is_named_by_its_step(engine: TemporalEngine) -> None:
    histories = play(engine, ROOT / "tests" / "journeys" / "new_customer.yaml")
    _, _, history = next(iter(histories))
    named = [
        event.user_metadata.summary.data.decode()
        for event in history.events
        if event.event_type in (EventType.EVENT_TYPE_TIMER_STARTED, EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
    ]
    assert named[0] == '"send thank_you by sms, transactional"'
    assert all(named)


@pytest.mark.parametrize("path", sorted(JOURNEYS.glob("*.yaml")), ids=lambda path: path.stem)
def test_cases_pass_on_temporal_with_no_personal_data_in_it_and_replay(
    engine: TemporalEngine, path: Path, request: pytest.FixtureRequest
) -> None:
    file, _ = read_cases(path)
    assert file is not None
    private = {
        value
        for case in file.cases
        for person in case.people.values()
        for value in (*person.identifiers.values(), *(str(v) for v in person.fields.values()))
        if len(value) > 3
    }
    longest: WorkflowHistory | None = None
    for case, run, history in play(engine, path):
        recorded = history.to_json()
        assert [value for value in private if value in recorded] == [], f"{case}: {run}"
        replay(history)
        longest = max(longest, history, key=lambda each: len(each.events) if each else 0)
    release = request.config.getoption("--store-histories")
    if release and longest and file.journey:
        STORED.mkdir(exist_ok=True)
        (STORED / f"{file.journey}-{release}.json").write_text(longest.to_json(), encoding="utf-8")


@pytest.mark.parametrize("path", sorted(STORED.glob("*.json")), ids=lambda path: path.stem)
def test_runs_of_earlier_releases_replay(path: Path) -> None:
    replay(WorkflowHistory.from_json(path.stem, path.read_text(encoding="utf-8")))


def test_the_journeys_under_test_are_all_of_them() -> None:
    tested = {file.journey for path in case_files([JOURNEYS]) if (file := read_cases(path)[0])}
    shipped = {path.stem for path in SPECS.glob("[!_]*.yaml")}
    assert shipped <= tested


REFERENCE = """
journey: reference
trigger: {event: order.paid}
entry: {again: never}
steps:
  - {id: one, send: thank_you, via: [sms], kind: transactional}
  - wait: 1d
  - {id: two, send: thank_you, via: [sms], kind: transactional}
  - wait: 2d
  - {id: three, send: thank_you, via: [sms], kind: transactional}
"""

REFERENCE_CASE = """
spec: reference.yaml
cases:
  - name: three sends
    customer: {identifiers: {phone: "+8613800000001"}, consent: [sms]}
    events: [{at: 2026-03-02 12:00, event: order.paid, data: {order_id: o1, total: 8900}}]
    expect:
      - {at: 2026-03-02 12:00, sent: thank_you, via: sms}
      - {at: 2026-03-03 12:00, sent: thank_you, via: sms}
      - {at: 2026-03-05 12:00, sent: thank_you, via: sms}
      - {at: 2026-03-05 12:00, ended: finished}
"""


def test_a_case_that_does_not_come_to_rest_is_told_and_the_next_one_plays(
    engine: TemporalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OperationalError("", {}, Exception("no database"))

    path = JOURNEYS / "gifts.yaml"
    with monkeypatch.context() as patch:
        patch.setattr("domain.steps.issue_coupon", away)
        patch.setattr("runtime.temporal_engine.STUCK_SECONDS", 2)
        verdict = next(play_file(path, engine.play, SPECS, TEXTS))
    assert verdict.case == "one to a customer; what follows depends on what is done without it"
    (told,) = verdict.problems
    assert "at 2026-03-02 12:00 this has not come to rest within 2 seconds" in told
    assert "customer stands before step" in told
    assert "the activity coupon of gifts/" in told
    assert all(not verdict.problems for verdict in play_file(path, engine.play, SPECS, TEXTS))
