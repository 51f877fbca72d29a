"""Every recipe makes a journey that is in order and does what its test says."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from runtime import StartError
from runtime.authoring.check import check
from runtime.authoring.recipes import HOME, RECIPES, make_journey, recipes_text
from runtime.rehearsal.journey_tests import EngineName, Player, play_file, players

ON_TEMPORAL = {"new_customer", "show_invitation", "clearance", "birthday"}
"""An event, a show, a lot and a day."""


@pytest.fixture(scope="module")
def engines() -> Iterator[Mapping[EngineName, Player]]:
    with players(["rehearsal", "temporal"]) as found:
        yield found


def make(name: str, recipe: str, root: Path) -> tuple[Path, Path, Path]:
    places = root / "journey_specs", root / "templates" / "messages", root / "tests" / "journeys"
    make_journey(name, recipe, *places)
    return places


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_makes_a_journey_that_does_what_its_test_says(
    recipe: str, tmp_path: Path, engines: Mapping[EngineName, Player]
) -> None:
    specs, templates, tests = make("我的旅程", recipe, tmp_path)
    report = check([specs], templates)
    assert not report.diagnostics, str(report)
    assert set(report.plans) == {"我的旅程"}
    for name, play in engines.items():
        if name == "temporal" and recipe not in ON_TEMPORAL:
            continue
        verdicts = list(play_file(tests / "我的旅程.yaml", play, specs, templates))
        assert len(verdicts) > 1
        for verdict in verdicts:
            assert not verdict.problems, f"{verdict.case}\n" + "\n".join(verdict.problems)


def test_all_recipes_get_on_with_each_other_and_with_what_is_there(tmp_path: Path) -> None:
    specs = tmp_path / "journey_specs"
    specs.mkdir()
    (specs / "_coupons.yaml").write_text("own: {name: 我的券, amount_off: 5元, threshold: 30元, valid: 4d}")
    for recipe in RECIPES:
        make(recipe, recipe, tmp_path)
    report = check([specs], tmp_path / "templates" / "messages")
    assert not report.diagnostics, str(report)
    assert set(report.plans) == set(RECIPES)
    assert report.campaigns
    assert "own" in report.campaigns


def test_what_is_there_is_never_written_over(tmp_path: Path) -> None:
    specs, templates, tests = make("mine", "birthday", tmp_path)
    kept = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(StartError, match=r"mine\.yaml.*is there already"):
        make_journey("mine", "refill", specs, templates, tests)
    assert {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()} == kept


def test_a_shared_document_with_mistakes_is_left_alone(tmp_path: Path) -> None:
    specs = tmp_path / "journey_specs"
    specs.mkdir()
    (specs / "_coupons.yaml").write_text("own: {name: 我的券, amount_off: 5元")
    with pytest.raises(StartError, match="has mistakes"):
        make("mine", "birthday", tmp_path)
    assert [path.name for path in tmp_path.rglob("*.*")] == ["_coupons.yaml"]


@pytest.mark.parametrize(
    ("name", "recipe", "said"),
    [("mine", "birhday", 'did you mean "birthday"'), ("a/b", "birthday", "no name of a journey")],
)
def test_a_slip_is_told(name: str, recipe: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(StartError, match=said):
        make(name, recipe, tmp_path)
    assert not list(tmp_path.iterdir())


def test_every_recipe_is_listed_in_both_languages() -> None:
    assert set(RECIPES) == {path.name for path in HOME.iterdir() if path.is_dir()}
    for lang in ("zh", "en"):
        assert len(recipes_text(lang).splitlines()) == len(RECIPES)  # type: ignore[arg-type]
