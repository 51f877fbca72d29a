"""A verb is two files: what that means, tried with one that the product doesn't have."""

import pytest

from tests.grown import Grown

JOURNEY = """
journey: notes
trigger: {event: order.paid}
entry: {again: never}
steps:
  - {id: first, note: paid}
  - {wait: 1h}
  - if: {field: customer.orders, at_least: 1}
    then: [{note: came back, times: 2}]
"""
POLICY = "timezone: Asia/Shanghai\nquiet_hours: none\ncaps: {}\n"
CASES = """
spec: ../journeys/notes.yaml
cases:
  - name: is noted twice
    customer: {identifiers: {phone: "+8613800000001"}}
    events:
      - {at: 2026-03-02 12:00, event: order.paid, data: {order_id: o1, total: 100}}
    expect:
      - {at: 2026-03-02 12:00, note: paid, reason: by_hand}
      - {at: 2026-03-02 13:00, note: came back}
      - {at: 2026-03-02 13:00, note: came back}
      - {at: 2026-03-02 13:00, ended: finished}
"""
DIFF = """
from pathlib import Path
from workflows.language.compile import read_journey
from workflows.words.diff import diff
text = Path("journeys/notes.yaml").read_text()
plans = [read_journey(each, "notes", None).plan for each in (text, text.replace("note: paid", "note: settled"))]
print(*diff(*plans, lang="en"), sep="\\n")
"""
WHY = """
from datetime import UTC, datetime
from zoneinfo import ZoneInfo
from workflows.verbs.base import Decision
from workflows.terms.wording import Wording
from workflows.words.telling import render
noted = Decision(datetime(2026, 3, 2, tzinfo=UTC), "notes", "note", "paid", reason="by_hand")
print(render(noted, Wording("en"), ZoneInfo("UTC")))
"""


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Grown:
    grown = Grown(tmp_path_factory.mktemp("grown"), "verb")
    for folder in ("journeys", "mistaken", "cases", "templates/messages", "journey_specs"):
        (grown.home / folder).mkdir(parents=True)
    for folder in ("journeys", "mistaken"):
        (grown.home / folder / "_policy.yaml").write_text(
            "timezone: Asia/Shanghai\nquiet_hours: none\ncaps: {}\n", encoding="utf-8"
        )
    (grown.home / "journeys/notes.yaml").write_text(JOURNEY, encoding="utf-8")
    (grown.home / "cases/notes.yaml").write_text(CASES, encoding="utf-8")
    return grown


def test_two_files_are_touched(grown: Grown) -> None:
    assert grown.touched() == ["domain/journeys/verbs/note.py", "workflows/verbs/note.py"]


def test_a_journey_with_it_runs(grown: Grown) -> None:
    grown.aftershow("test", "cases", "--engine", "both")
    wrong = grown.home / "wrong"
    wrong.mkdir(exist_ok=True)
    (wrong / "notes.yaml").write_text(CASES.replace("note: paid", "note: owed"), encoding="utf-8")
    assert "note: paid" in grown.aftershow("test", "wrong", fails=True)


def test_check_knows_it_and_its_mistakes(grown: Grown) -> None:
    grown.aftershow("check", "journeys")
    wrong = grown.home / "mistaken" / "notes.yaml"
    wrong.write_text(JOURNEY.replace("note: paid", "note: TODO").replace("times: 2", "times: 0"), encoding="utf-8")
    said = grown.aftershow("check", "mistaken", fails=True)
    assert 'notes.yaml:9:37 E015 "0" is not possible; it must be 1 or more' in said
    wrong.write_text(JOURNEY.replace("note: paid", "note: TODO"), encoding="utf-8")
    assert "notes.yaml:6:23 E015 this says nothing" in grown.aftershow("check", "mistaken", fails=True)
    wrong.write_text(JOURNEY.replace("note: paid", "notes: paid"), encoding="utf-8")
    assert 'unknown verb "notes"; did you mean "note"?' in grown.aftershow("check", "mistaken", fails=True)


def test_it_is_told_in_explain_diff_and_why(grown: Grown) -> None:
    told = grown.aftershow("explain", "journeys/notes.yaml", "--lang", "en")
    assert "1. note “paid” × 1 — `first`" in told
    assert 's1["note “paid” × 1"]' in told
    assert grown.run("-c", DIFF).splitlines() == ["step first: what is noted changes from paid to settled"]
    assert grown.run("-c", WHY).splitlines() == ["noted “paid”: written by hand"]


def test_the_schema_has_it(grown: Grown) -> None:
    grown.run("-m", "runtime.authoring.schema")
    assert '"NoteStep"' in (grown.home / "journey_specs/journey.schema.json").read_text(encoding="utf-8")
