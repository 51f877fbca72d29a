"""A replay counts what an independent computation over the same baskets counts.

Made-up baskets, since the real ones need an optional extra; `benchmarks/grocery/test_real_baskets.py` replays those.
"""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from benchmarks.grocery.baskets import Basket, happenings
from benchmarks.grocery.replay import replay, report_of, summary
from domain.store.work import Database

NEW_YORK = ZoneInfo("America/New_York")
FIRST, AFTER = datetime(2017, 3, 1, tzinfo=NEW_YORK), datetime(2017, 3, 20, tzinfo=NEW_YORK)
SHARE = 0.6
MILK = ({"sku": "1", "category": "FLUID MILK PRODUCTS"},)


def made_up() -> list[Basket]:
    """Households that come at random, and some that come on the very edge of the seven days."""
    chance = random.Random(20170312)
    times = [
        (household, FIRST.astimezone(UTC) + timedelta(seconds=chance.randrange(19 * 86_400 - 3_600)))
        for household in range(1, 16)
        for _ in range(chance.choice((1, 2, 2, 3, 5)))
    ]
    spring = datetime(2017, 3, 9, 18, 0, 5, tzinfo=NEW_YORK)  # in the seven days after it the clocks go forward
    for household, days, seconds in ((101, 7, 0), (102, 7, 1), (103, 7, -1), (104, 0, 0)):
        second = (spring + timedelta(days=days)).astimezone(UTC) + timedelta(seconds=seconds)
        times += [(household, spring.astimezone(UTC)), (household, second)]
    times.sort(key=lambda each: each[1])
    return [
        Basket(100 * number + (chance.randrange(100) if household <= 100 else 0), household, at, 900, MILK)
        for number, (household, at) in enumerate(times)
    ]  # a number that 100 divides is always from a show


def expected(baskets: list[Basket]) -> tuple[int, int, int]:
    """First orders, those of them from a show, and how many of those were followed by an order within seven days.

    Seven days on the wall clock: Python adds them to a local time as they stand there.
    """
    orders: dict[int, list[Basket]] = defaultdict(list)
    for basket in baskets:
        orders[basket.household].append(basket)
    entered = [bought for bought in orders.values() if bought[0].number % 100 < 60]
    goals = 0
    for first, *others in entered:
        until = (first.paid_at.astimezone(NEW_YORK) + timedelta(days=7)).astimezone(UTC)
        goals += any(other.paid_at <= until for other in others)
    return len(orders), len(entered), goals


@pytest.fixture
def baskets() -> list[Basket]:
    return made_up()


class TestReplay:
    def test_counts_what_the_baskets_say(self, db: Database, baskets: list[Basket]) -> None:
        events = list(happenings(baskets, share_from_shows=SHARE, reachable=True))

        pace = replay(db, events, ["new_customer"], batch=7)

        report = report_of(db, AFTER)
        found = report.journeys["new_customer"]
        assert (report.first_orders, found.entered, len(found.days_to_goal)) == expected(baskets)
        assert pace.events == len(events) == len(baskets) + 3 * report.first_orders
        assert found.endings.total() == found.entered
        assert set(found.endings) <= {"goal", "finished"}
        assert 0 < found.followed_goals <= found.followed < found.entered
        assert any(f"{found.entered} entered" in line for line in summary(pace, report))

    def test_sends_in_journey_time(self, db: Database, baskets: list[Basket]) -> None:
        replay(db, happenings(baskets, share_from_shows=1, reachable=True), ["new_customer", "restock"])

        marketing = text(
            "SELECT m.customer_id, m.channel, m.claimed_at, e.entered_at FROM messages m"
            " JOIN enrollments e ON e.id = m.enrollment_id WHERE m.kind = 'marketing'"
        )
        with db() as session:
            sent = session.execute(marketing).all()
            kept = session.scalar(text("SELECT count(*) FROM sandbox_messages"))
            total = session.scalar(text("SELECT count(*) FROM messages"))
        days = [(who, channel, at.astimezone(NEW_YORK).date()) for who, channel, at, _ in sent]
        assert kept == total > len(sent) > len(baskets)
        assert len(set(days)) == len(days)  # the caps of the policy: one a day and channel
        assert all(8 <= at.astimezone(NEW_YORK).hour < 22 for _, _, at, _ in sent)
        assert any(at - entered > timedelta(days=5) for _, _, at, entered in sent)

    def test_sends_nothing_to_the_unreachable(self, db: Database, baskets: list[Basket]) -> None:
        replay(db, happenings(baskets, share_from_shows=1, reachable=False), ["new_customer"])

        messages = report_of(db, AFTER).journeys["new_customer"].messages
        assert messages
        assert {message.split(" ", 1)[1] for message in messages} <= {"suppressed unreachable", "suppressed no_consent"}
