"""Runs on Temporal, some in cohorts of every size: they are small, readable and without personal data.

`aftershow test tests/journeys` plays every file on both engines; here those are played that show something more.
"""

import base64
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from copies import by_copy, cohorts_of, copied, sizes_in_turn
from histories import plain, replay
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory

from domain.store.work import Database
from runtime.rehearsal.cases import Case, case_files, read_cases
from runtime.rehearsal.journey_tests import compare, load_shelf, play_file
from runtime.rehearsal.temporal_engine import TemporalEngine

ROOT = Path(__file__).parents[3]
SPECS, TEXTS, JOURNEYS = ROOT / "journey_specs", ROOT / "templates" / "messages", ROOT / "tests" / "journeys"
STORED = ROOT / "tests" / "histories"
"""Runs of the shipped journeys as Temporal recorded them; `pytest --store-histories RELEASE` adds a release's."""

FLOOR = 33
"""Events of three activities and two timers in a row; nothing can do with fewer."""


SIZES = (1, 2, 500)
"""Of the cohorts that are formed in turn of those who enter together."""

COPIES = 6
"""So many customers in the place of each fill the smaller cohorts, and some are left for the last."""

IN_COHORTS = {
    "answers", "branches", "calls", "entries_anew", "gifts", "goals", "restarts", "shows", "vip_birthday", "waits",
}  # fmt: skip
"""Files that are played in cohorts: each verb, the ways in and out, a show and a schedule."""

PLAYED = IN_COHORTS | {path.stem for path in SPECS.glob("[!_]*.yaml")}
"""With what we ship. The words that are in none of them are in the random journeys that both engines play."""


@pytest.fixture(scope="module")
def engine(migrated: tuple[Engine, Database]) -> Iterator[TemporalEngine]:
    with sizes_in_turn(SIZES), TemporalEngine(migrated[0], cohorts_of(max(SIZES))) as engine:
        yield engine


def play(engine: TemporalEngine, path: Path, copies: int = 1) -> Iterator[tuple[Case, Sequence[WorkflowHistory]]]:
    """Play the cases of a file, each so many times at once; yields each case and the histories of its runs."""
    file, diagnostics = read_cases(path)
    assert file is not None, diagnostics
    for case in file.cases:
        shelf = load_shelf(path, file, case, SPECS, TEXTS)
        together = copied(case, copies)
        lines = by_copy(engine.play(together, shelf))
        for copy in range(copies):
            assert compare(case, lines[copy], ZoneInfo(shelf.policy.timezone)) == [], (case.name, copy)
        yield together, list(engine.histories().values())


def test_three_sends_and_two_waits_cost_temporal_33_events(engine: TemporalEngine, tmp_path: Path) -> None:
    (tmp_path / "reference.yaml").write_text(REFERENCE, encoding="utf-8")
    (tmp_path / "case.yaml").write_text(REFERENCE_CASE, encoding="utf-8")
    ((_, (history,)),) = play(engine, tmp_path / "case.yaml")
    assert len(history.events) == FLOOR


def test_each_timer_and_activity_is_named_by_its_step(engine: TemporalEngine) -> None:
    history = next(histories[0] for _, histories in play(engine, JOURNEYS / "new_customer.yaml") if histories)
    named = [
        event.user_metadata.summary.data.decode()
        for event in history.events
        if event.event_type in (EventType.EVENT_TYPE_TIMER_STARTED, EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
    ]
    assert json.loads(named[0]) == "发送 thank_you，经短信，服务通知"
    assert all(named)


@pytest.mark.parametrize("path", [JOURNEYS / f"{name}.yaml" for name in sorted(PLAYED)], ids=lambda path: path.stem)
def test_cases_pass_on_temporal_with_no_personal_data_in_it_and_replay(
    engine: TemporalEngine, path: Path, request: pytest.FixtureRequest
) -> None:
    played = list(play(engine, path, COPIES if path.stem in IN_COHORTS else 1))
    for case, histories in played:
        recorded = "".join(map(plain, histories))
        assert [value for value in private(case) if value in recorded] == [], case.name
    runs = [history for _, histories in played for history in histories]
    assert runs
    replay(runs)
    release, (file, _) = request.config.getoption("--store-histories"), read_cases(path)
    if release and runs and file and file.journey:
        longest = max(runs, key=lambda history: len(history.events))
        STORED.mkdir(exist_ok=True)
        (STORED / f"{file.journey}-{release}.json").write_text(longest.to_json(), encoding="utf-8")


_DAY_OF_ANY_YEAR = re.compile(r"(--)?\d\d-\d\d")
"""Every instant has one in it."""


def private(case: Case) -> set[str]:
    """What names or describes its customers, but for what a journey may name itself: a city, a level."""
    return {
        str(value)
        for person in case.people.values()
        for name, value in (*person.identifiers.items(), *person.fields.items())
        if name not in ("city", "level") and not _DAY_OF_ANY_YEAR.fullmatch(str(value))
    }


def test_a_run_is_of_the_type_journey_and_those_begun_as_cohorts_still_replay(engine: TemporalEngine) -> None:
    new = next(histories[0] for _, histories in play(engine, JOURNEYS / "new_customer.yaml", 1) if histories)
    old = [WorkflowHistory.from_json(path.stem, path.read_text(encoding="utf-8")) for path in STORED.glob("*.json")]
    types = [each.events[0].workflow_execution_started_event_attributes.workflow_type.name for each in (new, *old)]
    assert types[0] == "Journey"
    assert set(types[1:]) == {"Cohort", "Schedule"}
    replay([new, *old])


@pytest.mark.parametrize("path", sorted(STORED.glob("*.json")), ids=lambda path: path.stem)
def test_runs_of_earlier_releases_replay(path: Path) -> None:
    replay([WorkflowHistory.from_json(path.stem, path.read_text(encoding="utf-8"))])


@pytest.mark.parametrize("path", sorted(STORED.glob("*.json")), ids=lambda path: path.stem)
def test_what_is_looked_for_in_a_run_is_looked_for_in_every_payload(path: Path) -> None:
    """Payloads are the values named `data` in the JSON of a history, in base64."""
    stored = path.read_text(encoding="utf-8")
    recorded = plain(WorkflowHistory.from_json(path.stem, stored))
    payloads = [json.loads(base64.b64decode(data)) for data in re.findall(r'"data": *"([^"]+)"', stored)]
    assert payloads
    assert [each for each in payloads if json.dumps(each, ensure_ascii=False) not in recorded] == []


def test_the_journeys_under_test_are_all_of_them() -> None:
    files = list(case_files([JOURNEYS]))
    assert [path for path in files if path.parent.name == "specs"] == []
    tested = {file.journey for path in files if (file := read_cases(path)[0])}
    shipped = {path.stem for path in SPECS.glob("[!_]*.yaml")}
    assert shipped
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
    def away(*_: object, **__: object) -> None:
        raise OperationalError("", {}, Exception("no database"))

    path = JOURNEYS / "gifts.yaml"
    with monkeypatch.context() as patch:
        patch.setattr("domain.journeys.verbs.coupon.carry_out", away)
        patch.setattr("runtime.rehearsal.temporal_engine.STUCK_SECONDS", 5)
        verdict = next(play_file(path, engine.play, SPECS, TEXTS))
    assert verdict.case == "one to a customer; what follows depends on what is done without it"
    (told,) = verdict.problems
    assert "at 2026-03-02 12:00 this has not come to rest within 5 seconds" in told
    assert "customer stands before step" in told
    assert "the activity coupon of gifts/" in told
    assert all(not verdict.problems for verdict in play_file(path, engine.play, SPECS, TEXTS))
