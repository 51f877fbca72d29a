"""What orders are owed to, worked out anew, is what was noted as they came: whatever happened since."""

import random
from datetime import timedelta

from shop import Shop

from domain.channels.delivery import Delivery
from domain.coupons.issuing import move
from domain.coupons.tables import Coupon
from domain.customers.identifiers import identify
from domain.customers.resolution import lock_customers
from domain.customers.tables import Customer
from domain.identity.merging import merge
from domain.identity.splitting import split
from domain.insight.attribution import attribute_again, attribute_anew
from domain.insight.tables import Attribution
from domain.journeys.tables import Enrollment
from domain.ledger.tables import Message, MessageRow
from domain.sending.tracking import settle_message
from domain.store.bulk import is_among

SPEC = """
    journey: visits
    trigger: {event: form.filled}
    entry: {again: always}
    steps: [{id: gift, send: gift, via: [sms]}]
"""
DAY = timedelta(days=1)


def owed(shop: Shop) -> dict[str, tuple[int, int]]:
    """The message and the customer of each order that is owed to one."""
    return {row.order_id: (row.message_id, row.customer_id) for row in shop.rows(Attribution)}


def rebuilt(shop: Shop) -> dict[str, tuple[int, int]]:
    after: str | None = ""
    while after is not None:
        with shop.db.begin() as work:
            after = attribute_again(work, after, 3 * DAY)
    return owed(shop)


def month(shop: Shop, chance: random.Random, ids: dict[str, int]) -> None:
    """30 days of visits, messages, orders that come late or not, refunds and receipts that take messages back."""
    began, names = shop.clock.now(), list(ids)
    for day in range(30):
        shop.clock.set(began + day * DAY)
        visitors = chance.sample(names, 4)
        before = {each.id for each in shop.rows(Enrollment)}
        shop.take(*[shop.incoming("form.filled", name) for name in visitors])
        fresh = [each.id for each in shop.rows(Enrollment) if each.id not in before]
        shop.give("send", shop.group("gift", fresh))
        for number, name in enumerate(chance.sample(names, 5)):
            order, time = f"{began}-{day}-{number}", shop.clock.now() - chance.choice([0, 0, 2, 4]) * DAY
            shop.post("order.paid", name, time=time, order_id=order, total=500)
            if chance.random() < 0.2:
                shop.post("order.refunded", name, order_id=order, total=100)
        for row in chance.sample(shop.rows(Message), 2):
            what = chance.choice(["failed", "failed", "delivered"])
            with shop.db() as session:
                customer = session.get_one(Customer, row.customer_id)
            owner = customer.merged_into or customer.id
            name = next((name for name, id in ids.items() if id == owner), names[0])
            shop.post(f"message.{what}", name, message=row.id, enrollment=row.enrollment_id, step=row.step)


def test_what_is_worked_out_anew_is_what_was_noted_live(shop: Shop) -> None:
    shop.publish(SPEC, caps={}, quiet_hours="none", attribution="3d")
    names = [f"c{number}" for number in range(8)]
    ids = dict(zip(names, shop.customers(*names), strict=True))
    chance = random.Random(5)
    month(shop, chance, ids)
    failed = [row for row in shop.rows(Message) if row.status == "failed"]
    live = owed(shop)
    assert len(failed) > 5
    assert len(live) > 50
    assert rebuilt(shop) == live

    first, second = ids["c0"], ids["c1"]
    with shop.db.begin() as work:
        merge(work, first, second, shop.clock.now(), "li", "one person")
    joined = owed(shop)
    assert joined != live
    assert rebuilt(shop) == joined

    month(shop, chance, ids)
    live = owed(shop)
    assert rebuilt(shop) == live

    with shop.db.begin() as work:
        split(work, first, list(identify("member_no:c1", None)), shop.clock.now(), "li")
    apart = owed(shop)
    assert apart != live
    assert rebuilt(shop) == apart


WITH_COUPON = """
    journey: gives
    trigger: {event: form.filled}
    entry: {again: always}
    steps: [{coupon: ten}, {id: gift, send: gift, via: [sms], coupon: five}]
"""
TERMS = {"name": "a coupon", "amount_off": 100, "valid": "30d"}


def test_where_no_message_went_an_order_is_owed_to_the_journey_whose_coupon_was_used_on_it(shop: Shop) -> None:
    coupons = dict.fromkeys(("ten", "five"), TERMS)
    shop.publish(WITH_COUPON, coupons=coupons, caps={}, quiet_hours="none", attribution="3d")
    (li,) = shop.customers("li")
    shop.post("form.filled", "li")
    (gives,) = shop.rows(Enrollment)
    shop.give("coupon", shop.group("1"))
    shop.give("send", shop.group("gift"))
    (gift,) = shop.rows(Message)
    ten, five = (next(row.code for row in shop.rows(Coupon) if row.campaign == name) for name in ("ten", "five"))
    shop.clock.set(shop.clock.now() + DAY)
    shop.post("order.paid", "li", order_id="soon", total=500)
    shop.post("coupon.redeemed", "li", code=ten, order_id="soon")
    shop.clock.set(shop.clock.now() + 9 * DAY)
    with shop.db.begin() as work:
        until = shop.clock.now() + DAY
        move(work, [work.get_one(Coupon, five)], "locked", shop.clock.now(), order_id="late", until=until)
    for order in ("late", "plain"):
        shop.post("order.paid", "li", order_id=order, total=500)
    assert {row.order_id for row in shop.rows(Attribution)} == {"soon"}
    with shop.db.begin() as work:
        move(work, [work.get_one(Coupon, five)], "redeemed", shop.clock.now(), order_id="late")

    def told() -> dict[str, tuple[int | None, str | None, str]]:
        return {row.order_id: (row.message_id, row.coupon, row.step) for row in shop.rows(Attribution)}

    live = {"soon": (gift.id, ten, "gift"), "late": (gift.id, five, "gift")}
    assert told() == live
    assert {row.journey for row in shop.rows(Attribution)} == {"gives"}
    assert {row.enrollment_id for row in shop.rows(Attribution)} == {gives.id}
    rebuilt(shop)
    assert told() == live
    with shop.db.begin() as work:
        attribute_anew(work, ["soon"], timedelta(minutes=5))
    assert told()["soon"] == (None, ten, "1")
    shop.post("order.refunded", "li", order_id="late")
    assert told().keys() == {"soon"}
    assert li


def test_a_message_of_which_it_is_told_late_that_it_went_takes_the_orders_since(shop: Shop) -> None:
    shop.publish(SPEC, caps={}, quiet_hours="none", attribution="3d")
    (li,) = shop.customers("li")
    shop.provider.says = {"+8613800000000": Delivery("unknown", reason="timeout")}
    shop.post("form.filled", "li")
    shop.give("send", shop.group("gift"))
    shop.clock.set(shop.clock.now() + DAY)
    shop.post("order.paid", "li", order_id="o1", total=500)
    assert owed(shop) == {}
    with shop.db.begin() as work:
        lock_customers(work, [li])
        (row,) = work.read(MessageRow, is_among(Message.customer_id, [li]))
        settle_message(work, row, "sent", None, shop.clock.now())
    assert owed(shop) == {"o1": (row.id, li)}
    assert rebuilt(shop) == owed(shop)
