"""Where the products of a supplier stand before a delivery: what sells, what is there, what is on its way."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from domain.stock.book import available, last_day
from domain.stock.foretelling import Foretold, foretell_all
from domain.stock.places import is_in
from domain.stock.reordering import Demand
from domain.stock.tables import Lot, Product, Replenishment
from domain.supply.proposing import Position
from domain.supply.tables import SupplyPlan
from workflows.language.supply import Supplier
from workflows.terms.values import local_day

AHEAD = 42
"""Days that a proposal's forecast looks ahead."""

COMING = ("ordered", "shipped", "overdue")
"""The states in which goods are awaited."""


def positions_of(
    session: Session, supplier: Supplier, now: datetime, zone: ZoneInfo
) -> tuple[list[Position], Mapping[str, Foretold]]:
    """What there is of each product against its demand, and the forecast that says so."""
    today = local_day(now, zone)
    forecasts = foretell_all(session, list(supplier.products), supplier.city, AHEAD, now, zone)
    query = select(Lot, Product).outerjoin(Product, col(Product.sku) == Lot.sku)
    query = query.where(col(Lot.sku).in_(supplier.products), Lot.on_hand > 0)
    if supplier.city is not None:
        query = query.where(is_in(Lot.city, supplier.city) | col(Lot.city).is_(None))
    lots: dict[str, list[tuple[int, float]]] = {}
    for lot, product in session.exec(query):
        left, units = (last_day(lot, product) - today).days + 1, float(available(lot, product, today))
        if left > 0 and units > 0:
            lots.setdefault(lot.sku, []).append((left, units))
    coming = on_the_way(session, supplier.products, supplier.city)
    positions = []
    for sku, forecast in forecasts.items():
        by_day = [day.expected for day in forecast.days]
        demand = Demand(sum(by_day) / len(by_day), forecast.deviation, by_day)
        known = forecast.basis.of != "nothing"
        positions.append(Position(sku, demand, lots.get(sku, []), coming.get(sku, 0.0), known=known))
    return positions, forecasts


def on_the_way(session: Session, skus: Mapping[str, Any], city: str | None = None) -> dict[str, float]:
    """Units of each product that were ordered, by plan or because of an alarm of the city, and have not come."""
    found: dict[str, float] = {}
    for plan in session.exec(select(SupplyPlan).where(col(SupplyPlan.status).in_((*COMING, "agreed")))):
        for sku, units in plan.ordered.items():
            if sku in skus:
                came = plan.received.get(sku, {}).get("quantity", 0)
                found[sku] = found.get(sku, 0.0) + max(0.0, units - came)
    by_alarm = select(Replenishment).where(col(Replenishment.status).in_(("approved", "ordered", "overdue")))
    if city is not None:
        by_alarm = by_alarm.where(is_in(Replenishment.city, city) | (Replenishment.city == ""))
    for row in session.exec(by_alarm.where(col(Replenishment.sku).in_(skus))):
        found[row.sku] = found.get(row.sku, 0.0) + float(row.quantity or 0)
    return found
