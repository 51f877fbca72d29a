"""What is sold by weight: three places of a kilogram, exact wherever a quantity comes."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from shop import Shop
from sqlmodel import select

from domain.catalogue.validation import make_lenient
from domain.coupons.baskets import Line, discounts, returned_share
from domain.intake.tables import Event
from domain.published.publishing import publish_document
from domain.stock.inventory import lot_facts, near_expiry_page
from domain.stock.live import units_left
from domain.stock.reordering import Demand, propose
from domain.stock.replenishment import begin
from domain.stock.studio import board
from domain.stock.tables import LiveSale, Lot, Replenishment, StockMove, Stream
from domain.texts.rendering import render
from workflows.language.policy import CouponTerms
from workflows.language.stock_rules import read_stock_rules
from workflows.terms.quantities import cost_of, number_of, quantity_of, written

ZONE = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)


def received(shop: Shop, quantity: float, lot: str = "A") -> None:
    at = shop.clock.now() - DAY
    where = {"city": "上海", "expires_on": "2026-03-20"}
    shop.post("lot.received", time=at, lot_id=lot, sku="shrimp", quantity=quantity, **where)


def paid(shop: Shop, order: str, *quantities: float, **more: Any) -> None:
    items = [{"sku": "shrimp", "quantity": quantity, "price": 3990} for quantity in quantities]
    shop.post("order.paid", "li", order_id=order, total=900, items=items, **more)


def told(shop: Shop, type: str) -> list[dict[str, Any]]:
    with shop.db() as session:
        return list(session.exec(select(Event.data).where(Event.type == type, Event.source == "stock")))


@pytest.mark.parametrize(
    ("number", "kept", "as_json", "as_text"),
    [(2, "2", 2, "2"), (2.0, "2", 2, "2"), (0.75, "0.75", 0.75, "0.75"), (0.1, "0.1", 0.1, "0.1"),
     (1e-07, "0", 0, "0"), (0.0005, "0.001", 0.001, "0.001"), (1000, "1000", 1000, "1000")],
)  # fmt: skip
def test_a_number_is_a_quantity_of_three_places(number: float, kept: str, as_json: float, as_text: str) -> None:
    quantity = quantity_of(number)
    assert (quantity, number_of(quantity), written(quantity)) == (Decimal(kept), as_json, as_text)
    assert type(number_of(quantity)) is type(as_json)


def test_an_order_takes_a_part_and_a_refund_brings_a_part_back(shop: Shop) -> None:
    received(shop, 1.5)
    paid(shop, "o1", 0.75, 0.1, 0.2)
    assert [lot.on_hand for lot in shop.rows(Lot)] == [Decimal("0.45")]
    shop.post("order.refunded", "li", order_id="o1", total=1, items=[{"sku": "shrimp", "quantity": 0.35}])
    shop.post("order.refunded", "li", order_id="o1", total=1, items=[{"sku": "shrimp", "quantity": 0.8}])
    assert [lot.on_hand for lot in shop.rows(Lot)] == [Decimal("1.5")]
    assert sum(move.quantity for move in shop.rows(StockMove)) == Decimal("1.5")
    (discrepancy,) = told(shop, "stock.discrepancy")
    assert (discrepancy["reason"], discrepancy["quantity"]) == ("returned_too_many", 0.1)


def test_what_is_sold_beyond_a_count_is_told_to_the_gram(shop: Shop) -> None:
    received(shop, 10)
    shop.post("stock.counted", lot_id="A", quantity=1.255, reserved=0.25)
    paid(shop, "o1", 1.1)
    assert [lot.on_hand for lot in shop.rows(Lot)] == [Decimal("0.155")]
    (discrepancy,) = told(shop, "stock.discrepancy")
    assert (discrepancy["reason"], discrepancy["quantity"]) == ("oversold", 0.095)
    assert len(told(shop, "lot.sold_out")) == 1


def test_a_lot_is_told_to_journeys_and_texts_as_it_is_written(shop: Shop) -> None:
    received(shop, 12.5)
    received(shop, 2, "B")
    paid(shop, "o1", 0.75)
    now = shop.clock.now()
    with shop.db() as session:
        lots = session.exec(select(Lot).order_by(Lot.lot_id)).all()
        available = [lot_facts(lot, None, None, now, ZONE)["available"] for lot in lots]
        offered, _ = near_expiry_page(session, now, ZONE, after="", limit=10)
        left = units_left(session, ["shrimp"], "上海", now.date())["shrimp"].left
    assert (available, left) == ([11.75, 2], Decimal("13.75"))
    assert all(number_of(quantity_of(each["at_risk"])) == each["at_risk"] for each in offered)
    text = "{{ lot.available }}、{{ item.quantity }}、{{ 2.0 }}"
    assert render("t", text, {"lot": {"available": available[0]}, "item": {"quantity": 0.75}}) == "11.75、0.75、2"


def test_conditions_ask_for_the_part_that_was_bought(shop: Shop) -> None:
    shop.publish("""
        journey: j
        trigger:
          event: order.paid
          where:
            all:
              - {some: event.items, where: {field: item.quantity, is: 0.75}}
              - {measure: {sum: item.quantity, of: event.items}, is: 1.05}
        entry: {again: always}
        steps: [{tag: 按斤买}]
    """)
    paid(shop, "o1", 0.75, 0.1, 0.2)
    paid(shop, "o2", 0.75, 0.1)
    assert len(shop.group("0").members) == 1


def test_a_show_sells_and_alarms_by_weight(shop: Shop) -> None:
    received(shop, 1.5)
    shop.post("stream.started", stream_id="s")
    with shop.db.begin() as session:
        publish_document(session, "_stock", {"defaults": {"buyer": "甲", "pack": 0.5, "at_least": 1}})
    paid(shop, "o1", 0.75, stream_id="s")
    paid(shop, "o2", 0.75, stream_id="s")
    (sale,) = shop.rows(LiveSale)
    (alarm,) = [row.data for row in shop.rows(Event) if row.type == "stock.alarm"]
    assert (sale.units, alarm["sold"], alarm["left"]) == (Decimal("1.5"), 1.5, 0)
    with shop.db.begin() as session:
        screen = board(session, "s", shop.clock.now())
        begin(session, next(row.id for row in shop.rows(Event) if row.type == "stock.alarm"), shop.clock.now())
    assert screen is not None
    assert [(each.sold, each.left) for each in screen.products] == [(Decimal("1.5"), 0)]
    (row,) = shop.rows(Replenishment)
    assert row.proposed > 0
    assert row.proposed % Decimal("0.5") == 0
    assert row.basis["sold_by_day"] == [1.5, 0]
    assert [stream.stream_id for stream in shop.rows(Stream)] == ["s"]


def test_an_order_for_more_comes_in_packs_of_a_part() -> None:
    rules, diagnostics = read_stock_rules("defaults: {pack: 2.5, shelf_life: 30d}\n", "_stock.yaml")
    assert rules is not None
    assert diagnostics == []
    proposal = propose(Demand(3.3, 0.5), Decimal("0.75"), rules.defaults)
    assert proposal.quantity % Decimal("2.5") == 0
    assert proposal.quantity > 30
    assert proposal.ceiling is not None
    assert proposal.ceiling % Decimal("2.5") == 0


def test_a_coupon_takes_its_share_of_what_was_weighed() -> None:
    terms = CouponTerms.model_validate({"name": "满30减10", "valid": "1d", "amount_off": 1000, "threshold": 3000})
    lines = [Line("shrimp", Decimal("0.75"), 3990), Line("bag", Decimal(1), 10)]
    assert [line.total for line in lines] == [2993, 10]
    assert discounts(terms, lines, [line.total for line in lines]) == [997, 3]
    parts = [returned_share(997, Decimal("0.75"), Decimal(before), Decimal("0.25")) for before in ("0", "0.25", "0.5")]
    assert sum(parts) == 997
    assert max(parts) - min(parts) <= 1
    assert Line.of(lines[0].stored()) == lines[0]
    assert lines[0].stored()["quantity"] == 0.75
    assert cost_of(Decimal("0.333"), 100) == 33


def test_more_than_three_places_are_rounded_and_told() -> None:
    given = {"order_id": "o", "total": 1, "items": [{"sku": "a", "quantity": 0.12345}, {"sku": "b", "quantity": 0.75}]}
    taken = make_lenient("order.paid", given)
    assert [item["quantity"] for item in taken.data["items"]] == [0.123, 0.75]
    assert [(each.field, each.reason) for each in taken.warnings] == [("items.0.quantity", "too_fine")]
    refused = make_lenient("order.paid", {**given, "items": [{"sku": "a", "quantity": "0.75"}]})
    assert [each.reason for each in (*refused.errors, *refused.warnings)] == ["wrong_type"]
