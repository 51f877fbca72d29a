"""What is counted is what the trail and the enrollments' histories tell, whatever happens at once."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from shop import Shop
from sqlmodel import select

from domain.journeys import counts, lifecycle
from domain.journeys.counts import Count
from domain.journeys.tables import CountChange, JourneyCount

ZONE = ZoneInfo("Asia/Shanghai")
SPEC = """
    journey: forms
    trigger: {event: form.filled}
    entry: {again: AGAIN}
    goal: {event: order.paid, within: 3d}
    exit: [{event: form.withdrawn}]
    steps:
      - {wait: 1h}
      - {id: thanks, send: thanks, via: [sms]}
      - {id: answer, wait_for: {replied: thanks}, within: 2h, then: [{id: gift, send: gift, via: [sms]}]}
"""


def seen(shop: Shop) -> list[Count]:
    with shop.db() as session:
        return list(counts.counts_of(session, "forms"))


def fold(shop: Shop) -> None:
    with shop.db.begin() as work:
        counts.fold(work, ZONE)


def recounted(shop: Shop) -> list[Count]:
    """The counts, counted anew; it is told whether they differ."""
    kept = seen(shop)
    with shop.db.begin() as work:
        number, wrong = counts.recount(work)
    right = seen(shop)
    assert number == len(right)
    assert (wrong == 0) == (kept == right)
    return right


def some_day(shop: Shop, random: Random, names: list[str]) -> list[Callable[[], object]]:
    """What may happen in any order."""
    who = random.choice(names)
    paths = [("arrive", "1"), ("send", "thanks"), ("arrive", "answer"), ("send", "answer.then.gift"), ("arrive", "")]
    activity, path = random.choice(paths)
    return [
        lambda: shop.post("form.filled", who),
        lambda: shop.give(activity, shop.group(path)),
        lambda: shop.post("order.paid", who, order_id=f"o{random.random()}", total=100),
        lambda: shop.post("form.withdrawn", who),
        lambda: fold(shop),
    ]


@pytest.mark.parametrize("again", ["restart", "always"])
@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_it_is_counted(shop: Shop, seed: int, again: str) -> None:
    random = Random(seed)
    shop.publish(SPEC.replace("AGAIN", again))
    names = ["li", "wang", "zhao"]
    shop.customers(*names, consent=["sms"] if seed % 2 else [])
    for _ in range(40):
        random.choices(some_day(shop, random, names), weights=[4, 8, 1, 1, 1])[0]()
        shop.clock.set(shop.clock.now() + timedelta(minutes=random.choice([1, 20, 130, 1500])))
    kept = seen(shop)
    assert {count.what for count in kept} >= {"entered", "passed"}
    assert all(count.n > 0 for count in kept)
    assert kept == recounted(shop)


def test_a_count_that_went_wrong_is_told_and_mended(shop: Shop) -> None:
    shop.publish(SPEC.replace("AGAIN", "always"))
    shop.customers("li")
    shop.post("form.filled", "li")
    right = seen(shop)
    fold(shop)
    with shop.db.begin() as work:
        row = work.exec(select(JourneyCount).where(JourneyCount.what == "entered")).one()
        row.n += 1
    assert seen(shop) != right
    with shop.db.begin() as work:
        assert counts.recount(work) == (len(right), 1)
    assert seen(shop) == right


def test_many_at_once_are_each_counted(shop: Shop) -> None:
    shop.publish(SPEC.replace("AGAIN", "always"))
    names = [f"c{number}" for number in range(30)]
    shop.customers(*names)
    events = [shop.incoming("form.filled", name) for name in names]
    shop.at_once(*(call for event in events for call in (lambda event=event: shop.take(event), lambda: fold(shop))))
    shop.clock.set(shop.clock.now() + timedelta(hours=1))
    shop.give_each("send", shop.group("thanks"))
    kept = seen(shop)
    assert [count.n for count in kept if count.what in ("entered", "sent")] == [30, 30]
    assert kept == recounted(shop)


def test_what_is_folded_says_the_same_by_the_day(shop: Shop) -> None:
    shop.publish(SPEC.replace("AGAIN", "always"))
    shop.customers("li")
    shop.post("form.filled", "li")
    shop.clock.set(shop.clock.now() + timedelta(days=2))
    shop.post("form.filled", "li")
    midnight = shop.clock.now().astimezone(ZONE).replace(hour=0)

    def entered() -> list[int]:
        with shop.db() as session:
            return [
                count.n
                for since in (None, midnight, midnight - timedelta(days=2), midnight + timedelta(days=1))
                for count in counts.counts_of(session, "forms", since)
                if count.what == "entered"
            ]

    assert entered() == [2, 1, 2]
    fold(shop)
    assert entered() == [2, 1, 2]
    assert not shop.rows(CountChange)
    fold(shop)
    assert sum(row.n for row in shop.rows(JourneyCount) if row.what == "entered") == 2


def test_those_who_leave_a_wait_have_not_passed_it(shop: Shop) -> None:
    shop.publish(SPEC.replace("AGAIN", "always"))
    shop.customers("li", "wang")
    shop.post("form.filled", "li")
    shop.post("form.filled", "wang")
    shop.give("arrive", shop.group("1"))
    shop.post("form.withdrawn", "li")
    assert [count.n for count in seen(shop) if count.what == "passed"] == [1]
    with shop.db.begin() as work:
        lifecycle.stop(work, "forms", shop.clock.now(), "a test")
    lifecycle.in_pages(shop.db, lifecycle.stop_page, "forms", shop.clock.now())
    kept = seen(shop)
    assert [count.n for count in kept if count.what == "passed"] == []
    assert kept == recounted(shop)
