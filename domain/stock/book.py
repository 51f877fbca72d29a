"""The stock book: what was received, sold, brought back and counted, as moves that are only ever added.

What is on hand at an instant is the sum of the moves up to it. A count is a fact at its time: it has seen everything
that happened before, told or not. So a late move from before a count is booked where it happened, and taken back at
that count; and a late count corrects what was there at its time, and nothing that a later count has seen. At equal
instants what is told first came first.

A sale takes what expires first, of the lots that had come in by then and may still be sold: in the store that the order
names, else the city that it names (with its 市 or without), else the customer's city if the product is kept there, else
anywhere. What isn't there is booked on the last of these lots all the same, below zero if need be, and told as
`stock.discrepancy`.

What is sold to wholesale is booked as such, which rates of sale don't know. A refund brings back what it lists, or all
that the order took if it is of the whole order. A part of the money alone brings nothing back.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, literal, text, union_all
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from domain.catalogue.sources import IMPORT, STOCK
from domain.catalogue.types import WHOLESALE
from domain.customers.tables import CustomerRow, Order
from domain.intake.tables import Event
from domain.stock.places import plain, spellings
from domain.stock.tables import Lot, Product, StockMove, Store
from domain.store.bulk import inserting
from workflows.terms.quantities import NONE, number_of, quantity_of
from workflows.terms.values import local_day

TYPES = frozenset(
    {"order.paid", "order.refunded", "lot.received", "lot.sold_out", "stock.counted", "product.updated"}
)  # fmt: skip
"""The types of the events that the book is kept by."""

_LOTS = frozenset({"lot.received", "lot.sold_out", "stock.counted"})
_COUNTS = ("counted", "sold_out")
_INSERT = text("""
INSERT INTO stock_moves (lot_id, at, quantity, reason, seen, order_id, event_id) SELECT * FROM unnest(
    CAST(:c0 AS text[]), CAST(:c1 AS timestamptz[]), CAST(:c2 AS numeric[]), CAST(:c3 AS text[]),
    CAST(:c4 AS boolean[]), CAST(:c5 AS text[]), CAST(:c6 AS bigint[]))
""")
"""Columns instead of rows: an order of a few products is a few moves, and a batch of orders thousands."""
_LISTED = ("name", "category", "shelf_days", "min_days", "companions", "aliases", "manager")


@dataclass(frozen=True)
class StockEvent:
    """An event that the book emits, for ingest."""

    id: str
    type: str
    time: datetime
    data: dict[str, Any]
    arrived: datetime


def _is_left_out(event: Event) -> bool:
    """Whether the book has no part in it: its own events, and orders of before, which came out of stock of then."""
    return event.source == STOCK or (event.source == IMPORT and event.type == "order.paid")


def last_day(lot: Lot, product: Product | None) -> date:
    """The last day on which the lot may be sold."""
    return lot.expires_on - timedelta(days=product.min_days if product else 0)


def available(lot: Lot, product: Product | None, day: date) -> Decimal:
    """Units that can be sold on a day: on hand less what is reserved, quarantined or too short-lived."""
    return NONE if day > last_day(lot, product) else lot.on_hand - lot.reserved - lot.quarantined


class Book:
    """The book, open for a batch of stored events: the lots that they may move are locked, in the order of their ids.

    It is opened once the customers are locked, and before anything else is. Each event is entered in turn. `settle` is
    called before orders are looked at.
    """

    def __init__(
        self, session: Session, events: Sequence[Event], zone: ZoneInfo, settle: Callable[[], None] = lambda: None
    ) -> None:
        self._session = session
        self._settle = settle
        self._zone = zone
        self._events: list[StockEvent] = []
        self._moves: list[tuple[Any, ...]] = []
        self._days: dict[datetime, date] = {}
        self._lots: dict[str, Lot] = {}
        self._of_sku: dict[str, list[Lot]] = {}
        self._products: dict[str, Product] = {}
        self._taken: dict[str, dict[str, Decimal]] = {}
        self._early_refunds: dict[str, list[Event]] = {}
        self._places: set[str] = set()
        self._wholesale: set[str] = set()
        own_events = [event for event in events if event.type in TYPES and not _is_left_out(event)]
        if own_events:
            self._open(own_events)

    def enter(self, event: Event, customer: CustomerRow | None = None) -> None:
        """Enter what the event says of stock; most say nothing."""
        if _is_left_out(event):
            return
        match event.type:
            case "order.paid" if self._of_sku or self._places:
                self._sell(event, customer)
            case "order.refunded" if self._lots:
                self._give_back(event)
            case "lot.received":
                self._receive(event)
            case "stock.counted":
                self._count(event)
            case "lot.sold_out" if lot := self._lots.get(event.data["lot_id"]):
                self._set(lot, event, lot.reserved + lot.quarantined, "sold_out")
            case "product.updated":
                self._list(event)

    def close(self) -> Sequence[StockEvent]:
        """Write the moves down. Returns the events that the book emits."""
        self._write()
        return self._events

    def _open(self, events: Sequence[Event]) -> None:
        paid = [event for event in events if event.type == "order.paid"]
        refunds = [event for event in events if event.type == "order.refunded"]
        self._create([event for event in events if event.type == "lot.received"])
        named = {event.data["lot_id"] for event in events if event.type in _LOTS}
        if refunds:
            orders = [event.data["order_id"] for event in refunds]
            named |= set(self._session.exec(select(StockMove.lot_id).where(col(StockMove.order_id).in_(orders))))
        skus = self._products_kept(paid)
        if not skus and not named:
            return
        oldest = min((local_day(event.time, self._zone) for event in paid), default=date.max)
        sellable = col(Lot.sku).in_(skus) & ((col(Lot.on_hand) > 0) | (col(Lot.expires_on) >= oldest))
        query = select(Lot).where(sellable | col(Lot.lot_id).in_(named)).order_by(col(Lot.lot_id))
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
        for lot in self._session.exec(query):
            self._lots[lot.lot_id] = lot
            self._of_sku.setdefault(lot.sku, []).append(lot)
        for lots in self._of_sku.values():
            lots.sort(key=lambda lot: (lot.expires_on, lot.lot_id))
        products = select(Product).where(col(Product.sku).in_(self._of_sku))
        self._products = {product.sku: product for product in self._session.exec(products)}
        if self._lots and (paid or refunds):
            self._read_orders(paid, refunds)

    def _create(self, receipts: Sequence[Event]) -> None:
        """Make the lots that are new, in the order of their ids, so that two batches wait for each other in turn."""
        first_receipt = {event.data["lot_id"]: event for event in reversed(receipts)}
        stores = {}
        for event in reversed(receipts):
            if place := event.data.get("store") or event.data.get("city"):
                stores[place] = {"store": place, "city": event.data.get("city")}
        if stores:
            statement = insert(Store).values([stores[place] for place in sorted(stores)])
            city = func.coalesce(statement.excluded.city, Store.city)
            is_changed = statement.excluded.city.is_not(None) & statement.excluded.city.is_distinct_from(Store.city)
            self._session.execute(
                statement.on_conflict_do_update(index_elements=["store"], set_={"city": city}, where=is_changed)
            )
        rows = [
            {
                "lot_id": lot_id,
                **{name: event.data.get(name) for name in ("sku", "name", "category", "city", "store")},
                "expires_on": date.fromisoformat(event.data["expires_on"]),
                "received_at": event.time,
                "on_hand": 0,
            }
            for lot_id, event in sorted(first_receipt.items())
        ]
        if rows:
            self._session.execute(inserting(Lot, rows).on_conflict_do_nothing())

    def _products_kept(self, paid: Sequence[Event]) -> set[str]:
        """Which of the products that were sold are in the book at all; also notes which places are."""
        skus = {item["sku"] for event in paid for item in event.data.get("items") or ()}
        if not skus:
            return set()
        named = {
            spelling
            for event in paid
            if (place := event.data.get("store") or event.data.get("city"))
            for spelling in spellings(place)
        }
        products = select(literal("sku"), col(Lot.sku)).where(col(Lot.sku).in_(skus)).distinct()
        stores = select(literal("place"), col(Store.store)).where(col(Store.store).in_(named))
        cities = select(literal("place"), col(Store.city)).where(col(Store.city).in_(named))
        query: Any = union_all(products, stores, cities) if named else products
        rows = self._session.execute(query).all()
        self._places = {plain(name) for kind, name in rows if kind == "place"}
        return {name for kind, name in rows if kind == "sku"}

    def _read_orders(self, paid: Sequence[Event], refunds: Sequence[Event]) -> None:
        """Read what these orders have taken so far, and the refunds that came before their orders."""
        orders = {event.data["order_id"] for event in (*paid, *refunds)}
        net = func.sum(StockMove.quantity).filter(~col(StockMove.seen))
        wholesale = func.bool_or(StockMove.reason == WHOLESALE)
        query = select(StockMove.order_id, StockMove.lot_id, net, wholesale).where(col(StockMove.order_id).in_(orders))
        for order, lot_id, quantity, is_wholesale in self._session.execute(
            query.group_by(col(StockMove.order_id), col(StockMove.lot_id))
        ):
            self._wholesale |= {order} if is_wholesale else set()
            self._taken.setdefault(order, {})[lot_id] = -(quantity or NONE)
        batch_refunds = {event.id for event in refunds}
        customers = {event.customer_id for event in paid}
        earlier_refunds = select(Event).where(col(Event.customer_id).in_(customers), Event.type == "order.refunded")
        for event in self._session.exec(earlier_refunds.order_by(col(Event.time), col(Event.id))) if paid else ():
            if event.id not in batch_refunds and event.data["order_id"] in orders:
                self._early_refunds.setdefault(event.data["order_id"], []).append(event)

    def _sell(self, event: Event, customer: CustomerRow | None) -> None:
        order = event.data["order_id"]
        if order in self._taken:
            return  # the same order came before, as another event
        self._taken[order] = {}
        self._wholesale |= {order} if event.data.get("channel") == WHOLESALE else set()
        for sku, wanted in _goods(event).items():
            lots = self._lots_for(sku, event, customer)
            if lots:
                self._take(lots, event, wanted)
            elif place := event.data.get("store") or event.data.get("city"):
                if plain(place) in self._places:
                    self._report_discrepancy("unknown_sku", event, wanted, sku=sku)
                elif sku in self._of_sku:
                    self._report_discrepancy("unknown_place", event, wanted, sku=sku)
        for refund in self._early_refunds.get(order, ()):
            self._give_back(refund)

    def _lots_for(self, sku: str, event: Event, customer: CustomerRow | None) -> Sequence[Lot]:
        lots = [lot for lot in self._of_sku.get(sku, ()) if lot.received_at is None or lot.received_at <= event.time]
        if store := event.data.get("store"):
            return [lot for lot in lots if lot.store == store]
        if city := event.data.get("city"):
            return [lot for lot in lots if plain(lot.city or "") == plain(city)]
        home = customer.fields.get("city") if customer else None
        return [lot for lot in lots if home and plain(lot.city or "") == plain(str(home))] or lots

    def _take(self, lots: Sequence[Lot], event: Event, wanted: Decimal) -> None:
        """Take units first expired, first out. What isn't there is taken below zero of the last that may be sold."""
        day = self._day(event.time)
        sellable = [lot for lot in lots if day <= last_day(lot, self._products.get(lot.sku))] or lots
        for lot in sellable:
            free = self._free(lot, event.time, day)
            if wanted and free > 0:
                units = min(wanted, free)
                self._sold(lot, event, units)
                wanted -= units
        if wanted:
            self._sold(sellable[-1], event, wanted)
            self._report_discrepancy("oversold", event, wanted, sku=sellable[-1].sku, lot_id=sellable[-1].lot_id)

    def _free(self, lot: Lot, at: datetime, day: date) -> Decimal:
        """Units that could be sold at an instant: if there was a count since, by the moves up to that instant."""
        if lot.counted_at is None or at >= lot.counted_at:
            return available(lot, self._products.get(lot.sku), day)
        return self._stock_at(lot, at) if day <= last_day(lot, self._products.get(lot.sku)) else NONE

    def _day(self, at: datetime) -> date:
        return self._days.get(at) or self._days.setdefault(at, local_day(at, self._zone))

    def _sold(self, lot: Lot, event: Event, units: Decimal) -> None:
        product, today = self._products.get(lot.sku), self._day(event.received_at)
        before = available(lot, product, today)
        order = event.data["order_id"]
        self._move(lot, event, -units, WHOLESALE if order in self._wholesale else "sold", order)
        taken = self._taken[order]
        taken[lot.lot_id] = taken.get(lot.lot_id, NONE) + units
        if before > 0 >= available(lot, product, today):
            data = {"lot_id": lot.lot_id, "sku": lot.sku}
            at = max(event.time, event.received_at)  # enrollments begun before it came in are affected, too
            self._events.append(
                StockEvent(f"sold_out/{event.id}/{lot.lot_id}", "lot.sold_out", at, data, event.received_at)
            )

    def _give_back(self, event: Event) -> None:
        order_id = event.data["order_id"]
        taken = self._taken.get(order_id)
        self._settle()
        order = self._session.get(Order, order_id)
        if taken is None:
            self._early_refunds.setdefault(order_id, []).append(event)
        if not taken or order is None or order.customer_id != event.customer_id:
            return
        total, listed = event.data.get("total"), _goods(event)
        if event.data.get("items") is None:
            if total is not None and total < order.total:
                return
            listed = _summed((self._lots[lot_id].sku, units) for lot_id, units in taken.items())
        for sku, wanted in listed.items():
            for lot_id, units in sorted(
                taken.items(), key=lambda lot_units: self._lots[lot_units[0]].expires_on, reverse=True
            ):
                lot = self._lots[lot_id]
                if lot.sku == sku and (returned := min(units, wanted)) > 0:
                    self._move(lot, event, returned, WHOLESALE if order_id in self._wholesale else "returned", order_id)
                    taken[lot_id] -= returned
                    wanted -= returned
            if wanted and sku in {self._lots[lot_id].sku for lot_id in taken}:
                self._report_discrepancy("returned_too_many", event, wanted, sku=sku)

    def _receive(self, event: Event) -> None:
        data, lot = event.data, self._lots[event.data["lot_id"]]
        units = quantity_of(data["quantity"])
        expires_on = date.fromisoformat(data["expires_on"])
        if lot.sku != data["sku"]:
            self._report_discrepancy("sku_differs", event, units, sku=data["sku"], lot_id=lot.lot_id)
            return
        if lot.expires_on != expires_on:
            lot.expires_on = min(lot.expires_on, expires_on)
            self._report_discrepancy("expiry_differs", event, units, sku=lot.sku, lot_id=lot.lot_id)
        if lot.expires_on < local_day(event.time, self._zone):
            self._report_discrepancy("expired", event, units, sku=lot.sku, lot_id=lot.lot_id)
        if lot.received_at is not None:
            lot.received_at = min(lot.received_at, event.time)
        self._move(lot, event, units, "received")

    def _count(self, event: Event) -> None:
        lot, units = self._lots.get(event.data["lot_id"]), quantity_of(event.data["quantity"])
        if lot is None:
            self._report_discrepancy("unknown_lot", event, units, lot_id=event.data["lot_id"])
            return
        if lot.counted_at is None or lot.counted_at <= event.time:
            lot.reserved = quantity_of(event.data.get("reserved", lot.reserved))
            lot.quarantined = quantity_of(event.data.get("quarantined", lot.quarantined))
        self._set(lot, event, units, "counted")

    def _set(self, lot: Lot, event: Event, quantity: Decimal, reason: str) -> None:
        """What was there at the event's time was this; what happened since stays."""
        change = quantity - self._stock_at(lot, event.time)
        self._move(lot, event, change, reason)
        lot.counted_at = max(lot.counted_at or event.time, event.time)

    def _move(self, lot: Lot, event: Event, quantity: Decimal, reason: str, order_id: str | None = None) -> None:
        """Book a move at its time, and take it back at the first count that has seen it already."""
        self._book(lot, event, event.time, quantity, reason, order_id, seen=False)
        if lot.counted_at is not None and event.time < lot.counted_at:
            self._write()
            later = (StockMove.lot_id == lot.lot_id, ~col(StockMove.seen), StockMove.at > event.time)
            counts = select(func.min(StockMove.at)).where(*later, col(StockMove.reason).in_(_COUNTS))
            self._book(lot, event, self._session.exec(counts).one(), -quantity, reason, order_id, seen=True)

    def _book(
        self, lot: Lot, event: Event, at: datetime, quantity: Decimal, reason: str, order_id: str | None, seen: bool
    ) -> None:
        lot.on_hand += quantity
        lot.moved_at = max(lot.moved_at or at, at)
        self._moves.append((lot.lot_id, at, quantity, reason, seen, order_id, event.id))

    def _stock_at(self, lot: Lot, at: datetime) -> Decimal:
        if lot.moved_at is None or lot.moved_at <= at:
            return lot.on_hand
        self._write()
        moves = select(func.coalesce(func.sum(StockMove.quantity), 0))
        return Decimal(self._session.exec(moves.where(StockMove.lot_id == lot.lot_id, StockMove.at <= at)).one())

    def _write(self) -> None:
        if self._moves:
            columns = zip(*self._moves, strict=True)
            self._session.execute(_INSERT, {f"c{position}": list(column) for position, column in enumerate(columns)})
            self._moves = []

    def _list(self, event: Event) -> None:
        values: dict[str, Any] = {name: event.data[name] for name in _LISTED if name in event.data}
        row = insert(Product).values({"min_days": 0, **values, "sku": event.data["sku"], "updated_at": event.time})
        newer = col(Product.updated_at) <= event.time
        changed = {**values, "updated_at": event.time}
        self._session.execute(row.on_conflict_do_update(index_elements=["sku"], set_=changed, where=newer))

    def _report_discrepancy(
        self, reason: str, event: Event, quantity: Decimal, *, sku: str | None = None, lot_id: str | None = None
    ) -> None:
        fields: dict[str, Any] = {"sku": sku, "lot_id": lot_id, "order_id": event.data.get("order_id")}
        data = {event_name: value for event_name, value in fields.items() if value is not None}
        data |= {"reason": reason, "quantity": number_of(quantity)}
        event_name = f"{reason}/{event.id}/{sku or lot_id}"
        self._events.append(StockEvent(event_name, "stock.discrepancy", event.time, data, event.received_at))


def _goods(event: Event) -> Mapping[str, Decimal]:
    """The units of each product that an order or a refund lists."""
    items = event.data.get("items") or ()
    return _summed((item["sku"], quantity_of(item.get("quantity", 1))) for item in items)


def _summed(units: Iterable[tuple[str, Decimal]]) -> Mapping[str, Decimal]:
    """The sum of each product, without those of which there are none."""
    sums: dict[str, Decimal] = {}
    for sku, quantity in units:
        sums[sku] = sums.get(sku, NONE) + quantity
    return {sku: total for sku, total in sums.items() if total > 0}
