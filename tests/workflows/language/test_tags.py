"""`_tags.yaml`: what a tag can't ask for, and what its rule goes by."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runtime.authoring.check import check
from workflows.language.policy import read_segments
from workflows.language.rules import Rules, next_day
from workflows.language.tags import read_tags

POLICY = "timezone: Asia/Shanghai\nquiet_hours: none\ncaps: {}\n"
SELF = [
    ("tags: {a: {when: {tag: a}}}", "", "a → a"),
    ("tags: {a: {when: {not: {tag: b}}}, b: {when: {tag: a}}}", "", "a → b → a"),
    ("tags: {a: {when: {segment: s}}}", "s: {all: [{segment: t}]}\nt: {tag: a}", "a → s → t → a"),
    ("tags: {a: {when: {event: tag.added, within: 1d}}}", "", "a →  → a"),
    ("tags: {a: {when: {event: tag.removed, where: {field: event.tag, is: a}}}}", "", "a → a"),
    (
        "measures: {m: {count: true, of: order.paid, where: {tag: a}}}\n"
        "tags: {a: {when: {field: measure.m, above: 1}}}",
        "", "a → m → a",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("tags", "segments", "way"), SELF)
def test_a_tag_that_needs_itself_is_refused(tmp_path: Path, tags: str, segments: str, way: str) -> None:
    for name, text in (("_policy", POLICY), ("_tags", tags), ("_segments", segments or "x: {tag: z}")):
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    report = check([tmp_path], tmp_path)
    told = [each.message for each in report.diagnostics if each.code == "E042"]
    assert f"a tag can't need itself: {way.replace('→  →', '→')}" in told


def test_other_tags_and_their_events_may_be_asked_for(tmp_path: Path) -> None:
    tags = "tags: {a: {when: {any: [{tag: b}, {event: tag.added, where: {field: event.tag, is: c}, within: 3d}]}}}"
    (tmp_path / "_policy.yaml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "_tags.yaml").write_text(tags, encoding="utf-8")
    assert check([tmp_path], tmp_path).ok


def test_no_step_sets_what_a_rule_keeps(tmp_path: Path) -> None:
    journey = """
journey: j
trigger: {event: order.paid}
entry: {again: never}
steps: [{tag: vip}, {untag: vip}, {tag: other}]
"""
    for name, text in (("_policy", POLICY), ("_tags", "tags: {vip: {when: {tag: x}}}"), ("j", journey)):
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    found = [each for each in check([tmp_path], tmp_path).diagnostics if each.severity == "error"]
    assert [(each.code, each.line) for each in found] == [("E062", 5)] * 2


def rules(tags: str, segments: str = "") -> Rules:
    read, diagnostics = read_tags(tags, "_tags.yaml")
    assert read is not None, diagnostics
    named = read_segments(segments, "_segments.yaml")[0] if segments else {}
    return Rules(read.tags, named or {}, read.measures)


@pytest.mark.parametrize(
    ("when", "listens"),
    [
        ("{event: order.paid, within: 3d}", {"order.paid"}),
        ("{field: customer.city, is: 杭州}", {"customer.registered", "customer.updated"}),
        ("{field: customer.spent, at_least: 1元}", {"order.paid", "order.refunded"}),
        ("{field: measure.m, at_least: 1}", {"stream.left"}),
        ("{measure: {sum: event.total, of: order.paid}, above: 1元}", {"order.paid"}),
        ("{tag: b}", {"tag.added", "tag.removed"}),
        ("{segment: s}", {"cart.updated"}),
        ("{event: order.paid, times: {at_least: {field: customer.level}}}",
         {"order.paid", "customer.registered", "customer.updated"}),
        ("{field: now.hour, at_least: 8}", set()),
    ],
)  # fmt: skip
def test_a_rule_listens_to_what_can_change_it(when: str, listens: set[str]) -> None:
    made = rules(
        f"measures: {{m: {{count: true, of: stream.left}}}}\ntags: {{a: {{when: {when}}}}}",
        "s: {not: {event: cart.updated}}",
    )
    assert made.by_key["tag", "a"].asked.listens == listens


def test_a_rule_has_another_version_when_something_that_it_asks_for_has() -> None:
    tags = "measures: {{m: {{count: true, of: {of}}}}}\ntags: {{a: {{when: {{field: measure.m, above: 1}}}}}}"
    one, other = (rules(tags.format(of=of)).by_key["tag", "a"].version for of in ("order.paid", "stream.left"))
    assert one != other
    assert one == rules(tags.format(of="order.paid")).by_key["tag", "a"].version


def test_the_next_day_that_matters() -> None:
    last = datetime(2026, 3, 1, 12, tzinfo=UTC)
    now = last + timedelta(days=3, hours=1)
    assert next_day({3, 30}, last, now) == last + timedelta(days=30)
    assert next_day({None}, last, now) == last + timedelta(days=4)
    assert next_day({1, 3}, last, now) is None
