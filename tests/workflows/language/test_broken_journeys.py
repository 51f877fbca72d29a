"""Each file in broken/ has the first lines of its diagnostics beside it, in a .txt."""

from datetime import date
from functools import cache
from pathlib import Path

import pytest

from domain.catalogue.page import FIELD_TYPES
from workflows.language.checks import References
from workflows.language.compile import Compiled, read_journey
from workflows.source.diagnostics import CODES, render
from workflows.terms.constants import FieldType
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
    business=frozenset({"stream.scheduled", "lot.sold_out"}),
    policy=Limits.model_validate({"quiet_hours": "22:00-08:00", "caps": {"sms": "1 per 1d", "all": "5 per 7d"}}),
    events={
        "order.paid": frozenset({"order_id", "total", "items", "items.sku", "items.category"}),
        "cart.updated": frozenset({"cart_id", "total"}),
        "customer.updated": frozenset({"name", "birthday", "city", "location"}),
        "customer.birthday": frozenset({"journey"}),
        "stream.scheduled": frozenset({"stream_id", "title", "starts_at"}),
        "lot.sold_out": frozenset({"lot_id"}),
    },
    types={**FIELD_TYPES, "measure": {"客单价": FieldType("money", 0)}},
    measures=frozenset({"客单价"}),
    ruled=frozenset({"老客"}),
    elsewhere=lambda: frozenset({("tag", "咖啡爱好者"), ("tag", "vip"), ("tag", "a"), ("field", "level")}),
    limits={"minus5": (1, 60)},
    today=date(2026, 9, 1),
)


NAMES = sorted(path.stem for path in BROKEN.glob("*.yaml"))
assert NAMES


@cache
def compiled(name: str) -> Compiled:
    return read_journey((BROKEN / f"{name}.yaml").read_text(), f"{name}.yaml", REFERENCES)


@pytest.mark.parametrize("name", NAMES)
def test_says_what_is_wrong(name: str) -> None:
    said = [render(each) for each in compiled(name).diagnostics]
    assert said == (BROKEN / f"{name}.txt").read_text().splitlines()


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_comes_only_without_errors(name: str) -> None:
    errors = [each for each in compiled(name).diagnostics if each.severity == "error"]
    assert (compiled(name).plan is None) == bool(errors)


def test_diagnostics_are_in_the_order_of_the_text() -> None:
    places = [(each.line, each.column) for each in compiled("many_at_once").diagnostics]
    assert places == sorted(places)
    assert len(places) > 5


def test_every_code_is_known() -> None:
    used = {each.code for name in NAMES for each in compiled(name).diagnostics}
    assert used <= set(CODES)
