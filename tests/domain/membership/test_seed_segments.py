"""The two segments that people asked for first, beside SQL that knows nothing of conditions: by preview, and live."""

import random
from datetime import timedelta

import pytest
from rules_shop import publish, sweep
from shop import Shop
from sqlalchemy import text

from domain.customers.identifiers import identify
from domain.identity.merging import merge
from domain.intake.ingest import Incoming
from domain.membership.listing import holders, standings
from domain.membership.previewing import members, preview
from domain.published.library import read_library

SEGMENTS = """
看了没买: {all: [{measure: {sum: event.watched_minutes, of: stream.left, within: 3 shows}, above: 15},
  {not: {event: order.paid, within: 3 shows}}]}
买了A看过B: {all: [{event: order.paid, where: {field: event.items.sku, is: A}},
  {event: product.viewed, where: {field: event.sku, is: B}}]}
"""
BY_HAND = {
    "看了没买": """
WITH shows AS (SELECT starts_at FROM streams WHERE starts_at <= :now ORDER BY starts_at DESC LIMIT 3),
since AS (SELECT min(starts_at) AS at FROM shows)
SELECT e.customer_id FROM events e, since WHERE e.type = 'stream.left' AND e.time >= since.at
AND NOT EXISTS (SELECT FROM orders o WHERE o.customer_id = e.customer_id AND o.paid_at >= since.at)
GROUP BY e.customer_id HAVING sum((e.data ->> 'watched_minutes')::numeric) > 15""",
    "买了A看过B": """
SELECT DISTINCT o.customer_id FROM events o CROSS JOIN LATERAL jsonb_array_elements(o.data -> 'items') AS item
JOIN events v ON v.customer_id = o.customer_id AND v.type = 'product.viewed' AND v.data ->> 'sku' = 'B'
WHERE o.type = 'order.paid' AND item ->> 'sku' = 'A'""",
}


@pytest.fixture
def crowd(shop: Shop) -> Shop:
    """Five shows in five days; eighty customers watch, look and buy, some of them under two names."""
    pick = random.Random(5)
    publish(shop, "", SEGMENTS)
    for day in range(5):
        shop.post("stream.started", stream_id=f"s{day}")
        events = []
        for _ in range(120):
            who = identify(f"member_no:m{pick.randrange(80)}", None)
            at = shop.clock.now() + timedelta(minutes=pick.randrange(600))
            shop.posted += 1
            type, data = pick.choice([
                ("stream.left", {"stream_id": f"s{day}", "watched_minutes": pick.choice([1, 4, 9, 15, 16])}),
                ("product.viewed", {"sku": pick.choice("ABC")}),
                ("order.paid", {"order_id": f"o{shop.posted}", "total": 100,
                                "items": [{"sku": pick.choice("ACD")}, {"sku": pick.choice("ACD")}]}),
                ("stream.left", {"stream_id": f"s{day}", "watched_minutes": 3.5}),
            ])  # fmt: skip
            events.append(Incoming("test", f"e{shop.posted}", type, at, data, who))
        shop.clock.set(shop.clock.now() + timedelta(days=1))
        shop.take(*events)
    for one in (1, 11, 21):
        with shop.db.begin() as work:
            merge(work, one, one + 3, shop.clock.now(), "test", "one")
    sweep(shop)
    return shop


@pytest.mark.parametrize("name", BY_HAND)
def test_as_sql_by_hand_finds_them(crowd: Shop, name: str) -> None:
    now = crowd.clock.now()
    with crowd.db() as session:
        library = read_library(session)
        expected = sorted(session.execute(text(BY_HAND[name]), {"now": now}).scalars())
        assert 5 < len(expected) < 70, "it tells somebody from somebody"
        assert list(members(session, library, library.segments[name], now)) == expected
        found = preview(session, library, library.segments[name], now)
        assert (found.size, [each.id for each in found.sample]) == (len(expected), expected[:20])
        assert [each.id for each in holders(session, "segment", name, now, limit=100)] == expected
        sizes = {each.name: each.size for each in standings(session, library, "segment", now)}
        assert sizes[name] == len(expected)
