"""Whoever enters together is treated as if alone: the journey cases, each of them several times at once."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from operator import attrgetter
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from copies import cohorts_of, copied, of_copy
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session
from test_runs import replay

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


SHARING = {"near_expiry_story"}
"""Stories of a lot whose units the copies would share."""

stem = attrgetter("stem")


def plays_alike(case: Case, shelf: Shelf, count: int, play: Play) -> None:
    """Every copy has the timeline that the case expects."""
    lines = play(copied(case, count), shelf)
    for copy in range(count):
        wrong = compare(case, of_copy(lines, copy), ZoneInfo(shelf.policy.timezone))
        assert not wrong, f"{case.name}, copy {copy} of {count}\n{wrong[0]}"


@pytest.mark.parametrize("path", [path for path in case_files([JOURNEYS]) if path.stem not in SHARING], ids=stem)
@pytest.mark.usefixtures("db")
def test_cases_are_rehearsed_side_by_side(path: Path, migrated: tuple[Engine, sessionmaker[Session]]) -> None:
    for case, shelf in cases(path):
        plays_alike(case, shelf, 2, lambda case, shelf: rehearse(migrated[0], case, shelf))


@pytest.fixture(scope="module")
def engines(migrated: tuple[Engine, sessionmaker[Session]]) -> Iterator[dict[int, TemporalEngine]]:
    """Temporal, whose relay forms cohorts of up to so many."""
    with ExitStack() as stack:
        yield {size: stack.enter_context(TemporalEngine(migrated[0], cohorts_of(size))) for size in (1, 2, 7, 500)}


@pytest.mark.parametrize(
    ("size", "count", "name"),
    [
        (1, 2, "entries_anew"),
        (2, 3, "answers"),
        (7, 7, "entries_anew"),
        (7, 7, "goals"),
        (7, 7, "shows"),
    ],
)
def test_cases_pass_on_temporal_in_cohorts(
    size: int, count: int, name: str, engines: dict[int, TemporalEngine]
) -> None:
    for case, shelf in cases(JOURNEYS / f"{name}.yaml"):
        plays_alike(case, shelf, count, engines[size].play)
        for history in engines[size].histories().values():
            replay(history)


def test_five_hundred_enter_and_reach_their_goal_in_one_run(engines: dict[int, TemporalEngine]) -> None:
    ((case, shelf),) = cases(JOURNEYS / "goals.yaml", "reached on the way")
    plays_alike(case, shelf, 500, engines[500].play)
    assert len(engines[500].histories()) == 1
