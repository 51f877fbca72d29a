"""Each file in broken/ has the first lines of its diagnostics beside it, in a .txt."""

from pathlib import Path

import pytest

from workflows.language.checks import References
from workflows.language.compile import read_journey
from workflows.source.diagnostics import CODES, Diagnostic, render
from workflows.terms.limits import Limits

BROKEN = Path(__file__).parent / "broken"
REFERENCES = References(
    templates={"hello": frozenset({"sms", "wecom"}), "coupon_text": frozenset({"sms"})},
    variables={
        ("hello", "sms"): frozenset({"customer", "trigger", "data", "shop"}),
        ("coupon_text", "sms"): frozenset({"coupon", "lot", "customer"}),
    },
    campaigns=frozenset({"minus5"}),
    segments=frozenset({"vip"}),
    webhooks=frozenset({"crm"}),
    policy=Limits.model_validate({"quiet_hours": "22:00-08:00", "caps": {"sms": "1 per 1d", "all": "5 per 7d"}}),
    events={
        "order.paid": frozenset({"order_id", "total", "items", "items.sku", "items.category"}),
        "cart.updated": frozenset({"cart_id", "total"}),
        "customer.birthday": frozenset({"journey"}),
    },
)


def diagnostics(name: str) -> list[Diagnostic]:
    text = (BROKEN / f"{name}.yaml").read_text()
    return read_journey(text, f"{name}.yaml", REFERENCES).diagnostics


@pytest.mark.parametrize("name", sorted(path.stem for path in BROKEN.glob("*.yaml")))
def test_says_what_is_wrong(name: str) -> None:
    found = [render(each) for each in diagnostics(name)]
    assert found == (BROKEN / f"{name}.txt").read_text().splitlines()


@pytest.mark.parametrize("name", sorted(path.stem for path in BROKEN.glob("*.yaml")))
def test_a_plan_comes_only_without_errors(name: str) -> None:
    compiled = read_journey((BROKEN / f"{name}.yaml").read_text(), f"{name}.yaml", REFERENCES)
    errors = [each for each in compiled.diagnostics if each.severity == "error"]
    assert (compiled.plan is None) == bool(errors)


def test_diagnostics_are_in_the_order_of_the_text() -> None:
    found = [(each.line, each.column) for each in diagnostics("many_at_once")]
    assert found == sorted(found)
    assert len(found) > 5


def test_every_code_is_known() -> None:
    used = {each.code for path in BROKEN.glob("*.yaml") for each in diagnostics(path.stem)}
    assert used <= set(CODES)
