"""What nobody should write is told at its place, in little time, and breaks nothing."""

from datetime import date

import pytest

from domain.intake.schedules import fires_on
from domain.texts.checking import unknown_names
from domain.texts.rendering import faults
from workflows.language.checks import References
from workflows.language.compile import read_journey
from workflows.language.policy import read_segments
from workflows.language.tags import read_tags
from workflows.plan.model import ScheduleTrigger

HEAD = "journey: j\ntrigger: {event: form.filled}\nentry: {again: never}\nsteps:\n"


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ("  - {id: r, repeat: 100000, steps: [{tag: a}]}", ["E015"]),
        ("  - {id: r, repeat: 0, steps: [{tag: a}]}", ["E015"]),
        ("  - {id: r, repeat: 100, steps: [{id: q, repeat: 100, steps: [{tag: a}]}]}", ["E002"]),
        ("  - if: {event: order.paid, within: 0 shows}\n    then: [{tag: a}]", ["E015"]),
        ("  - if: {event: order.paid, within: 三场}\n    then: [{tag: a}]", ["E015"]),
        ("  - if: {event: order.paid, within: 1000 shows}\n    then: [{tag: a}]", ["E015"]),
        ("  - if: {measure: {count: true, of: order.paid, within: 0d}, above: 1}\n    then: [{tag: a}]", ["E015"]),
        ("  - if: {field: customer.location, within_km: -1, of: trigger.place}\n    then: [{tag: a}]", ["E015"]),
        ("  - if: {field: customer.location, within_km: far, of: trigger.place}\n    then: [{tag: a}]", ["E013"]),
        ("  - {wait: until the 32nd at 10:00}", ["E015"]),
        ("  - {wait: {each: 1d, of: {sum: event.total, count: true, of: order.paid}}}", ["E019"]),
        ("  - {id: s, send: t, via: [sms], data: {seen: {events: order.paid, at_most: 0}}}", ["E015"]),
    ],
)
def test_a_step_that_asks_too_much(steps: str, told: list[str]) -> None:
    assert [each.code for each in read_journey(HEAD + steps, "j", None).diagnostics] == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("measures:\n  a: {count: true, of: left, where: {field: measure.a, above: 1}}", ["E042"]),
        (
            "measures:\n  a: {sum: event.x, of: left, where: {field: event.x, above: {field: measure.b}}}\n"
            "  b: {count: true, of: left, where: {not: {field: measure.a, is: 1}}}",
            ["E042"],
        ),
        ("measures:\n  a: {count: true, of: left, where: {segment: vip}}", ["E042"]),
        ("measures:\n  a: {count: true, of: left, where: {field: measure.c, is: 1}}", ["E027"]),
        ("measures:\n  a b: {count: true, of: left}", ["E015"]),
        ("measures:\n  a: {count: true}", ["E011"]),
        ("measures:\n  a: {count: true, of: left, where: {field: trigger.x, is: 1}}", ["E029"]),
        ("labels: {}", ["E010"]),
        ("measures:\n  a: {count: true, of: left}\n  b: {count: true, of: left, where: {field: measure.a, is: 1}}", []),
    ],
)
def test_measures_that_cannot_be_worked_out(text: str, told: list[str]) -> None:
    tags, diagnostics = read_tags(text, "_tags.yaml")
    assert [each.code for each in diagnostics] == told
    assert (tags is None) == bool(told)


def test_segments_ask_for_measures_and_not_for_each_other_in_a_circle() -> None:
    known = References(measures=frozenset({"a"}))
    told = read_segments("x: {field: measure.a, is: 1}\ny: {field: measure.b, is: 1}", "_segments.yaml", known)[1]
    assert [(each.line, each.code) for each in told] == [(2, "E027")]
    told = read_segments("x: {segment: y}\ny: {not: {segment: x}}", "_segments.yaml", known)[1]
    assert [each.code for each in told] == ["E042"]


def test_a_text_of_ten_thousand_names_is_too_long_and_one_of_a_thousand_is_checked() -> None:
    names = [f"{{{{ n{number} }}}}" for number in range(10_000)]
    assert list(faults("".join(names), {})) == [(1, "not a template: it is a template of more than 20000 characters")]
    source = "".join(names[:1000])
    assert list(faults(source, {})) == []
    assert len(list(unknown_names(source))) == 1000


@pytest.mark.parametrize(
    ("trigger", "days", "not_days"),
    [
        ({"year_day": "02-29"}, ["2028-02-29", "2026-02-28"], ["2028-02-28", "2026-03-01"]),
        ({"month_day": 31}, ["2026-01-31"], ["2026-04-30", "2026-02-28"]),
        ({"month_day": -1}, ["2026-02-28", "2028-02-29", "2026-04-30"], ["2028-02-28"]),
    ],
)
def test_days_that_not_every_year_has(trigger: dict[str, object], days: list[str], not_days: list[str]) -> None:
    plan = ScheduleTrigger.model_validate({"at": "10:00", "for_each": "birthday", **trigger})
    assert all(fires_on(plan, date.fromisoformat(day), {}) for day in days)
    assert not any(fires_on(plan, date.fromisoformat(day), {}) for day in not_days)
