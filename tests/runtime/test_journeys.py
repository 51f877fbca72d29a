"""The journey tests beside this, on both engines."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.cases import case_files
from runtime.journey_tests import ENGINES, EngineName, Player, play_file, players

ROOT = Path(__file__).parents[2]
FILES = list(case_files([ROOT / "tests" / "journeys"]))


@pytest.fixture(scope="module")
def engines() -> Iterator[dict[EngineName, Player]]:
    with players(ENGINES) as found:
        yield found


def test_specs_beside_the_cases_are_no_cases() -> None:
    assert FILES
    assert not [path for path in FILES if path.parent.name == "specs"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("engine", ENGINES)
def test_journey(path: Path, engine: EngineName, engines: dict[EngineName, Player]) -> None:
    verdicts = list(play_file(path, engines[engine], ROOT / "journey_specs", ROOT / "templates" / "messages"))
    assert verdicts
    failed = [f"{verdict.case}\n{problem}" for verdict in verdicts for problem in verdict.problems]
    assert not failed, "\n".join(failed)
