"""What there is, for people to look through: lots by their expiry, how much is where, moves, what didn't fit. Units."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from sqlalchemy import case, func, tuple_
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, or_, select

from domain.intake.tables import Event
from domain.stock.inventory import NEAR_EXPIRY_DAYS
from domain.stock.tables import Lot, Product, StockMove

Shelf = Literal["all", "near", "expired"]
"""Which lots: all that are left, those that expire within 30 days, or those that have expired."""

_PLACE = func.coalesce(col(Lot.store), col(Lot.city), "")


@dataclass(frozen=True)
class PlaceStock:
    """What is on hand in a store or, for lots that name none, in a city: units in all, near expiry, and expired."""

    place: str
    lots: int
    products: int
    on_hand: Decimal
    near: Decimal
    expired: Decimal


def places(session: Session, today: date) -> Sequence[PlaceStock]:
    """The places that have something left, by name; "" for lots that name none."""
    day = col(Lot.expires_on)
    near = (day >= today) & (day <= today + timedelta(days=NEAR_EXPIRY_DAYS))
    query = sa_select(
        _PLACE,
        func.count(),
        func.count(func.distinct(Lot.sku)),
        func.sum(Lot.on_hand),
        func.sum(case((near, Lot.on_hand), else_=0)),
        func.sum(case((day < today, Lot.on_hand), else_=0)),
    )
    query = query.where(col(Lot.on_hand) != 0).group_by(_PLACE).order_by(_PLACE)
    return [
        PlaceStock(place, lots, products, on_hand, near, expired)
        for place, lots, products, on_hand, near, expired in session.execute(query)
    ]


def lots(
    session: Session,
    today: date,
    *,
    shelf: Shelf,
    search: str | None,
    place: str | None,
    after: tuple[datetime, str] | None,
    limit: int,
) -> Sequence[tuple[Lot, Product | None]]:
    """Lots of which something is on hand, with their products, those that expire first first.

    `search` is a part of the lot's id, the product's or its name; `after` a place, the midnight in UTC of the day.
    """
    query = select(Lot, Product).join(Product, col(Product.sku) == Lot.sku, isouter=True).where(Lot.on_hand != 0)
    if shelf == "near":
        query = query.where(Lot.expires_on >= today, Lot.expires_on <= today + timedelta(days=NEAR_EXPIRY_DAYS))
    elif shelf == "expired":
        query = query.where(Lot.expires_on < today)
    if search:
        texts = (Lot.lot_id, Lot.sku, Lot.name, Product.name)
        query = query.where(or_(*(col(text).icontains(search, autoescape=True) for text in texts)))
    if place is not None:
        query = query.where(place == _PLACE)
    if after is not None:
        place_of_day = (after[0].date(), after[1])
        query = query.where(tuple_(col(Lot.expires_on), col(Lot.lot_id)) > place_of_day)
    return session.exec(query.order_by(col(Lot.expires_on), col(Lot.lot_id)).limit(limit)).all()


def moves(session: Session, lot_id: str, *, after: tuple[datetime, int] | None, limit: int) -> Sequence[StockMove]:
    """The moves of a lot, the newest first; those before a place."""
    query = select(StockMove).where(StockMove.lot_id == lot_id)
    if after is not None:
        query = query.where(tuple_(col(StockMove.at), col(StockMove.id)) < after)
    return session.exec(query.order_by(col(StockMove.at).desc(), col(StockMove.id).desc()).limit(limit)).all()


def discrepancies(session: Session, *, after: tuple[datetime, int] | None, limit: int) -> Sequence[Event]:
    """What the book was told and didn't fit, as its `stock.discrepancy` events, the newest first."""
    query = select(Event).where(col(Event.customer_id).is_(None), Event.type == "stock.discrepancy")
    if after is not None:
        query = query.where(tuple_(col(Event.time), col(Event.id)) < after)
    return session.exec(query.order_by(col(Event.time).desc(), col(Event.id).desc()).limit(limit)).all()
