"""The schema that editors use says what the grammar says."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from runtime.authoring.schema import schema_text
from workflows.source.tree import read_source

ROOT = Path(__file__).parents[3]
VALIDATOR = Draft202012Validator(json.loads(schema_text()))


def test_the_schema_on_disk_is_the_grammar() -> None:
    assert (ROOT / "journey_specs" / "journey.schema.json").read_text(encoding="utf-8") == schema_text()


@pytest.mark.parametrize("path", sorted((ROOT / "journey_specs").glob("[!_]*.yaml")), ids=lambda path: path.stem)
def test_it_accepts_what_we_ship(path: Path) -> None:
    root = read_source(path.read_text(encoding="utf-8"), str(path)).root
    assert root is not None
    assert [error.message for error in VALIDATOR.iter_errors(root.plain)] == []


@pytest.mark.parametrize(
    "step",
    [
        {"wait": "1 hour"},
        {"id": "a", "send": "hello", "via": ["wecon"]},
        {"id": "a", "send": "hello", "via": ["sms"], "chanel": "sms"},
        {"id": "a", "split": [{"variant": "x", "weight": "half", "steps": []}]},
        {"tag": "vip", "untag": "vip"},
    ],
)
def test_it_flags_a_mistake(step: dict[str, object]) -> None:
    journey = {"journey": "j", "trigger": {"event": "order.paid"}, "entry": {"again": "never"}, "steps": [step]}
    assert list(VALIDATOR.iter_errors(journey))
