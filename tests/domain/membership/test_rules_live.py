"""Tags and segments change with the event that changes them, in its transaction."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from rules_shop import members, publish, sweep, tags, told
from shop import Shop

from domain.customers.tables import Customer
from domain.intake.timeline import timeline
from domain.journeys.tables import Enrollment
from domain.store.clock import VirtualClock
from domain.store.work import Database
from workflows.terms.wording import Wording
from workflows.words.telling import render

TAGS = """
measures: {单均: {average: event.total, of: order.paid, within: 30d}}
tags:
  常客: {when: {event: order.paid, within: 30d, times: {at_least: 2}}, keep: 7d}
  杭州: {when: {field: customer.city, is: 杭州}}
  大单: {when: {field: measure.单均, at_least: 100元}}
  杭州常客: {when: {all: [{tag: 杭州}, {tag: 常客}]}}
"""
SEGMENTS = "看过没买: {all: [{event: stream.left, within: 7d}, {not: {event: order.paid, within: 7d}}]}"


@pytest.fixture
def shop(db: Database, clock: VirtualClock) -> Shop:
    shop = Shop(db, clock)
    publish(shop, TAGS, SEGMENTS)
    return shop


def buy(shop: Shop, who: str, number: str, total: int = 5000) -> None:
    shop.post("order.paid", who, order_id=number, total=total)


def test_an_event_gives_and_takes_at_once(shop: Shop) -> None:
    shop.post("stream.left", "li", stream_id="s1", watched_minutes=20)
    assert members(shop) == {"看过没买": ["li"]}
    buy(shop, "li", "1")
    assert (tags(shop), members(shop)) == ({}, {})
    buy(shop, "li", "2", 30000)
    assert tags(shop) == {"大单": ["li"], "常客": ["li"]}
    assert told(shop)[:2] == [("segment.entered", "看过没买"), ("segment.left", "看过没买")]
    assert sorted(told(shop)[2:]) == [("tag.added", "大单"), ("tag.added", "常客")]


def test_a_tag_that_asks_for_tags_follows_them(shop: Shop) -> None:
    shop.post("customer.updated", "li", city="杭州")
    buy(shop, "li", "1")
    buy(shop, "li", "2")
    assert tags(shop) == {"常客": ["li"], "杭州": ["li"], "杭州常客": ["li"]}
    shop.post("customer.updated", "li", city="宁波")
    assert tags(shop) == {"常客": ["li"]}


def test_at_the_door_of_a_journey_the_tag_is_there_that_its_event_gives(shop: Shop) -> None:
    shop.publish("""
        journey: thanks
        trigger: {event: order.paid}
        audience: {tag: 常客}
        entry: {again: always}
        steps: [{wait: 1d}]
    """)
    shop.take(
        shop.incoming("order.paid", "li", order_id="1", total=1),
        shop.incoming("order.paid", "li", order_id="2", total=1),
    )
    assert [row.trigger_id for row in shop.rows(Enrollment)] == [2]


def test_a_journey_begins_waits_and_ends_with_what_is_told(shop: Shop) -> None:
    shop.publish("""
        journey: regulars
        trigger: {event: tag.added, where: {field: event.tag, is: 常客}}
        entry: {again: always}
        exit: [{event: tag.removed, where: {field: event.tag, is: 常客}}]
        steps: [{wait: 90d}]
    """)
    buy(shop, "li", "1")
    buy(shop, "li", "2")
    assert [row.ending for row in shop.rows(Enrollment)] == [None]
    sweep(shop, timedelta(days=30))
    assert [row.ending for row in shop.rows(Enrollment)] == [None], "it is kept for a week"
    sweep(shop, timedelta(days=7))
    assert [row.ending for row in shop.rows(Enrollment)] == ["exit"]


def test_time_takes_what_runs_out_and_looks_at_nobody_else(shop: Shop) -> None:
    shop.post("stream.left", "li", stream_id="s1")
    shop.post("customer.updated", "wang", city="杭州")
    sweep(shop)
    assert sweep(shop, timedelta(days=6, hours=23)) == 0
    assert members(shop) == {"看过没买": ["li"]}
    assert sweep(shop, timedelta(hours=1)) == 1
    assert members(shop) == {}
    assert told(shop)[-1] == ("segment.left", "看过没买")


def test_who_is_asked_again_when_a_tag_may_come_by_time(shop: Shop) -> None:
    """Having bought keeps li out of the segment for a week."""
    buy(shop, "li", "1")
    sweep(shop, timedelta(days=3))
    shop.post("stream.left", "li", stream_id="s1")
    assert members(shop) == {}
    sweep(shop, timedelta(days=4))
    assert members(shop) == {"看过没买": ["li"]}


def test_what_is_published_is_asked_of_everybody_and_what_is_gone_is_taken(shop: Shop) -> None:
    for who in ("li", "wang", "zhao"):
        shop.post("customer.updated", who, city="杭州", level="金" if who != "li" else "银")
    publish(shop, "tags: {金卡: {when: {field: customer.level, is: 金}}}")
    sweep(shop)
    assert tags(shop) == {"金卡": ["wang", "zhao"]}
    assert told(shop).count(("tag.removed", "杭州")) == 3, "renamed or gone, a rule keeps nothing"
    publish(shop, "tags: {金卡: {when: {field: customer.level, in: [金, 银]}}}")
    sweep(shop)
    assert tags(shop) == {"金卡": ["li", "wang", "zhao"]}


@pytest.mark.parametrize(("again", "left"), [(False, {}), (True, {"常客": ["li"]})])
def test_a_tag_is_not_kept_once_its_rule_says_so_no_more(shop: Shop, again: bool, left: dict[str, list[str]]) -> None:
    buy(shop, "li", "1")
    buy(shop, "li", "2")
    sweep(shop, timedelta(days=31))
    assert tags(shop) == {"常客": ["li"]}, "it is kept for a week"
    changed = TAGS.replace(", keep: 7d", "").replace("30d, times", "60d, times" if again else "30d, times")
    publish(shop, changed)
    sweep(shop)
    assert tags(shop) == left
    sweep(shop, timedelta(days=8))
    assert tags(shop) == left


def test_a_tag_of_a_journey_becomes_the_rules_when_one_is_published(shop: Shop) -> None:
    shop.publish("""
        journey: tags
        trigger: {event: cart.updated}
        entry: {again: always}
        steps: [{tag: 老友, for: 3d}]
    """)
    for who in ("li", "wang"):
        shop.post("cart.updated", who, cart_id=who)
    shop.give("tag", shop.group("1"))
    assert tags(shop)["老友"] == ["li", "wang"]
    assert told(shop) == [("tag.added", "老友")] * 2
    shop.post("customer.updated", "wang", level="金")
    publish(shop, "tags: {老友: {when: {field: customer.level, is: 金}}}")
    sweep(shop)
    assert tags(shop) == {"老友": ["wang"]}
    sweep(shop, timedelta(days=4))
    assert tags(shop) == {"老友": ["wang"]}, "the span of the step is no more"


def test_a_tag_for_a_while_is_told_when_it_runs_out(shop: Shop) -> None:
    shop.publish("""
        journey: tags
        trigger: {event: cart.updated}
        entry: {again: always}
        steps: [{tag: 临时, for: 3d}]
    """)
    shop.post("cart.updated", "li", cart_id="1")
    shop.give("tag", shop.group("1"))
    sweep(shop, timedelta(days=3))
    assert (tags(shop), told(shop)) == ({}, [("tag.added", "临时"), ("tag.removed", "临时")])


def test_shows_that_begin_bring_events_out_of_a_window(shop: Shop) -> None:
    publish(shop, "", "近两场: {event: stream.left, within: 2 shows}")
    for number in (1, 2, 3):
        shop.post("stream.started", stream_id=f"s{number}")
        if number == 1:
            shop.post("stream.left", "li", stream_id="s1")
        sweep(shop, timedelta(days=1))
        assert members(shop) == ({"近两场": ["li"]} if number < 3 else {})


def test_why_tells_a_named_measure_of_money_in_yuan(shop: Shop) -> None:
    buy(shop, "li", "1", 15990)
    with shop.db() as session:
        li = session.get_one(Customer, 1)
        words = [render(each, Wording("zh"), ZoneInfo("Asia/Shanghai")) for _, each in timeline(session, li, limit=10)]
    assert words == ["按规则得到标签「大单」（因为 「单均」 是 159.90元，至少 100元）"]


def test_why_tells_which_leaf_gave_and_took_a_tag(shop: Shop) -> None:
    shop.post("customer.updated", "li", city="杭州")
    shop.post("customer.updated", "li", city="宁波")
    with shop.db() as session:
        li = session.get_one(Customer, 1)
        words = [render(each, Wording("zh"), ZoneInfo("Asia/Shanghai")) for _, each in timeline(session, li, limit=10)]
    assert words == [
        "按规则得到标签「杭州」（因为 客户所在城市 是 杭州）",
        "按规则失去标签「杭州」（因为 客户所在城市 是 宁波，不是 杭州）",
    ]


def test_a_late_event_counts_as_of_now(shop: Shop) -> None:
    shop.post("stream.left", "li", time=shop.clock.now() - timedelta(days=8), stream_id="s1")
    assert members(shop) == {}
    shop.post("stream.left", "li", time=shop.clock.now() - timedelta(days=6), stream_id="s1")
    assert members(shop) == {"看过没买": ["li"]}
    sweep(shop, timedelta(days=1))
    assert members(shop) == {}
