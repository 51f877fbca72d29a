"""The stock book: whatever is told, in whatever order, what is on hand is the sum of what happened."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shop import Shop
from sqlalchemy import event as sql
from sqlmodel import col, select

from domain.coupons.tables import CampaignUse, Coupon
from domain.intake.ingest import Incoming
from domain.intake.tables import Event
from domain.journeys.tables import Enrollment
from domain.stock.tables import Lot, Product, StockMove

NUMBERS = count()
SHARED = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
EXPIRES = "2026-03-20"


def received(shop: Shop, lot_id: str, quantity: int, **more: Any) -> Incoming:
    time = more.pop("time", shop.clock.now() - timedelta(days=1))
    data = {"sku": "milk", "city": "上海", "expires_on": EXPIRES, **more}
    return shop.incoming("lot.received", time=time, lot_id=lot_id, quantity=quantity, **data)


def paid(shop: Shop, order_id: str, quantity: int = 1, who: str = "li", **more: Any) -> Incoming:
    items = [{"sku": more.pop("sku", "milk"), "quantity": quantity}]
    return shop.incoming("order.paid", who, **{"order_id": order_id, "total": 900, "items": items, **more})


def on_hand(shop: Shop) -> dict[str, int]:
    """What is on hand of each lot, which is the sum of its moves."""
    sums: Counter[str] = Counter()
    for move in shop.rows(StockMove):
        sums[move.lot_id] += move.quantity
    found = {lot.lot_id: lot.on_hand for lot in shop.rows(Lot)}
    assert found == {lot: sums[lot] for lot in found}
    return found


def told(shop: Shop, type: str) -> list[dict[str, Any]]:
    with shop.db() as session:
        return list(session.exec(select(Event.data).where(Event.type == type, Event.source == "stock")))


@dataclass(frozen=True)
class Step:
    """Something that happens to a lot `minute` minutes after it came in."""

    minute: int
    what: str
    units: float = 0
    order: str = ""


@st.composite
def stories(draw: st.DrawFn) -> list[Step]:
    """What happens to a lot, in the order of time: no two things at one instant, a refund after its order."""
    steps = []
    orders: list[str] = []
    for minute in range(1, draw(st.integers(2, 9))):
        kinds = ["sold", "received", "counted", "sold_out"] + (["returned"] if orders else [])
        what = draw(st.sampled_from(kinds))
        if what == "returned":
            steps.append(Step(minute, what, order=orders.pop()))
        else:
            units = draw(st.integers(0, 12) | st.sampled_from((0.25, 0.75, 1.125)))
            steps.append(Step(minute, what, units, f"o{minute}"))
            orders += [f"o{minute}"] if what == "sold" else []
    return steps


def balances(steps: Sequence[Step]) -> Iterator[float]:
    """What is there after each step, the first being the receipt of ten."""
    units: float = 10
    sold = {step.order: step.units for step in steps if step.what == "sold"}
    yield units
    for step in steps:
        match step.what:
            case "sold":
                units -= step.units
            case "returned":
                units += sold[step.order]
            case "received":
                units += step.units
            case "counted":
                units = step.units
            case "sold_out":
                units = 0
        yield units


def incoming(shop: Shop, step: Step, start: datetime, lot: str) -> Incoming:
    time = start + timedelta(minutes=step.minute)
    order = f"{lot}-{step.order}"
    match step.what:
        case "sold":
            return paid(shop, order, step.units, sku=f"sku-{lot}", time=time)
        case "returned":
            return shop.incoming("order.refunded", "li", time=time, order_id=order)
        case "received":
            return received(shop, lot, step.units, sku=f"sku-{lot}", time=time)
        case "counted":
            return shop.incoming("stock.counted", time=time, lot_id=lot, quantity=step.units)
    return shop.incoming("lot.sold_out", time=time, lot_id=lot)


class TestMoves:
    @SHARED
    @given(stories(), st.randoms(use_true_random=False), st.booleans())
    def test_the_order_of_arrival_changes_nothing(
        self, shop: Shop, steps: list[Step], random: Any, together: bool
    ) -> None:
        lot, start = f"L{next(NUMBERS)}", shop.clock.now() - timedelta(days=1)
        shop.take(received(shop, lot, 10, sku=f"sku-{lot}", time=start))
        events = [incoming(shop, step, start, lot) for step in steps]
        random.shuffle(events)
        for batch in [events] if together else [[event] for event in events]:
            shop.take(*batch)
        with shop.db() as session:
            moves = session.exec(select(StockMove).where(StockMove.lot_id == lot)).all()
            kept = session.get_one(Lot, lot)
        expected = list(balances(steps))
        assert [
            sum(move.quantity for move in moves if move.at <= start + timedelta(minutes=minute))
            for minute in range(len(expected))
        ] == expected
        assert kept.on_hand == expected[-1]

    def test_the_same_event_moves_once_and_so_does_the_same_order(self, shop: Shop) -> None:
        shop.take(received(shop, "A", 10))
        order = paid(shop, "o1", 3)
        assert shop.take(order, order) == [True, False]
        assert shop.take(order) == [False]
        shop.take(paid(shop, "o1", 3))
        assert on_hand(shop) == {"A": 7}

    def test_many_at_once_take_exactly_what_they_bought(self, shop: Shop) -> None:
        shop.take(received(shop, "A", 40), received(shop, "B", 60, sku="rice"), received(shop, "C", 50))
        names = [f"c{number}" for number in range(32)]
        shop.customers(*names)
        baskets = [[{"sku": "milk", "quantity": 2}, {"sku": "rice"}], [{"sku": "rice"}, {"sku": "milk"}]]
        events = [
            shop.incoming("order.paid", name, order_id=name, total=1, items=baskets[number % 2])
            for number, name in enumerate(names)
        ]
        counts = [shop.incoming("stock.counted", lot_id="B", quantity=60) for _ in range(4)]
        shop.at_once(*(lambda pair=pair: shop.take(*pair) for pair in zip(events[::2], events[1::2], strict=True)))
        assert on_hand(shop) == {"A": 0, "B": 28, "C": 42}
        shop.at_once(*(lambda each=each: shop.take(each) for each in counts))
        assert on_hand(shop)["B"] == 60

    def test_a_new_lot_told_of_in_two_places_at_once_is_one(self, shop: Shop) -> None:
        pairs = [[received(shop, lot, 5) for lot in order] for order in ("AB", "BA", "AB", "BA")]
        shop.at_once(*(lambda pair=pair: shop.take(*pair) for pair in pairs))
        assert on_hand(shop) == {"A": 20, "B": 20}


class TestSales:
    def test_what_expires_first_goes_first(self, shop: Shop) -> None:
        lots = {"late": "2026-03-09", "soon": "2026-03-05", "later": "2026-03-12"}
        shop.take(*(received(shop, lot, 4, expires_on=day) for lot, day in lots.items()))
        shop.take(paid(shop, "o1", 6))
        assert on_hand(shop) == {"soon": 0, "late": 2, "later": 4}

    @pytest.mark.parametrize(
        ("where", "taken"),
        [
            ({}, "here"),
            ({"city": "北京"}, "there"),
            ({"store": "S2"}, "shop"),
            ({"store": "S2", "city": "北京"}, "shop"),
        ],
    )
    def test_it_is_taken_where_the_order_says_else_where_the_customer_lives(
        self, shop: Shop, where: dict[str, str], taken: str
    ) -> None:
        shop.post("customer.updated", "li", city="上海")
        shop.take(
            received(shop, "there", 9, city="北京", expires_on="2026-03-05"),
            received(shop, "here", 9),
            received(shop, "shop", 9, city="广州", store="S2", expires_on="2026-03-30"),
        )
        shop.take(paid(shop, "o1", 2, **where))
        assert on_hand(shop) == {"there": 9, "here": 9, "shop": 9} | {taken: 7}

    @pytest.mark.parametrize(("kept", "named"), [("杭州", "杭州市"), ("杭州市", "杭州"), ("沙市", "沙市")])
    @pytest.mark.parametrize("by_customer", [True, False])
    def test_a_city_is_the_same_with_its_suffix_and_without(
        self, shop: Shop, kept: str, named: str, *, by_customer: bool
    ) -> None:
        shop.take(received(shop, "first", 9, city="北京", expires_on="2026-03-05"), received(shop, "A", 9, city=kept))
        where = {} if by_customer else {"city": named}
        if by_customer:
            shop.post("customer.updated", "li", city=named)
        shop.take(paid(shop, "o1", 2, **where))
        assert on_hand(shop) == {"first": 9, "A": 7}
        shop.take(paid(shop, "o2", sku="tea", **where))
        assert [each["sku"] for each in told(shop, "stock.discrepancy")] == ([] if by_customer else ["tea"])

    @pytest.mark.parametrize("where", [{"city": "苏州市"}, {"store": "S9", "city": "北京"}])
    def test_an_order_where_no_stock_is_kept_is_told_of(self, shop: Shop, where: dict[str, str]) -> None:
        shop.take(received(shop, "A", 9))
        shop.take(paid(shop, "o1", 2, **where))
        assert on_hand(shop) == {"A": 9}
        assert told(shop, "stock.discrepancy") == [
            {"reason": "unknown_place", "sku": "milk", "order_id": "o1", "quantity": 2}
        ]

    def test_what_came_in_later_was_not_sold(self, shop: Shop) -> None:
        shop.take(received(shop, "A", 5))
        shop.take(paid(shop, "o1", 1, time=shop.clock.now() - timedelta(days=3)))
        assert on_hand(shop) == {"A": 5}

    def test_what_keeps_too_short_a_time_is_not_for_sale(self, shop: Shop) -> None:
        shop.post("product.updated", sku="milk", name="鲜奶", min_days=3)
        shop.take(
            received(shop, "short", 5, expires_on="2026-03-04"), received(shop, "fit", 5, expires_on="2026-03-05")
        )
        shop.take(paid(shop, "o1", 2))
        assert on_hand(shop) == {"short": 5, "fit": 3}

    def test_what_is_reserved_or_quarantined_is_not_for_sale(self, shop: Shop) -> None:
        shop.take(received(shop, "A", 5), received(shop, "B", 5, expires_on="2026-03-30"))
        shop.post("stock.counted", lot_id="A", quantity=5, reserved=2, quarantined=2)
        shop.take(paid(shop, "o1", 3))
        assert on_hand(shop) == {"A": 4, "B": 3}
        assert told(shop, "lot.sold_out") == [{"lot_id": "A", "sku": "milk"}]

    def test_below_zero_is_booked_and_told(self, shop: Shop) -> None:
        shop.take(received(shop, "A", 2), received(shop, "B", 3, expires_on="2026-03-30"))
        shop.take(paid(shop, "o1", 9))
        assert on_hand(shop) == {"A": 0, "B": -4}
        assert told(shop, "stock.discrepancy") == [
            {"reason": "oversold", "sku": "milk", "lot_id": "B", "order_id": "o1", "quantity": 4}
        ]

    @pytest.mark.parametrize(("where", "told_of"), [({"city": "上海"}, 1), ({"city": "拉萨"}, 0), ({}, 0)])
    def test_an_unknown_product_is_told_of_where_stock_is_kept(
        self, shop: Shop, where: dict[str, str], told_of: int
    ) -> None:
        shop.take(received(shop, "A", 2))
        assert shop.take(paid(shop, "o1", sku="tea", **where)) == [True]
        assert [each["sku"] for each in told(shop, "stock.discrepancy")] == ["tea"] * told_of

    def test_the_sale_that_takes_the_last_unit_tells_so_once(self, shop: Shop) -> None:
        shop.take(received(shop, "A", 2))
        for order in ("o1", "o2", "o3"):
            shop.take(paid(shop, order))
        assert told(shop, "lot.sold_out") == [{"lot_id": "A", "sku": "milk"}]
        shop.post("order.refunded", "li", order_id="o1")
        shop.post("order.refunded", "li", order_id="o2")
        shop.take(paid(shop, "o4"))
        assert len(told(shop, "lot.sold_out")) == 2
        assert on_hand(shop) == {"A": 0}


class TestRefunds:
    @pytest.mark.parametrize(
        ("refund", "back"),
        [
            ({}, 5),
            ({"total": 900}, 5),
            ({"total": 100}, 0),
            ({"total": 100, "items": [{"sku": "milk", "quantity": 2}]}, 2),
            ({"items": []}, 0),
        ],
    )
    @pytest.mark.parametrize("first", [True, False])
    def test_what_comes_back(self, shop: Shop, refund: dict[str, Any], back: int, first: bool) -> None:
        shop.take(received(shop, "A", 4), received(shop, "B", 6, expires_on="2026-03-30"))
        events = [paid(shop, "o1", 5), shop.incoming("order.refunded", "li", order_id="o1", **refund)]
        for event in events if first else reversed(events):
            shop.take(event)
        assert sum(on_hand(shop).values()) == 5 + back

    def test_a_refund_that_is_dated_before_its_order_waits_for_it(self, shop: Shop) -> None:
        shop.take(received(shop, "A", 4))
        early = shop.clock.now() - timedelta(minutes=1)
        refund = shop.incoming("order.refunded", "li", time=early, order_id="o1", items=[{"sku": "milk"}])
        shop.take(refund, paid(shop, "o1", 3))
        assert on_hand(shop) == {"A": 2}

    def test_no_more_comes_back_than_was_sold(self, shop: Shop) -> None:
        shop.take(received(shop, "A", 4))
        shop.take(paid(shop, "o1", 3))
        for _ in range(2):
            shop.post("order.refunded", "li", order_id="o1", total=100, items=[{"sku": "milk", "quantity": 2}])
        assert on_hand(shop) == {"A": 4}
        assert [(each["reason"], each["quantity"]) for each in told(shop, "stock.discrepancy")] == [
            ("returned_too_many", 1)
        ]

    def test_a_stranger_brings_nothing_back(self, shop: Shop) -> None:
        shop.take(received(shop, "A", 4))
        shop.take(paid(shop, "o1", 3))
        shop.post("order.refunded", "wang", order_id="o1")
        assert on_hand(shop) == {"A": 1}


class TestReceipts:
    @pytest.mark.parametrize(
        ("again", "reason", "units"),
        [
            ({}, [], 7),
            ({"expires_on": "2026-03-10"}, ["expiry_differs"], 7),
            ({"sku": "rice"}, ["sku_differs"], 5),
        ],
    )
    def test_a_second_receipt_adds_if_it_is_of_the_same(
        self, shop: Shop, again: dict[str, str], reason: list[str], units: int
    ) -> None:
        shop.take(received(shop, "A", 5))
        shop.take(received(shop, "A", 2, **again))
        assert on_hand(shop) == {"A": units}
        assert [each["reason"] for each in told(shop, "stock.discrepancy")] == reason
        assert {lot.expires_on.isoformat() for lot in shop.rows(Lot)} == {
            min(EXPIRES, again.get("expires_on", EXPIRES))
        }

    def test_what_has_expired_is_taken_but_never_for_sale(self, shop: Shop) -> None:
        shop.take(received(shop, "old", 5, expires_on="2026-02-27"))
        assert [each["reason"] for each in told(shop, "stock.discrepancy")] == ["expired"]
        shop.take(received(shop, "new", 5))
        shop.take(paid(shop, "o1", 5))
        assert on_hand(shop) == {"old": 5, "new": 0}

    def test_a_count_of_an_unknown_lot_is_told(self, shop: Shop) -> None:
        shop.post("stock.counted", lot_id="X", quantity=3)
        assert told(shop, "stock.discrepancy") == [{"reason": "unknown_lot", "lot_id": "X", "quantity": 3}]

    def test_more_than_a_billion_units_add_up(self, shop: Shop) -> None:
        shop.take(*(received(shop, "A", 10**9) for _ in range(5)))
        assert on_hand(shop) == {"A": 5 * 10**9}

    def test_older_news_of_a_product_is_not_believed(self, shop: Shop) -> None:
        shop.post("product.updated", sku="milk", min_days=3)
        shop.post("product.updated", sku="milk", min_days=9, time=shop.clock.now() - timedelta(hours=1))
        shop.post("product.updated", sku="milk", shelf_days=21)
        assert [(each.min_days, each.shelf_days) for each in shop.rows(Product)] == [(3, 21)]


def statements(shop: Shop, *events: Incoming) -> list[str]:
    found: list[str] = []
    with shop.db() as session:
        engine = session.get_bind()

    def spy(_c: object, _r: object, statement: str, *_: object) -> None:
        found.append(statement)

    sql.listen(engine, "before_cursor_execute", spy)
    try:
        shop.take(*events)
    finally:
        sql.remove(engine, "before_cursor_execute", spy)
    return found


def about_stock(found: Sequence[str]) -> int:
    return sum(any(table in each for table in (" lots", " stock_moves", " stores", " products")) for each in found)


def test_orders_of_what_is_not_kept_cost_one_query_a_batch(shop: Shop) -> None:
    names = [f"c{number}" for number in range(20)]
    orders = [paid(shop, name, who=name, sku=f"tea-{name}", city="拉萨") for name in names]
    assert about_stock(statements(shop, *orders)) == 1


def test_a_batch_takes_as_many_statements_however_many_orders(shop: Shop) -> None:
    shop.take(received(shop, "A", 10_000))
    costs = set()
    for size in (3, 60):
        names = [f"c{size}-{number}" for number in range(size)]
        shop.customers(*names)
        costs.add(about_stock(statements(shop, *(paid(shop, name, who=name) for name in names))))
    assert len(costs) == 1


def test_a_list_of_lots_takes_as_many_statements_however_many_lots(shop: Shop) -> None:
    costs = {
        size: len(statements(shop, *(received(shop, f"{size}-{number}", 4) for number in range(size))))
        for size in (3, 60)
    }
    assert costs[3] == costs[60]


CLEARANCE = """
    journey: clearance
    trigger: {schedule: every day at 12:00, for_each: near_expiry_lot}
    entry: {again: never}
    steps: [{coupon: forty}, {wait: 1d}]
"""
FORTY = {"forty": {"name": "6折", "percent_off": 40, "ceiling": 3000, "valid": "2d", "products": "lot"}}


def offered(shop: Shop, customers: int, **lots: int) -> None:
    """Customers in a journey about lots, in turn."""
    shop.publish(CLEARANCE, coupons=FORTY)
    shop.take(*(received(shop, lot, units) for lot, units in lots.items()))
    ids = shop.customers(*(f"c{number}" for number in range(customers)))
    shop.post("customer.birthday", "c0")
    names = list(lots)
    with shop.db.begin() as session:
        for place, customer in enumerate(ids):
            session.add(
                Enrollment(
                    journey="clearance", plan_id=shop.plan_id, customer_id=customer, key=str(customer), slot="once",
                    exclusive=False, trigger_id=1, subject={"lot_id": names[place % len(names)]}, position="1",
                    entered_at=shop.clock.now(), anchor=shop.clock.now(),
                )
            )  # fmt: skip


class TestCoupons:
    def test_however_many_ask_at_once_no_more_are_promised_than_there_are(self, shop: Shop) -> None:
        offered(shop, 150, A=20)
        answers = shop.give_each("coupon", shop.group("1"))
        assert Counter(answer.result for answer in answers) == {"issued": 20, "refused": 130}
        assert shop.timeline().count(("refused", "budget")) == 130
        assert [use.issued for use in shop.rows(CampaignUse)] == [20]

    def test_sales_and_offers_of_several_lots_at_once_do_not_block_each_other(self, shop: Shop) -> None:
        offered(shop, 60, B=12, A=9)
        group = shop.group("1")
        parts = [group.model_copy(update={"members": group.members[place::6]}) for place in range(6)]
        orders = [paid(shop, f"o{number}", who=f"c{number}", sku="milk") for number in range(12)]
        calls: list[Any] = [lambda part=part: shop.give("coupon", part) for part in parts]
        calls += [lambda pair=pair: shop.take(*pair) for pair in zip(orders[::2], orders[1::2], strict=True)]
        shop.at_once(*calls)
        issued = Counter(coupon.lot_id for coupon in shop.rows(Coupon))
        assert issued["A"] <= 9
        assert issued["B"] <= 12
        assert sum(on_hand(shop).values()) == 9

    def test_one_that_has_run_out_or_was_used_gives_its_place_back(self, shop: Shop) -> None:
        offered(shop, 6, A=2)
        members = [enrollment.id for enrollment in shop.rows(Enrollment)]

        def give(*places: int) -> list[str | None]:
            return [answer.result for answer in shop.give("coupon", shop.group("1", [members[p] for p in places]))]

        assert give(0, 1, 2) == ["issued", "issued", "refused"]
        shop.take(paid(shop, "o1", who="c0"))
        with shop.db.begin() as session:
            session.exec(select(Coupon).where(col(Coupon.customer_id) == 1)).one().status = "redeemed"
        assert give(3) == ["refused"]  # a unit is left, and promised
        shop.clock.set(shop.clock.now() + timedelta(days=2))
        assert give(4, 5) == ["issued", "refused"]
