"""Five hundred who enter together are treated as if alone: cases whose customers fill a cohort."""

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from copies import by_copy, cohorts_of, copied
from sqlalchemy import Engine

from domain.store.work import Database
from runtime.rehearsal.cases import read_cases
from runtime.rehearsal.journey_tests import compare, load_shelf
from runtime.rehearsal.temporal_engine import TemporalEngine

ROOT = Path(__file__).parents[4]
FULL = 500


@pytest.fixture(scope="module")
def engine(migrated: tuple[Engine, Database]) -> Iterator[TemporalEngine]:
    with TemporalEngine(migrated[0], cohorts_of(FULL)) as engine:
        yield engine


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("goals", "reached on the way"),
        ("answers", "at the instant of the time-out the event comes first, a moment later it is too late"),
        ("sends", "who comes together is held each until their own morning"),
    ],
)
def test_the_case_of_a_full_cohort_is_that_of_each_member(engine: TemporalEngine, file: str, name: str) -> None:
    path = ROOT / "tests" / "journeys" / f"{file}.yaml"
    cases, diagnostics = read_cases(path)
    assert cases is not None, diagnostics
    case = next(case for case in cases.cases if case.name == name)
    shelf = load_shelf(path, cases, case, ROOT / "journey_specs", ROOT / "templates" / "messages")
    copies = FULL // len(case.people)
    lines = by_copy(engine.play(copied(case, copies), shelf))
    for copy in range(copies):
        assert compare(case, lines[copy], ZoneInfo(shelf.policy.timezone)) == [], copy
    assert len(engine.histories()) == 1
