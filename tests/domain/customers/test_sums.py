"""What orders come to is kept by customer, whatever becomes of the orders and of the people."""

import pytest
from identity.people import say
from shop import Shop
from sqlalchemy import text

from domain.customers.identifiers import identify
from domain.customers.sums import sum_up_orders
from domain.identity.splitting import split

LI, WANG = {"phone": "+8613900000001"}, {"unionid": "u2"}
KEPT = text("SELECT customer_id, orders, spent, first_order_at, last_order_at FROM order_sums ORDER BY customer_id")


def kept(shop: Shop) -> list[tuple[int, int, int]]:
    """As kept, after a look whether that is what all orders come to."""
    with shop.db.begin() as work:
        found = work.execute(KEPT).all()
        work.execute(text("DELETE FROM order_sums"))
        sum_up_orders(work.connection())
        assert work.execute(KEPT).all() == found
    return [(row.customer_id, row.orders, row.spent) for row in found]


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """Two who bought, of whom one gave an order back; a third gave all back."""
    for number, who in enumerate((LI, LI, WANG, {"openid": "o3"})):
        say(shop, "order.paid", {"order_id": f"o{number}", "total": 100 + number}, **who)
    say(shop, "order.refunded", {"order_id": "o1", "total": 40}, **LI)
    say(shop, "order.refunded", {"order_id": "o3"}, openid="o3")
    return shop


def test_orders_and_refunds_are_added_up(shop: Shop) -> None:
    assert kept(shop) == [(1, 2, 161), (2, 1, 102), (3, 0, 0)]


def test_they_follow_people_who_are_joined_and_split(shop: Shop) -> None:
    say(shop, "page.viewed", {}, **LI, **WANG)
    assert kept(shop) == [(1, 3, 263), (3, 0, 0)]
    with shop.db.begin() as work:
        split(work, 1, identify(None, WANG), shop.clock.now(), "user:1")
    assert kept(shop) == [(1, 2, 161), (2, 1, 102), (3, 0, 0)]


def test_they_are_gone_with_the_orders(shop: Shop) -> None:
    with shop.db.begin() as work:
        work.execute(text("DELETE FROM orders WHERE customer_id = 2"))
    assert [who for who, *_ in kept(shop)] == [1, 3]
