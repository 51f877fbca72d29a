"""Both guides name everything that the language knows: verbs, comparisons, fields, filters, journey tests."""

import re
from collections.abc import Iterable

import pytest
from blocks import ROOT

from domain.catalogue.data import CustomerData
from domain.customers.identifiers import STRENGTH
from domain.texts.sandbox import environment
from domain.texts.shapes import ROOTS
from runtime.authoring.recipes import RECIPES
from runtime.rehearsal.cases import VISIBLE, Case, CaseCustomer, CaseEvent, CaseFile, CaseText, CaseVersion, Parts
from workflows.language.policy import Policy
from workflows.language.spec import Entry, Journey
from workflows.terms.calendar import FESTIVALS
from workflows.terms.channels import CHANNELS
from workflows.terms.conditions import SUBJECTS
from workflows.terms.fields import DERIVED, FIELDS, FORECASTS
from workflows.terms.measuring import FUNCTIONS
from workflows.terms.names.events import SCHEDULED_EVENTS
from workflows.terms.operands import OPERATORS
from workflows.verbs.registry import SPECS
from workflows.verbs.wait_for import RECEIPTS

GUIDES = [ROOT / "docs" / name for name in ("guide.md", "guide.en.md")]


def keys(*models: type) -> list[str]:
    """The keys that a form is written with."""
    return [field.alias or name for model in models for name, field in model.model_fields.items()]  # type: ignore[attr-defined]


KNOWN: dict[str, Iterable[str]] = {
    "verbs and their keys": {*SPECS, *keys(*SPECS.values())} - {"condition"},
    "keys of a journey": keys(Journey, Entry),
    "what a schedule is for": SCHEDULED_EVENTS,
    "festivals": FESTIVALS,
    "subjects": SUBJECTS,
    "comparisons": OPERATORS,
    "measures": FUNCTIONS,
    "receipts": RECEIPTS,
    "fields of customers": [*CustomerData.model_fields, *DERIVED, *FORECASTS],
    **{f"fields of a {root}": fields for root, fields in FIELDS.items()},
    "what texts can name": [*ROOTS, "link", "preferences"],
    "filters": environment.filters,
    "channels": CHANNELS,
    "keys of the policy": keys(Policy),
    "keys of journey tests": keys(CaseFile, Case, CaseCustomer, CaseEvent, CaseVersion, CaseText, Parts),
    "lines of a timeline": VISIBLE,
    "identifiers": STRENGTH,
}


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
@pytest.mark.parametrize("names", KNOWN)
def test_the_guide_names_it(guide: object, names: str) -> None:
    page = guide.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    words = set(re.findall(r"[\w.]+", page)) | set(re.findall(r"\w+", page))
    assert [name for name in KNOWN[names] if name not in words] == []


def test_every_recipe_is_on_its_page() -> None:
    page = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    assert [name for name in RECIPES if f"`{name}`" not in page] == []


def test_every_error_is_explained_in_chinese_and_in_english() -> None:
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    for section in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        prose = re.sub(r"```.*?```", "", section, flags=re.DOTALL).split("\n\n")[2:]
        assert re.search("[一-鿿]{2}", prose[0]), section[:4]
        assert re.search("[a-z]{3} [a-z]{2}", prose[1]), section[:4]
