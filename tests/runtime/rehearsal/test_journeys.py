"""The journey tests beside this, on the rehearsal engine; test_runs.py plays them on Temporal."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.rehearsal.cases import case_files
from runtime.rehearsal.journey_tests import Player, play_file, players

ROOT = Path(__file__).parents[3]
FILES = list(case_files([ROOT / "tests" / "journeys"]))


@pytest.fixture(scope="module")
def rehearsal() -> Iterator[Player]:
    with players(["rehearsal"]) as found:
        yield found["rehearsal"]


def test_specs_beside_the_cases_are_no_cases() -> None:
    assert FILES
    assert not [path for path in FILES if path.parent.name == "specs"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_journey(path: Path, rehearsal: Player) -> None:
    verdicts = list(play_file(path, rehearsal, ROOT / "journey_specs", ROOT / "templates" / "messages"))
    assert verdicts
    failed = [f"{verdict.case}\n{problem}" for verdict in verdicts for problem in verdict.problems]
    assert not failed, "\n".join(failed)
