"""What conditions mean, and the words in which they say why."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter, ValidationError

from workflows.terms.because import worded
from workflows.terms.comparing import as_instant, dig
from workflows.terms.conditions import Condition, EventCondition, Verdict, evaluate
from workflows.terms.measuring import MOST_EVENTS
from workflows.terms.values import Language, Window

READ: TypeAdapter[Condition] = TypeAdapter(Condition)
PAID = datetime(2026, 3, 1, 12, tzinfo=UTC)
DATA = {
    "customer": {
        "orders": 3,
        "city": "上海",
        "name": "Li Lei",
        "vip": True,
        "note": "call 138 0013 8000",
        "kinds": ["咖啡豆", "茶"],
        "empty": [],
        "code": "3",
        "last_order_at": PAID,
        "mail": "li@example.com",
        "lines": [{"kind": "咖啡豆", "price": 900}, {"kind": "锅具", "price": 10000, "parts": [{"n": 1}, {"n": 2}]}],
        "birthday": "--03-05",
        "late": "2026-03-02T16:30:00Z",
    },
    "event": {"cart_id": "c1", "seen": "2026-03-02T09:00:00+08:00"},
    "trigger": {"cart_id": "c2", "phone": "13800138000"},
    "measure": {"客单价": 5990, "次数": 5990},
}


WATCHED: list[dict[str, Any]] = [
    {"minutes": 10, "show": "a"},
    {"minutes": 0.2, "show": "b"},
    {"show": "b"},
    {"minutes": "long", "show": None},
    {"minutes": 0.1},
]
DEAR, COFFEE = {"field": "item.price", "above": "50元"}, {"field": "item.kind", "is": "咖啡豆"}


class Known:
    """Facts that are given."""

    zone = ZoneInfo("Asia/Shanghai")

    def __init__(self, item: Any = None, event: Any = None) -> None:
        self.data = {**DATA, "item": item, "event": event or DATA["event"]}

    def field(self, name: str) -> Any:
        return dig(self.data, name, self.zone)

    def newest_events(self, type: str, within: Window | None) -> list[dict[str, Any]]:
        assert within is None or str(within) == "3 shows"
        if type == "often":
            return [{}] * MOST_EVENTS
        return WATCHED[::-1] if type == "stream.left" else []

    def looking_at(self, event: Mapping[str, Any]) -> "Known":
        return Known(event=event)

    def at_item(self, item: Any) -> "Known":
        return Known(item)

    def is_amount(self, name: str) -> bool:
        return name == "measure.客单价"

    def in_segment(self, name: str) -> bool:
        return name == "rich"

    def has_tag(self, name: str) -> bool:
        return name == "vip"

    def count_events(self, condition: EventCondition) -> int:
        return {"order.paid": 3, "seen": 1}.get(condition.event, 0)


def read(condition: dict[str, Any]) -> Verdict:
    """The verdict on a condition as it is written."""
    return evaluate(READ.validate_python(condition), Known())


def said(condition: dict[str, Any], lang: Language = "en") -> tuple[bool, str]:
    """Whether a condition holds, and why."""
    verdict = read(condition)
    return verdict.holds, worded(verdict.because, lang)


class TestBecause:
    @pytest.mark.parametrize(
        ("condition", "holds", "because"),
        [
            ({"field": "customer.orders", "is": 3}, True, "customer.orders is 3"),
            ({"field": "customer.orders", "is": 1}, False, "customer.orders is 3, not 1"),
            ({"field": "customer.orders", "is": "3"}, False, 'customer.orders is 3, not "3"'),
            ({"field": "customer.orders", "is_not": 1}, True, "customer.orders is 3, not 1"),
            ({"field": "customer.orders", "is_not": 3}, False, "customer.orders is 3"),
            (
                {"field": "customer.orders", "at_least": 2, "below": 9},
                True,
                "customer.orders is 3, at least 2, below 9",
            ),
            ({"field": "customer.orders", "at_least": 2, "below": 3}, False, "customer.orders is 3, not below 3"),
            ({"field": "customer.vip", "is": False}, False, "customer.vip is true, not false"),
            ({"field": "customer.owner", "is": "x"}, False, "customer.owner is missing"),
            ({"field": "customer.empty", "exists": False}, True, "customer.empty is missing"),
            ({"field": "customer.city", "in": ["北京", "广州"]}, False, "customer.city is 上海, none of 北京, 广州"),
            ({"field": "customer.kinds", "contains": "茶"}, True, "customer.kinds is 咖啡豆, 茶, containing 茶"),
            (
                {"field": "event.cart_id", "is": {"field": "trigger.cart_id"}},
                False,
                "event.cart_id is c1, not c2 (trigger.cart_id)",
            ),
            (
                {"field": "event.cart_id", "is": {"field": "trigger.basket"}},
                False,
                "event.cart_id is c1, and trigger.basket is missing",
            ),
            (
                {"field": "customer.last_order_at", "after": "2026-03-02"},
                False,
                "customer.last_order_at is 2026-03-01T12:00:00+00:00, not after 2026-03-02",
            ),
        ],
    )
    def test_a_comparison_shows_the_values(self, condition: dict[str, Any], holds: bool, because: str) -> None:
        assert said(condition) == (holds, because)

    @pytest.mark.parametrize(
        ("condition", "holds", "because"),
        [
            ({"event": "order.paid"}, True, "order.paid happened 3 times"),
            ({"event": "left", "within": "30d"}, False, "left never happened within 30 days"),
            (
                {"event": "seen", "where": {"field": "event.a", "is": 1}, "times": {"at_least": 2}},
                False,
                "seen as described happened once, not at least 2",
            ),
            ({"tag": "vip"}, True, "has tag vip"),
            ({"segment": "poor"}, False, "not in segment poor"),
        ],
    )
    def test_what_happened_and_who_somebody_is(self, condition: dict[str, Any], holds: bool, because: str) -> None:
        assert said(condition) == (holds, because)

    def test_the_part_that_decides_is_named(self) -> None:
        wrong, right = {"field": "customer.orders", "is": 1}, {"tag": "vip"}
        assert said({"all": [right, wrong, {"tag": "old"}]})[1] == "customer.orders is 3, not 1"
        assert said({"any": [wrong, right, {"tag": "old"}]})[1] == "has tag vip"
        assert said({"all": [right, {"not": wrong}]}) == (True, "has tag vip; customer.orders is 3, not 1")
        assert said({"any": [wrong, {"not": right}]}) == (False, "customer.orders is 3, not 1; has tag vip")

    @pytest.mark.parametrize(
        ("condition", "because"),
        [
            ({"field": "customer.orders", "at_least": 2, "below": 3}, "下单次数 是 3，并不小于 3"),
            ({"field": "customer.vip", "is": False}, "customer.vip 是 真，不是 假"),
            ({"field": "customer.owner", "is": "x"}, "专属导购 没有值"),
            ({"field": "customer.city", "in": ["北京", "广州"]}, "客户所在城市 是 上海，不属于 北京、广州"),
            (
                {"field": "event.cart_id", "is": {"field": "trigger.basket"}},
                "购物车 是 c1，而 trigger.basket 没有值",
            ),
            (
                {"field": "customer.city", "in": ["a", "b", "c", "d", "e", "f", "g"]},
                "客户所在城市 是 上海，不属于 a、b、c、d、e 等 7 个",
            ),
            ({"event": "left", "within": "30d"}, "left 30 天内没有发生过"),
            (
                {"event": "seen", "where": {"field": "event.a", "is": 1}, "times": {"at_least": 2}},
                "符合条件的 seen 发生过 1 次，并非至少 2",
            ),
            ({"all": [{"tag": "vip"}, {"not": {"segment": "poor"}}]}, "有标签 vip；不属于人群 poor"),
            (
                {"measure": {"sum": "event.total", "of": "order.paid"}, "above": 5990},
                "「已下单」的金额合计是 0元，并不大于 59.90元",
            ),
            ({"field": "measure.客单价", "at_least": "100元"}, "「客单价」 是 59.90元，并非至少 100元"),
            ({"field": "measure.次数", "at_least": 10_000}, "「次数」 是 5990，并非至少 10000"),
            (
                {"field": "customer.location", "within_km": 5, "of": "trigger.spot"},
                "客户位置 不在 trigger.spot 5 公里内",
            ),
        ],
    )
    def test_is_told_in_chinese_too(self, condition: dict[str, Any], because: str) -> None:
        assert said(condition, "zh")[1] == because

    def test_a_sentence_that_was_stored_stays_one(self) -> None:
        for sentence in (
            "customer.orders is 3, not 1",
            "has tag vip; in segment a",
            '"',
            "7",
            "[1]",
            "null",
            "[[1, 2]]",
        ):
            assert worded(sentence, "zh") == sentence

    def test_nobody_can_be_told_by_it(self) -> None:
        for condition in (
            {"field": "customer.name", "is": "Han Meimei"},
            {"field": "customer.name", "is": "Li Lei"},
            {"field": "customer.city", "is": {"field": "trigger.phone"}},
            {"field": "customer.note", "contains": "13900139000"},
            {"field": "customer.mail", "in": ["han@example.com"]},
        ):
            because = read(condition).because
            assert "[hidden]" in because
            assert not any(each in because for each in ("Li", "Han", "han@", "li@", "138", "139"))


class TestMeasures:
    @pytest.mark.parametrize(
        ("measure", "value"),
        [
            ({"sum": "event.minutes"}, 10.3),
            ({"sum": "event.nothing"}, 0),
            ({"count": True}, 5),
            ({"count": True, "where": {"field": "event.show", "is": "b"}}, 2),
            ({"average": "event.minutes"}, 3.433333),
            ({"average": "event.nothing"}, None),
            ({"min": "event.minutes"}, 0.1),
            ({"max": "event.minutes"}, 10),
            ({"max": "event.nothing"}, None),
            ({"latest": "event.show"}, "b"),
            ({"first": "event.show"}, "a"),
            ({"latest": "event.minutes"}, 0.1),
            ({"distinct": "event.show"}, 2),
            ({"share": {"field": "event.show", "exists": True}}, 0.6),
            ({"share": {"field": "event.minutes", "above": 1}, "where": {"field": "event.show", "is": "b"}}, 0),
        ],
    )
    def test_what_is_worked_out_of_events(self, measure: dict[str, Any], value: Any) -> None:
        asked = {"exists": False} if value is None else {"is": value}
        assert read({"measure": {"of": "stream.left", **measure}, **asked}).holds

    @pytest.mark.parametrize(
        ("measure", "value"),
        [
            ({"sum": "item.price", "of": "customer.lines"}, 10900),
            ({"sum": "item.price", "of": "customer.lines", "where": COFFEE}, 900),
            ({"sum": "item.price", "of": "customer.empty"}, 0),
            ({"sum": "item.price", "of": "customer.owner"}, None),
            ({"sum": "item.parts.n", "of": "customer.lines"}, 3),
            ({"average": "item.price", "of": "customer.lines"}, 5450),
            ({"count": True, "of": "trigger.lines"}, None),
        ],
    )
    def test_what_is_worked_out_of_a_list(self, measure: dict[str, Any], value: Any) -> None:
        asked = {"exists": False} if value is None else {"is": value}
        assert read({"measure": measure, **asked}).holds

    @pytest.mark.parametrize(
        "measure",
        [
            {"of": "stream.left"},
            {"of": "stream.left", "sum": "event.a", "count": True},
            {"of": "stream.left", "sum": "customer.spent"},
            {"of": "trigger.items", "sum": "event.a"},
            {"of": "trigger.items", "sum": "item.a", "within": "1d"},
            {"of": "stream.left", "count": True, "within": "0 shows"},
            {"of": "stream.left", "count": False},
        ],
    )
    def test_what_is_no_measure(self, measure: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            READ.validate_python({"measure": measure, "above": 1})

    def test_why_it_holds_in_both_languages(self) -> None:
        measure = {"sum": "event.minutes", "of": "stream.left", "within": "3 shows"}
        condition = {"measure": measure, "above": 15}
        english = "the sum of event.minutes of stream.left within the last 3 shows is 10.3, not above 15"
        assert said(condition) == (False, english)
        assert said(condition, "zh") == (False, "最近 3 场直播内「离开直播间」的分钟数合计是 10.3，并不大于 15")

    def test_one_of_more_events_than_are_looked_at_says_so(self) -> None:
        condition = {"measure": {"count": True, "of": "often"}, "above": 5000}
        assert said(condition) == (False, "the number of often is 1000 (of the newest 1,000), not above 5000")
        assert said(condition, "zh") == (False, "often 的次数是 1000（只看最近 1,000 次），并不大于 5000")

    def test_a_measure_hides_who_somebody_is(self) -> None:
        condition = {"measure": {"latest": "event.phone", "of": "stream.left"}, "is": "13800138000"}
        assert "13800138000" not in read(condition).because


class TestValues:
    @pytest.mark.parametrize(
        ("condition", "holds"),
        [
            ({"field": "event.seen", "before": "2026-03-02T02:00:00Z"}, True),
            ({"field": "event.seen", "below": "2026-03-02T02:00:00Z"}, False),
            ({"field": "customer.orders", "after": 1}, False),
            ({"field": "customer.vip", "is": 1}, False),
            ({"field": "customer.vip", "above": 0}, False),
            ({"field": "customer.orders", "is": 3.0}, True),
            ({"field": "customer.code", "above": 1}, False),
            ({"field": "customer.kinds", "is": "茶"}, True),
            ({"field": "customer.kinds", "is_not": "茶"}, False),
            ({"field": "customer.kinds", "is_not": "锅具"}, True),
            ({"field": "customer.kinds", "in": ["锅具", "茶"]}, True),
            ({"field": "customer.kinds", "not_in": ["锅具", "茶"]}, False),
            ({"field": "customer.kinds", "not_in": ["锅具"]}, True),
            ({"field": "customer.kinds", "contains": "咖啡"}, True),
            ({"field": "customer.lines.price", "above": "50元"}, True),
            ({"field": "customer.lines.price", "above": 90, "below": 1000}, True),
            ({"field": "customer.lines.price", "at_least": 20000}, False),
            ({"field": "customer.empty", "is_not": "茶"}, False),
            ({"some": "customer.lines", "where": {"all": [DEAR, COFFEE]}}, False),
            ({"some": "customer.lines", "where": COFFEE}, True),
            ({"every": "customer.lines", "where": COFFEE}, False),
            ({"every": "customer.lines", "where": {"field": "item.price", "exists": True}}, True),
            ({"some": "customer.empty", "where": COFFEE}, False),
            ({"every": "customer.empty", "where": COFFEE}, True),
            ({"some": "customer.orders", "where": {"field": "item.price", "exists": False}}, False),
            ({"every": "customer.orders", "where": {"field": "item.price", "exists": False}}, False),
            ({"every": "customer.owner", "where": COFFEE}, False),
            ({"some": "customer.lines", "where": {"some": "item.parts", "where": {"field": "item.n", "is": 2}}}, True),
            ({"field": "customer.birthday.month", "is": 3}, True),
            ({"field": "customer.birthday.year", "exists": False}, True),
            ({"field": "customer.last_order_at.weekday", "is": "sunday"}, True),
            ({"field": "customer.late.day", "is": 3}, True),
            ({"field": "customer.late", "after": "2026-03-03"}, True),
            ({"field": "customer.late", "before": "2026-03-03T00:31"}, True),
            ({"field": "customer.owner", "is_not": "x"}, False),
            ({"field": "customer.owner", "not_in": ["x"]}, False),
            ({"not": {"field": "customer.owner", "is": "x"}}, True),
            ({"field": "customer.last_order_at", "is": "2026-03-01T20:00:00+08:00"}, True),
        ],
    )
    def test_what_can_be_compared(self, condition: dict[str, Any], holds: bool) -> None:
        assert read(condition).holds is holds

    @pytest.mark.parametrize("value", ["a\0", "\ud800", float("inf"), float("nan")])
    def test_what_nothing_can_bring_is_refused(self, value: Any) -> None:
        with pytest.raises(ValidationError):
            READ.validate_python({"field": "customer.city", "is": value})

    @pytest.mark.parametrize("text", ["", "20260302", "2026-02-30", "2026-03-02T24:00", "2026-W10-1", "2026-03-02\n"])
    def test_what_is_no_instant(self, text: str) -> None:
        assert as_instant(text, Known.zone) is None
