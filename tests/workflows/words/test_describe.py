"""Plans in plain words."""

from pathlib import Path

import pytest

from workflows.language.compile import read_journey
from workflows.plan.model import Plan
from workflows.terms.conditions import FieldCondition
from workflows.terms.wording import Wording
from workflows.verbs.base import Position
from workflows.verbs.wait import WaitStep
from workflows.words.describe import describe, mermaid, summary

ZH, EN = Wording("zh"), Wording("en")
SPECS = Path(__file__).parents[3] / "journey_specs"
NAMES = sorted(path.stem for path in SPECS.glob("[a-z]*.yaml"))


def plan(name: str) -> Plan:
    found = read_journey((SPECS / f"{name}.yaml").read_text(), f"{name}.yaml", None).plan
    assert found is not None
    return found


def test_in_english() -> None:
    assert (
        describe(plan("abandoned_cart"), EN)
        == """\
### 直播弃购挽回 (`abandoned_cart`)

- **Begins:** `cart.updated` where `event.stream_id` exists and `event.total` is above 0元
- **Enters again:** starts over, until the first message is sent (for each customer and `trigger.cart_id`)
- **Goal:** `order.paid` where `event.cart_id` is `trigger.cart_id` within 3 days
- **Exit:** `cart.cleared` where `event.cart_id` is `trigger.cart_id`
- **Exit:** `cart.updated` where `event.cart_id` is `trigger.cart_id` and `event.total` is 0元

1. wait 1 hour
2. send `cart_reminder` by wecom, with coupon `cart_minus5` — `remind`
3. wait for `message.clicked` of step `remind`, at most 24 hours — `answer`
   - it happened:
     1. stop: 已回到购物车
   - not within 24 hours:
     1. send `cart_last_call` by sms — `rescue`"""
    )


def test_in_chinese() -> None:
    lines = describe(plan("new_customer"), Wording("zh", {"full59_minus10": "满59减10"})).split("\n")
    assert lines[2] == "- **开始：** 「已下单」（下单次数 是 1，并且 直播场次 有值）"
    assert lines[-11:] == [
        "6. 分流 off10 45% / off20 45% / control 10% — `offer`",
        "   - `off10` 45%：",
        "     1. 发送 `repurchase_coupon`，经企业微信，否则短信，附优惠券「满59减10」 — `offer10`",
        "   - `off20` 45%：",
        "     1. 发送 `repurchase_coupon`，经企业微信，否则短信，附优惠券`full99_minus20` — `offer20`",
        "   - `control` 10%：继续",
        "7. 等到第 6 天 10:00",
        "8. 判断",
        "   - 如果 券的状态 是 未用：",
        "     1. 发送 `coupon_expiring`，经短信，12 小时后不再发送 — `last_call`",
        "   - 否则：继续",
    ]


@pytest.mark.parametrize(
    ("journey", "path", "words"),
    [
        ("new_customer", "5", "wait until day 3 10:00"),
        ("abandoned_cart", "remind", "send cart_reminder by wecom, with coupon cart_minus5"),
        ("abandoned_cart", "answer", "wait for message.clicked of step remind, at most 24 hours"),
        ("new_customer", "8", "decide if coupon.status is issued"),
        ("near_expiry", "2", "wait until 30 minutes before stream.starts_at"),
        ("near_expiry", "3.then.starting", "send clearance_starting by wecom, dropped after 1 hour"),
        ("vip_birthday", "call", "assign to owner: “今天是客户生日, 请发送一句亲自写的祝福”, due in 8 hours"),
    ],
)
def test_a_step_in_one_line(journey: str, path: str, words: str) -> None:
    assert summary(plan(journey).steps[path], EN) == words


def test_a_summary_is_short() -> None:
    text = f"journey: j\ntrigger: {{event: a}}\nentry: {{again: never}}\nsteps: [{{stop: {'长' * 900}}}]\n"
    found = read_journey(text, "j.yaml", None).plan
    assert found is not None
    assert len(summary(found.steps["1"], EN)) == 200


@pytest.mark.parametrize("name", NAMES)
def test_every_step_is_told(name: str) -> None:
    told = plan(name)
    for say in (ZH, EN):
        words = describe(told, say)
        assert all(f"— `{step.id}`" in words for step in told.steps.values() if step.id)
    graph = mermaid(told, EN)
    assert graph.startswith("flowchart TD\n")
    assert graph.count(" --> ") + graph.count(" -->|") >= len(told.steps) + 1


def test_a_graph_quotes_what_mermaid_would_misread() -> None:
    text = "journey: j\ntrigger: {event: a}\nentry: {again: never}\nsteps: [{stop: 'say \"<b>\" #1'}]\n"
    found = read_journey(text, "j.yaml", None).plan
    assert found is not None
    assert 's1(["stop: say #quot;#lt;b#gt;#quot; #35;1"])' in mermaid(found, EN)


@pytest.mark.parametrize(
    ("written", "zh", "en"),
    [
        ("1d at 10:00", "等到 1 天后的 10:00", "wait until 10:00, 1 day on"),
        ("until sunday at 20:00", "等到 周日 20:00", "wait until Sunday 20:00"),
        ("until the 2nd at 10:00", "等到 2 日 10:00", "wait until the 2nd 10:00"),
        ("until the last day at 10:00", "等到 当月最后一天 10:00", "wait until the last day of the month 10:00"),
        (
            {"each": "25d", "of": "trigger.bags", "at_most": "100d"},
            "等待 25 天 × `trigger.bags`，至多 100 天",
            "wait 25 days for each of `trigger.bags`, at most 100 days",
        ),
    ],
)
def test_waits_in_words(written: object, zh: str, en: str) -> None:
    step = WaitStep.model_validate({"wait": written}).compiled(Position("1", None, {}))
    assert [step.words(ZH), step.words(EN)] == [zh, en]


def test_values_are_called_as_people_call_them() -> None:
    """Days of the week and what has become of a coupon by their names, measures of money in yuan."""
    of_coupon = FieldCondition.model_validate({"field": "coupon.status", "in": ["issued", "redeemed"]})
    of_day = FieldCondition.model_validate({"field": "customer.birthday.weekday", "is": "friday"})
    spent = FieldCondition.model_validate({"field": "measure.花费", "above": "300元"})
    zh = Wording("zh", amounts=["measure.花费"])
    told = [zh.condition(of_coupon), zh.condition(of_day), zh.condition(spent)]
    assert told == ["券的状态 属于 未用、已用", "客户生日的星期 是 周五", "「花费」 大于 300元"]
    assert EN.condition(of_day) == "`customer.birthday.weekday` is friday"
