"""Whoever enters together is treated as if alone: the journey cases, each of them several times at once."""

from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from copies import cohorts_of, copied, of_copy
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from runtime.cases import Case, case_files, read_cases
from runtime.journey_tests import compare, load_shelf
from runtime.rehearsal import rehearse
from runtime.temporal_engine import TemporalEngine
from runtime.world import Line, Shelf

ROOT = Path(__file__).parents[2]
JOURNEYS = ROOT / "tests" / "journeys"
Play = Callable[[Case, Shelf], list[Line]]


def cases(path: Path, *names: str) -> Iterator[tuple[Case, Shelf]]:
    file, diagnostics = read_cases(path)
    assert file is not None, diagnostics
    for case in file.cases:
        if not names or case.name in names:
            yield case, load_shelf(path, file, case, ROOT / "journey_specs", ROOT / "templates" / "messages")


def plays_alike(case: Case, shelf: Shelf, count: int, play: Play) -> None:
    """Every copy has the timeline that the case expects."""
    lines = play(copied(case, count), shelf)
    for copy in range(count):
        wrong = compare(case, of_copy(lines, copy), ZoneInfo(shelf.policy.timezone))
        assert not wrong, f"{case.name}, copy {copy} of {count}\n{wrong[0]}"


@pytest.mark.parametrize("path", list(case_files([JOURNEYS])), ids=lambda path: path.stem)
def test_cases_are_rehearsed_side_by_side(path: Path, migrated: tuple[Engine, sessionmaker[Session]]) -> None:
    for case, shelf in cases(path):
        plays_alike(case, shelf, 2, lambda case, shelf: rehearse(migrated[0], case, shelf))


@pytest.mark.parametrize("size", [1, 2, 7])
@pytest.mark.parametrize("path", list(case_files([JOURNEYS])), ids=lambda path: path.stem)
def test_all(path: Path, size: int, migrated: tuple[Engine, sessionmaker[Session]]) -> None:
    with TemporalEngine(migrated[0], cohorts_of(size)) as engine:
        for case, shelf in cases(path):
            plays_alike(case, shelf, 7, engine.play)
            assert len(engine.histories()) > 0
