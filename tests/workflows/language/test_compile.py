"""From a spec to its plan: forms, paths, and what follows what."""

from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from workflows.language.compile import read_journey
from workflows.plan.model import Plan
from workflows.source.diagnostics import render
from workflows.verbs.base import Step

SPECS = Path(__file__).parents[3] / "journey_specs"


def compiled(steps: str, **changes: str) -> Plan:
    parts = {"trigger": "{event: order.paid}", "entry": "{again: never}"} | changes
    head = "".join(f"{key}: {value}\n" for key, value in parts.items())
    text = f"journey: j\n{head}steps:\n{indent(steps, '  ')}\n"
    found = read_journey(text, "j.yaml", None)
    assert found.plan is not None, "\n".join(render(each, text) for each in found.diagnostics)
    return found.plan


def step(text: str) -> Any:
    plan = compiled(text)
    return plan.steps[plan.first or ""]


def follows(plan: Plan, path: str, result: str = "") -> str | None:
    after: Step | None = plan.after(path, result)
    return after.path if after else None


@pytest.mark.parametrize("path", sorted(SPECS.glob("[a-z]*.yaml")), ids=lambda path: path.stem)
def test_shipped_journeys_compile(path: Path) -> None:
    found = read_journey(path.read_text(), str(path), None)
    assert found.diagnostics == []
    assert found.plan is not None
    assert found.plan.journey == path.stem
    assert Plan.model_validate_json(found.plan.model_dump_json()) == found.plan
    assert Plan.model_validate(found.plan.model_dump(mode="json")) == found.plan


def test_a_comma_in_a_shipped_text_is_kept() -> None:
    found = read_journey((SPECS / "cross_sell.yaml").read_text(), "cross_sell.yaml", None)
    assert found.plan is not None
    assert found.plan.steps["3.1.call"].model_dump()["text"] == "客户买了咖啡豆, 建议一对一推荐手冲套装"


@pytest.mark.parametrize(
    ("wait", "fields"),
    [
        ("1h", {"span": "1h"}),
        ("2w", {"span": "2w"}),
        ("until 10:00", {"clock": "10:00"}),
        ("until 9:05", {"clock": "09:05"}),
        ("until day 3 at 10:00", {"clock": "10:00", "day": 3}),
        ("1d at 10:00", {"span": "1d", "clock": "10:00"}),
        ("2 w  at 9:05", {"span": "2w", "clock": "09:05"}),
        ("until sunday at 20:00", {"clock": "20:00", "weekday": 6}),
        ("until the 1st at 10:00", {"clock": "10:00", "month_day": 1}),
        ("until the 31st at 10:00", {"clock": "10:00", "month_day": 31}),
        ("until the last day at 10:00", {"clock": "10:00", "month_day": -1}),
        (
            "{each: 25d, of: trigger.bags, at_most: 100d}",
            {"each": "25d", "of": {"field": "trigger.bags"}, "at_most": "100d"},
        ),
        (
            "{each: 25d, of: {field: trigger.items.quantity}}",
            {"each": "25d", "of": {"field": "trigger.items.quantity"}},
        ),
        ("{until: usual_hour}", {"usual": True}),
        ("{until: usual_hour, between: 9:00 - 21:00}", {"usual": True, "between": "09:00-21:00"}),
        ("{until: {field: trigger.due}}", {"field": "trigger.due"}),
        ("{until: {field: trigger.due, minus: 2h}}", {"field": "trigger.due", "minus": "2h"}),
        ("{until: {field: trigger.due, plus: 1d}}", {"field": "trigger.due", "plus": "1d"}),
    ],
)
def test_waits(wait: str, fields: dict[str, Any]) -> None:
    assert step(f"- wait: {wait}").model_dump(mode="json") == {"path": "1", "verb": "wait", **fields}


@pytest.mark.parametrize(
    ("receipt", "event"),
    [
        ("clicked", "message.clicked"),
        ("delivered", "message.delivered"),
        ("read", "message.read"),
        ("replied", "message.replied"),
        ("redeemed", "coupon.redeemed"),
    ],
)
def test_receipts_of_a_send(receipt: str, event: str) -> None:
    plan = compiled(
        f"- {{id: s, send: hello, via: [sms], coupon: c}}\n- {{id: w, wait_for: {{{receipt}: s}}, within: 1d}}"
    )
    assert plan.steps["w"].model_dump(mode="json") == {
        "path": "w", "id": "w", "verb": "wait_for", "of": "s", "condition": {"event": event}, "within": "1d",
    }  # fmt: skip


def test_receipt_of_a_todo() -> None:
    plan = compiled("- {id: call, todo: 打电话, assign: owner, due: 8h}\n- {id: w, wait_for: {done: call}, within: 1d}")
    assert plan.steps["w"].model_dump(mode="json")["condition"] == {"event": "todo.done"}


def test_waiting_for_an_event() -> None:
    found = step("- {id: w, wait_for: {event: order.paid, where: {field: event.total, at_least: 59元}}, within: 1d}")
    assert found.of is None
    assert found.condition.where.model_dump() == {"field": "event.total", "at_least": 5900}


@pytest.mark.parametrize(
    ("written", "fields"),
    [
        ("{id: a, send: t, via: [wecom, sms]}", {"via": ["wecom", "sms"], "kind": "marketing"}),
        ("{id: a, send: t, via: [sms], coupon: c, without_coupon: send}", {"coupon": "c", "without_coupon": "send"}),
        ("{id: a, send: t, via: [sms], kind: transactional}", {"kind": "transactional"}),
        ("{id: a, send: t, via: [sms], expires: 2h}", {"expires": "2h"}),
        ("{id: a, send: t, via: [sms], expires: {field: trigger.due}}", {"expires": {"field": "trigger.due"}}),
        ("{id: a, send: t, via: [sms], data: {n: 1, at: 10:00}}", {"data": {"n": 1, "at": "10:00"}}),
        ("{coupon: c}", {"verb": "coupon", "campaign": "c"}),
        ("{id: a, todo: 打电话, assign: owner, due: 8h}", {"text": "打电话", "assign": "owner", "due": "8h"}),
        ("{tag: 咖啡, for: 30d}", {"verb": "tag", "tag": "咖啡", "keep": "30d", "remove": False}),
        ("{untag: 咖啡}", {"verb": "tag", "tag": "咖啡", "remove": True}),
        ("{stop: 已回到购物车}", {"verb": "stop", "reason": "已回到购物车"}),
    ],
)  # fmt: skip
def test_other_steps(written: str, fields: dict[str, Any]) -> None:
    found = step(f"- {written}").model_dump(mode="json")
    assert {key: found[key] for key in fields} == fields


@pytest.mark.parametrize(
    ("trigger", "fields"),
    [
        ("{event: cart.updated}", {"event": "cart.updated"}),
        (
            "{schedule: every day at 9:00, for_each: birthday}",
            {"at": "09:00", "offset_days": 0, "for_each": "birthday"},
        ),
        (
            "{schedule: every monday at 10:00, for_each: 'segment:高价值 客户'}",
            {"at": "10:00", "weekday": 0, "offset_days": 0, "for_each": "segment:高价值 客户"},
        ),
        (
            "{schedule: on 春节 -3d at 10:00, for_each: near_expiry_lot, where: {field: lot.days_left, at_most: 3}}",
            {
                "at": "10:00", "festival": "春节", "offset_days": -3, "for_each": "near_expiry_lot",
                "where": {"field": "lot.days_left", "at_most": 3},
            },
        ),
        (
            "{schedule: on 中秋节 at 10:00, for_each: birthday}",
            {"at": "10:00", "festival": "中秋节", "offset_days": 0, "for_each": "birthday"},
        ),
    ],
)  # fmt: skip
def test_triggers(trigger: str, fields: dict[str, Any]) -> None:
    assert compiled("- stop: 完", trigger=trigger).trigger.model_dump(mode="json") == fields


@pytest.mark.parametrize(
    ("entry", "fields"),
    [
        ("{again: never}", {"again": "never", "per": ["customer"]}),
        ("{again: always}", {"again": "always", "per": ["customer"]}),
        ("{again: after 30d}", {"again": "after", "after": "30d", "per": ["customer"]}),
        (
            "{again: restart, per: [customer, trigger.order_id]}",
            {"again": "restart", "per": ["customer", "trigger.order_id"]},
        ),
    ],
)
def test_entries(entry: str, fields: dict[str, Any]) -> None:
    assert compiled("- stop: 完", entry=entry).entry.model_dump(mode="json") == fields


def test_money_in_conditions_is_fen() -> None:
    plan = compiled("- stop: 完", audience="{field: customer.spent, in: [59元, 59.9元, 60], above: 0元}")
    assert plan.model_dump(mode="json")["audience"] == {
        "field": "customer.spent", "in": [5900, 5990, 60], "above": 0,
    }  # fmt: skip


def test_active_days_and_the_default_name() -> None:
    plan = compiled("- stop: 完", active="{from: 2026-09-01, until: 2026-10-08}")
    assert plan.name == "j"
    assert plan.model_dump(mode="json")["active"] == {"from": "2026-09-01", "until": "2026-10-08"}


def test_goal_and_exits() -> None:
    plan = compiled(
        "- stop: 完",
        goal="{event: order.paid, where: {field: event.order_id, is: {field: trigger.order_id}}, within: 7d}",
        exit="[{event: order.refunded}]",
    )
    assert plan.goal is not None
    assert str(plan.goal.within) == "7d"
    assert [each.event for each in plan.exits] == ["order.refunded"]
    assert list(plan.listens_to()) == ["order.paid", "order.refunded"]


NESTED = """\
- wait: 1h
- if: {tag: vip}
  then:
    - {id: a, send: hello, via: [sms]}
    - choose:
        - when: {tag: x}
          steps: [{stop: x}]
        - when: {tag: y}
          steps: []
      else:
        - {id: w, wait_for: {clicked: a}, within: 1d, then: [{tag: clicked}]}
- id: offer
  split:
    - {variant: big, weight: 90, steps: [{coupon: c}]}
    - {variant: control, weight: 10, steps: []}
- {tag: done}
"""


def test_paths_are_ids_or_places_below_their_branch() -> None:
    assert list(compiled(NESTED).steps) == [
        "1", "2", "2.then.a", "2.then.2", "2.then.2.1.1", "2.then.2.else.w", "2.then.2.else.w.then.1",
        "offer", "offer.big.1", "4",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "result", "after"),
    [
        ("1", "passed", "2"),
        ("2", "then", "2.then.a"),
        ("2", "else", "offer"),
        ("2.then.a", "sent", "2.then.2"),
        ("2.then.2", "1", "2.then.2.1.1"),
        ("2.then.2", "2", "offer"),
        ("2.then.2", "else", "2.then.2.else.w"),
        ("2.then.2.else.w", "happened", "2.then.2.else.w.then.1"),
        ("2.then.2.else.w", "timed_out", "offer"),
        ("2.then.2.else.w.then.1", "done", "offer"),
        ("offer", "big", "offer.big.1"),
        ("offer", "control", "4"),
        ("offer.big.1", "issued", "4"),
        ("4", "done", None),
    ],
)
def test_a_branch_leads_on_to_what_follows_it(path: str, result: str, after: str | None) -> None:
    assert follows(compiled(NESTED), path, result) == after


def test_an_empty_branch_at_the_end_is_the_end() -> None:
    plan = compiled("- if: {tag: vip}\n  then: []")
    assert follows(plan, "1", "then") is None
    assert follows(plan, "1", "else") is None


def test_deep_nesting_compiles() -> None:
    text = "{stop: 完}"
    for _ in range(45):
        text = f"{{if: {{tag: vip}}, then: [{text}]}}"
    assert len(compiled(f"- {text}").steps) == 46
