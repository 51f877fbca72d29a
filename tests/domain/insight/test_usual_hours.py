"""The hour in which each customer is mostly about, and how a journey waits for it."""

import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from shop import Shop
from sqlmodel import select

from domain.customers.tables import Customer
from domain.insight import usual_hours as hours
from domain.insight.tables import ShopHour
from domain.intake.timeline import timeline
from domain.journeys.tables import Enrollment
from domain.published.library import read_library
from workflows.terms.wording import Wording
from workflows.words.telling import render

SHANGHAI, LONDON = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/London")
DAY = timedelta(days=1)


def learn(shop: Shop) -> int:
    now = shop.clock.now()
    with shop.db.begin() as work:
        library = read_library(work)
        hours.count_hours_of_shop(work, now, library.policy_zone)
        found = hours.usual_hours(work, now, library.policy_zone)
        hours.write_page(work, library, found, now)
    return len(found)


def known(shop: Shop) -> dict[str, int]:
    return {each.name or "": each.fields["usual_hour"] for each in shop.rows(Customer) if "usual_hour" in each.fields}


def test_it_is_what_is_counted_by_hand_on_the_clock_of_each(shop: Shop) -> None:
    chance = random.Random(9)
    now = shop.clock.now()
    zones = {f"c{number}": LONDON if number % 3 == 0 else SHANGHAI for number in range(30)}
    events = [
        shop.incoming("customer.registered", who, name=who, **({"timezone": LONDON.key} if zone is LONDON else {}))
        for who, zone in zones.items()
    ]
    done: dict[str, list[datetime]] = defaultdict(list)
    of_shop = Counter[int]()
    for _ in range(240):
        who, time = f"c{chance.randrange(30)}", now - timedelta(seconds=chance.randrange(95 * 86400))
        kind = chance.choice(["order.paid", "message.clicked", "message.replied", "stream.joined", "message.read"])
        data: dict[str, Any] = {"order_id": f"o{shop.posted}", "total": 1} if kind == "order.paid" else {}
        events.append(shop.incoming(kind, who, time=time, **data | ({"stream_id": "s"} if "stream" in kind else {})))
        if kind in ("order.paid", "message.clicked", "message.replied") and time > now - 90 * DAY:
            done[who].append(time)
            of_shop[time.astimezone(zones[who]).hour] += 1
    shop.take(*events)
    expected = {}
    for who, times in done.items():
        last = {time.astimezone(zones[who]).hour: time for time in sorted(times)}
        counts = Counter(time.astimezone(zones[who]).hour for time in times)
        if len(times) >= 3:
            expected[who] = max(counts, key=lambda hour: (counts[hour], last[hour]))
    assert learn(shop) == len(expected) > 10
    assert known(shop) == expected
    assert {each.hour: each.times for each in shop.rows(ShopHour)} == of_shop
    assert learn(shop) == 0
    shop.clock.set(now + 100 * DAY)
    assert learn(shop) == len(expected)
    assert known(shop) == {}


@pytest.mark.parametrize(
    ("between", "usual", "of_shop", "due", "why"),
    [
        (", between: 09:00-21:00", 20, 15, "20:00", "客户最常在的钟点是 20 点"),
        (", between: 09:00-21:00", None, 15, "15:00", "还不知道客户常在的钟点，店里最热闹的是 15 点"),
        (", between: 09:00-21:00", None, 23, "09:00", "还不知道客户和店里常在的钟点，最早可以是 9 点"),
        ("", None, 23, "23:00", "店里最热闹的是 23 点"),
        ("", None, None, "00:00", "最早可以是 0 点"),
        (", between: 09:30-21:00", 9, None, "09:30", "客户最常在的钟点是 9 点"),
        (", between: 09:30-20:45", 23, None, "20:00", "客户最常在的钟点是 23 点"),
        (", between: 20:15-20:45", 23, None, "20:15", "客户最常在的钟点是 23 点"),
        (", between: 12:30-12:45", 12, None, "12:30", "客户最常在的钟点是 12 点"),
    ],
)
def test_a_journey_waits_for_it_or_for_the_best_hour_of_the_shop(
    shop: Shop, between: str, usual: int | None, of_shop: int | None, due: str, why: str
) -> None:
    shop.publish(f"""
        journey: waits
        trigger: {{event: form.filled}}
        entry: {{again: never}}
        steps:
          - wait: {{until: usual_hour{between}}}
          - {{id: note, send: note, via: [sms]}}
    """)
    shop.customers("li")
    others = [datetime(2026, 3, 1, of_shop, 30, tzinfo=SHANGHAI)] * 4 if of_shop is not None else []
    for place, time in enumerate([*others, datetime(2026, 3, 1, 3, 30, tzinfo=SHANGHAI)] if others else []):
        shop.post("message.clicked", f"c{place}", time=time.astimezone(UTC))
    if usual is not None:
        shop.post("customer.updated", "li", usual_hour=usual)
    now = shop.clock.now()
    with shop.db.begin() as work:
        hours.count_hours_of_shop(work, now, SHANGHAI)
    shop.post("form.filled", "li")
    shop.give("arrive", shop.group("1"))
    shop.give("arrive", shop.group("1"))
    with shop.db() as session:
        customer = session.get_one(Customer, shop.rows(Enrollment)[0].customer_id)
        decisions = [each for _, each in timeline(session, customer, limit=50) if each.what == "hour"]
        (told,) = [render(each, Wording("zh"), SHANGHAI) for each in decisions]
        found = session.exec(select(Enrollment.due_at)).one()
    assert found is not None
    assert found.astimezone(SHANGHAI).strftime("%H:%M") == due
    assert now <= found < now + DAY
    assert told.startswith(f"等到 {found.astimezone(SHANGHAI):%Y-%m-%d %H:%M}：")
    assert told.endswith(why)
