"""The schema that editors use says what the grammar says."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from runtime.authoring.schema import SCHEMAS, schema_text
from workflows.source.tree import read_source

ROOT = Path(__file__).parents[3]
PATHS = list(SCHEMAS)
VALIDATOR, OF_PLAYS = (Draft202012Validator(json.loads(schema_text(*SCHEMAS[path]))) for path in PATHS)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_the_schema_on_disk_is_the_grammar(path: Path) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == schema_text(*SCHEMAS[path])


@pytest.mark.parametrize("path", sorted((ROOT / "journey_specs").rglob("[!_]*.yaml")), ids=lambda path: path.stem)
def test_it_accepts_what_we_ship(path: Path) -> None:
    root = read_source(path.read_text(encoding="utf-8"), str(path)).root
    assert root is not None
    validator = OF_PLAYS if path.parent.name == "plays" else VALIDATOR
    assert [error.message for error in validator.iter_errors(root.plain)] == []


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
