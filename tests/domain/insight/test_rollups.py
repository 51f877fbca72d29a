"""What is told of metrics is what counting gives, whatever happened since it was kept; rebuilding changes nothing."""

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from shop import Shop

from domain.coupons.tables import Coupon
from domain.customers.identifiers import identify
from domain.customers.resolution import find_ids
from domain.customers.tables import Order
from domain.identity.merging import merge
from domain.identity.splitting import split
from domain.insight import metrics, rollups
from domain.insight.definitions import METRICS
from domain.insight.metrics import Period, Point
from domain.insight.rollups import forget, keep, rebuild
from domain.journeys.tables import Enrollment
from domain.ledger.tables import Message

ZONE = ZoneInfo("Asia/Shanghai")
KEPT = [name for name, metric in METRICS.items() if metric.changes]
DAY = timedelta(days=1)
SPEC = """
    journey: visits
    trigger: {event: form.filled}
    entry: {again: always}
    goal: {event: order.paid, within: 5d}
    policy: {holdout: 30%}
    steps: [{coupon: ten}, {id: gift, send: gift, via: [sms]}]
"""


class Year:
    """Months of a shop in which anything may happen, in any order, and be told late."""

    def __init__(self, shop: Shop, seed: int) -> None:
        self.shop, self.chance = shop, random.Random(seed)
        coupons = {"ten": {"name": "a coupon", "amount_off": 100, "valid": "300d"}}
        shop.publish(SPEC, coupons=coupons, caps={}, quiet_hours="none", attribution="3d", holdout=10)
        self.names = [f"c{number}" for number in range(12)]
        self.ids = dict(zip(self.names, shop.customers(*self.names), strict=True))
        self.began = shop.clock.now()
        self.first = self.began.astimezone(ZONE).date()
        self.orders: list[tuple[str, str]] = []
        self.joined: set[str] = set()

    def go_on(self) -> None:
        self.shop.clock.set(self.shop.clock.now() + self.chance.choice([0.1, 3, 12, 40]) * DAY)
        acts = [self.order] * 4 + [
            self.refund,
            self.visit,
            self.click,
            self.watch,
            self.redeem,
            self.receive,
            self.spend,
        ]
        for _ in range(30):
            self.chance.choice(acts)()
        if self.chance.random() < 0.6:
            self.chance.choice([self.join, self.part])()

    def late(self) -> datetime:
        """Now, or an instant before it, mostly a recent one."""
        back = self.chance.choice([0, 0, 0, 1, 8, 40, 90]) * self.chance.random()
        at: datetime = self.shop.clock.now() - back * DAY
        return max(at, self.began)

    def order(self) -> None:
        who, order = self.chance.choice(self.names), f"o{len(self.orders)}"
        show = self.chance.choice([{}, {"stream_id": "s1"}, {"stream_id": "s2"}])
        items = [{"sku": "milk", "quantity": self.chance.randrange(1, 4)}]
        self.shop.post("order.paid", who, time=self.late(), order_id=order, total=900, items=items, **show)
        self.orders.append((who, order))

    def refund(self) -> None:
        if self.orders:
            who, order = self.chance.choice(self.orders)
            self.shop.post("order.refunded", who, order_id=order, total=100)

    def visit(self) -> None:
        before = {each.id for each in self.shop.rows(Enrollment)}
        self.shop.take(*[self.shop.incoming("form.filled", who) for who in self.chance.sample(self.names, 3)])
        fresh = [each.id for each in self.shop.rows(Enrollment) if each.id not in before and each.ending is None]
        for activity, step in (("coupon", "1"), ("send", "gift")):
            self.shop.give(activity, self.shop.group(step, fresh))

    def click(self) -> None:
        if rows := self.shop.rows(Message):
            row = self.chance.choice(rows)
            who = next((name for name, id in self.ids.items() if id == row.customer_id), "c0")
            what = self.chance.choice(["clicked", "failed", "delivered"])
            self.shop.post(f"message.{what}", who, message=row.id, enrollment=row.enrollment_id, step=row.step)

    def watch(self) -> None:
        who, time, show = self.chance.choice(self.names), self.late(), self.chance.choice(["s1", "s2"])
        self.shop.post("stream.joined", who, time=time, stream_id=show)
        self.shop.post("stream.left", who, time=time, stream_id=show, watched_minutes=self.chance.randrange(90))

    def redeem(self) -> None:
        issued = [row for row in self.shop.rows(Coupon) if row.status == "issued"]
        bought = {order.customer_id: order.order_id for order in self.shop.rows(Order)}
        name_of = {id: name for name, id in self.ids.items()}
        used = [row for row in issued if row.customer_id in bought and row.customer_id in name_of]
        for row in self.chance.sample(used, min(len(used), 2)):
            order = bought[row.customer_id]
            self.shop.post("coupon.redeemed", name_of[row.customer_id], code=row.code, order_id=order)

    def receive(self) -> None:
        lot = {"lot_id": f"l{self.shop.posted}", "sku": "milk", "quantity": 20, "expires_on": "2027-01-01"}
        self.shop.post("lot.received", time=self.late(), **lot)

    def spend(self) -> None:
        self.shop.post("spend.recorded", time=self.late(), amount=self.chance.randrange(900))

    def join(self) -> None:
        first, second = self.chance.sample([name for name in self.names if name not in self.joined], 2)
        with self.shop.db.begin() as work:
            merge(work, self.ids[first], self.ids[second], self.shop.clock.now(), "li", "one person")
        self.joined |= {second}

    def owner(self, name: str) -> int:
        (ident,) = identify(f"member_no:{name}", None)
        with self.shop.db() as session:
            return find_ids(session, [ident])[ident]

    def part(self) -> None:
        if self.joined:
            name = self.chance.choice(sorted(self.joined))
            owner = self.owner(name)
            with self.shop.db.begin() as work:
                split(work, owner, list(identify(f"member_no:{name}", None)), self.shop.clock.now(), "li")
            self.joined -= {name}
            self.ids[name] = self.owner(name)


def told(
    year: Year, by: Period, points: Callable[..., list[Point]] = rollups.points
) -> Iterator[tuple[str, list[Point]]]:
    shop, now = year.shop, year.shop.clock.now()
    with shop.db() as session:
        for name in KEPT:
            span = year.began.astimezone(ZONE).date() - DAY, now.astimezone(ZONE).date() + DAY
            yield name, points(session, name, *span, now, ZONE, by=by)


def test_what_is_told_is_what_counting_gives_at_every_instant(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollups, "LEAST_RUN", 1)
    year = Year(shop, 4)
    kept = 0
    for _ in range(7):
        year.go_on()
        for name in year.chance.sample(KEPT, year.chance.choice([0, 9, len(KEPT), len(KEPT)])):
            with shop.db.begin() as work:
                kept += keep(work, name, year.first, shop.clock.now(), ZONE)
        if year.chance.random() < 0.3:
            with shop.db.begin() as work:
                forget(work)
        by: Period = year.chance.choice(["day", "week", "month"])
        assert list(told(year, by)) == list(told(year, by, metrics.points))
    assert kept > 500
    assert len([row for row in shop.rows(Coupon) if row.status == "redeemed"]) > 5
    with shop.db.begin() as work:
        forget(work)
        for name in KEPT:
            number, otherwise = rebuild(work, name, year.first, shop.clock.now(), ZONE)
            assert (otherwise, number > 50) == (0, True), name
