"""What changed between two versions, in plain words."""

import pytest

from workflows.language.compile import read_journey
from workflows.plan.model import Plan
from workflows.terms.values import Language
from workflows.words.diff import diff

SPEC = """\
journey: welcome
trigger: {event: order.paid}
entry: {again: never}
exit: [{event: order.refunded}]
goal: {event: order.paid, within: 7d}
steps:
  - {id: thanks, send: thank_you, via: [sms], kind: transactional}
  - wait: 3d
  - {id: offer, send: offer, via: [wecom, sms], coupon: ten, expires: 12h}
  - id: answer
    wait_for: {clicked: offer}
    within: 24h
    then: [{tag: keen}]
    else: [{wait: 1d}, {id: last, send: last_call, via: [sms]}]
  - if: {field: customer.city, is: 杭州}
    then: [{id: visit, todo: 打电话, assign: owner, due: 24h}]
  - id: fork
    split:
      - {variant: a, weight: 50, steps: []}
      - {variant: b, weight: 50, steps: [{stop: enough}]}
"""


def plan(text: str) -> Plan:
    compiled = read_journey(text, "a journey", None)
    assert compiled.plan is not None, compiled.diagnostics
    return compiled.plan


def stored(text: str) -> Plan:
    """A plan as Postgres gives it back: the steps in the order of their paths, the shortest first."""
    body = plan(text).model_dump(mode="json")
    return Plan.model_validate(
        body | {"steps": dict(sorted(body["steps"].items(), key=lambda each: (len(each[0]), each[0])))}
    )


def changes(old: str, new: str, running: int = 0, lang: Language = "en") -> list[str]:
    assert old in SPEC
    return diff(stored(SPEC), plan(SPEC.replace(old, new)), running, lang)


def test_the_same_plan_has_no_changes() -> None:
    assert diff(plan(SPEC), plan(SPEC), 7) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("wait: 3d", "wait: 5d", "the wait before step offer grows from 3d to 5d"),
        ("wait: 3d", "wait: 2h", "the wait before step offer shrinks from 3d to 2h"),
        (
            "wait: 3d",
            "wait: until 10:00",
            "the wait before step offer changes from “wait 3 days” to “wait until 10:00”",
        ),
        ("within: 24h", "within: 2d", "step answer: the time to wait grows from 24h to 2d"),
        ("wait: 1d", "wait: 2d", "the wait before step last grows from 1d to 2d"),
        ("expires: 12h", "expires: 6h", "step offer: its expiry shrinks from 12h to 6h"),
        (", expires: 12h", "", "step offer: its expiry (12h) is removed"),
        ("coupon: ten", "coupon: twenty", "step offer: its coupon changes from ten to twenty"),
        ("via: [wecom, sms]", "via: [sms]", "step offer: the way it goes changes from wecom, else sms to sms"),
        ("send: last_call", "send: bye", "step last: its template changes from last_call to bye"),
        (", kind: transactional", "", "step thanks: its kind changes from transactional to marketing"),
        ("due: 24h", "due: 48h", "step visit: its due time grows from 24h to 48h"),
        ("打电话", "发微信", "step visit: its text changes from 打电话 to 发微信"),
        (
            "is: 杭州",
            "is: 北京",
            "the decision before step fork: the condition changes from `customer.city` is 杭州 to "
            "`customer.city` is 北京",
        ),
        (
            "{variant: a, weight: 50, steps: []}\n      - {variant: b, weight: 50",
            "{variant: a, weight: 80, steps: []}\n      - {variant: b, weight: 20",
            "step fork: the split changes from a 50%, b 50% to a 80%, b 20%",
        ),
        (
            "- id: fork",
            "- id: fork\n    winner: auto",
            "step fork: the winner changes from somebody decides to takes over",
        ),
        ("event: order.paid}", "event: cart.updated}", "the trigger changes from `order.paid` to `cart.updated`"),
        ("again: never", "again: always", "the rule for entering again changes from never to always"),
        ("within: 7d", "within: 9d", "the time for the goal changes from 7 days to 9 days"),
        ("exit: [{event: order.refunded}]", "exit: []", "the exit `order.refunded` is removed"),
        (
            "entry:",
            "audience: {tag: vip}\nentry:",
            "the audience (the customer has the tag “vip”) is added",
        ),
        (
            "  - wait: 3d\n",
            "  - wait: 3d\n  - {tag: new}\n",
            "the tag before step offer is added after the wait before step offer (add tag “new”)",
        ),
        (
            ", {id: last, send: last_call, via: [sms]}]",
            "]",
            "step last is removed (send last_call by sms)",
        ),
        (
            "{stop: enough}",
            "{stop: done}",
            "the stop in b of step fork: the reason changes from enough to done",
        ),
        (
            "steps:\n  - {id: thanks",
            "policy: {caps: {sms: 1 per 3d}}\nsteps:\n  - {id: thanks",
            "its own limits (at most 1 by sms in 3 days) is added",
        ),
        (
            "kind: transactional}",
            "kind: transactional, data: {tone: 热情}}",
            'step thanks: its data ({"tone": "热情"}) is added',
        ),
    ],
)
def test_one_change(old: str, new: str, words: str) -> None:
    assert changes(old, new) == [words]


def test_a_step_that_moves() -> None:
    lines = SPEC.splitlines()
    lines.append(lines.pop(6))
    assert diff(plan(SPEC), plan("\n".join(lines))) == ["step thanks moves: it now stands after step fork"]


def test_a_step_with_another_verb() -> None:
    found = changes("{id: last, send: last_call, via: [sms]}", "{id: last, todo: call, assign: owner, due: 1d}")
    assert found == ["step last was a send and is a todo (assign to owner: “call”, due in 1 day)"]


def test_those_inside_keep_what_they_have() -> None:
    assert changes("wait: 3d", "wait: 5d", 214) == [
        "the wait before step offer grows from 3d to 5d; 214 running customers keep 3d"
    ]
    assert changes("wait: 3d", "wait: 5d", 1)[0].endswith("; 1 running customer keeps 3d")
    removed = changes(", {id: last, send: last_call, via: [sms]}]", "]", 2)
    assert removed == ["step last is removed (send last_call by sms); 2 running customers still do it"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("wait: 3d", "wait: 5d", "步骤 offer 之前的等待由 3d 延长为 5d；2 位在途客户仍用 3d"),
        (
            "wait: 3d",
            "wait: until 10:00",
            "步骤 offer 之前的等待由「等待 3 天」改为「等到 10:00」；2 位在途客户仍用 原来的",
        ),
        ("coupon: ten", "coupon: twenty", "步骤 offer：优惠券由 ten 改为 twenty"),
        (", expires: 12h", "", "去掉步骤 offer：时效（12h）"),
        ("again: never", "again: always", "再次进入的规则由 从不 改为 总是"),
        ("exit: [{event: order.refunded}]", "exit: []", "去掉退出条件 「已退款」"),
        ("is: 杭州", "is: 北京", "步骤 fork 之前的判断：条件由 客户所在城市 是 杭州 改为 客户所在城市 是 北京"),
        ("{stop: enough}", "{stop: done}", "步骤 fork 的分支 b 中的结束：原因由 enough 改为 done"),
        (
            "  - wait: 3d\n",
            "  - wait: 3d\n  - {id: hi, send: hi, via: [sms]}\n",
            "在步骤 hi 之前的等待 之后增加步骤 hi（发送 hi，经短信）",
        ),
        (
            ", {id: last, send: last_call, via: [sms]}]",
            "]",
            "去掉步骤 last（发送 last_call，经短信）；2 位在途客户仍会执行",
        ),
    ],
)
def test_in_chinese(old: str, new: str, words: str) -> None:
    assert changes(old, new, 2, "zh") == [words]


def test_a_step_put_before_others_leaves_them_as_they_were() -> None:
    found = changes("  - wait: 3d\n", "  - {id: hi, send: hi, via: [sms]}\n  - wait: 3d\n")
    assert found == ["step hi is added after step thanks (send hi by sms)"]
    found = changes("  - {id: offer", "  - {id: hi, send: hi, via: [sms]}\n  - {id: offer")
    assert found == ["step hi is added after the wait before step hi (send hi by sms)"]
