"""Lots and streams: what journeys can ask about them, which lots are near their expiry, and what may be promised."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, DateTime, cast, func
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from domain.stock.book import available, last_day
from domain.stock.foretelling import Foretold, foretell_places
from domain.stock.places import is_in
from domain.stock.selling import Sales, Stock, at_risk, read_sales
from domain.stock.tables import Lot, Product, Store, Stream
from workflows.terms.quantities import NONE, number_of
from workflows.terms.values import at_local, local_day, parse_time

NEAR_EXPIRY_DAYS = 30
"""Lots that expire within so many days are offered to journeys, whose `where` narrows it."""


def lot_facts(
    lot: Lot, product: Product | None, place: Store | None, now: datetime, zone: ZoneInfo
) -> Mapping[str, Any]:
    """A lot as conditions and texts see it; `days_left` counts the local days until it expires."""
    today = local_day(now, zone)
    return {
        "id": lot.lot_id,
        "sku": lot.sku,
        "name": lot.name or (product and product.name),
        "category": lot.category or (product and product.category),
        "city": lot.city,
        "store": lot.store,
        "location": place.location if place else None,
        "expires_on": lot.expires_on.isoformat(),
        "days_left": (lot.expires_on - today).days,
        "available": number_of(available(lot, product, today)),
    }


def lock_lots(session: Session, lot_ids: Sequence[str]) -> None:
    """Lock lots in the order of their ids: after the customers, before any budget."""
    query = select(Lot).where(col(Lot.lot_id).in_(set(lot_ids))).order_by(col(Lot.lot_id))
    session.exec(query.with_for_update(key_share=True).execution_options(populate_existing=True)).all()


def stream_facts(stream: Stream) -> Mapping[str, Any]:
    """A stream as conditions and texts see it; one that was called off begins at no time."""
    starts_at = None if stream.cancelled_at else stream.starts_at
    return {"id": stream.stream_id, "title": stream.title, "city": stream.city, "starts_at": starts_at}


def since_shows(number: int, now: datetime | ColumnElement[datetime]) -> ColumnElement[datetime]:
    """When the so-and-so-many-th last show that has started by `now` began; ever, if there weren't so many.

    Shows that were called off don't count.
    """
    starts_at = col(Stream.starts_at)
    took_place = sa_select(starts_at).where(starts_at <= now, col(Stream.cancelled_at).is_(None))
    began = took_place.order_by(starts_at.desc()).offset(number - 1).limit(1)
    return func.coalesce(began.correlate_except(Stream).scalar_subquery(), cast("-infinity", DateTime(timezone=True)))


def near_expiry_lots(session: Session, now: datetime, zone: ZoneInfo, *, after: str, limit: int) -> Sequence[Lot]:
    """The next lots near expiry, in the order of their ids."""
    query = _near_expiry(local_day(now, zone)).where(Lot.lot_id > after).order_by(col(Lot.lot_id)).limit(limit)
    return session.exec(query).all()


def _near_expiry(today: date) -> SelectOfScalar[Lot]:
    return select(Lot).where(Lot.expires_on >= today, Lot.expires_on <= today + timedelta(days=NEAR_EXPIRY_DAYS))


def near_expiry_page(
    session: Session, now: datetime, zone: ZoneInfo, *, after: str, limit: int
) -> tuple[Sequence[Mapping[str, Any]], str | None]:
    """Of the next `limit` lots near expiry those that won't sell in time, and the last one's id if there may be more.

    Each is the data of a `lot.near_expiry`. Of a product that hasn't sold in its place of late, all of it is at risk.
    """
    page = near_expiry_lots(session, now, zone, after=after, limit=limit)
    offered = []
    for lot in outlooks(session, page, now, zone):
        if lot.at_risk > 0 or not lot.sells:
            rate_data = {} if lot.rate is None else {"rate": round(lot.rate, 3), "basis": lot.by}
            offered.append({"lot_id": lot.lot_id, "at_risk": number_of(lot.at_risk), "days": lot.days, **rate_data})
    return offered, page[-1].lot_id if len(page) == limit else None


@dataclass(frozen=True)
class Outlook:
    """How a lot near expiry will sell: in `days`, today being the first, all but `at_risk` units of it.

    `sells` tells whether the product has sold in its place of late, and `rate` how many units a day. `by` is whether
    that is the forecast or, where it could be sold for too few days to make one, what it sold of late; `special` names
    what the forecast knows of those days.
    """

    lot_id: str
    at_risk: Decimal
    days: int
    sells: bool
    rate: float | None
    by: Literal["forecast", "rate"] | None = None
    special: Sequence[str] = ()


def outlooks(session: Session, lots: Sequence[Lot], now: datetime, zone: ZoneInfo) -> Iterator[Outlook]:
    """The outlook of each of these lots near expiry, beside the others of its product that are."""
    today = local_day(now, zone)
    skus = sorted({lot.sku for lot in lots})
    sales: dict[tuple[str, str], Sales | Foretold] = dict(read_sales(session, skus, now, zone)) if lots else {}
    if sales:
        until = today + timedelta(days=NEAR_EXPIRY_DAYS)
        sales |= foretell_places(session, sorted({sku for sku, _ in sales}), until, now, zone)
    products = {product.sku: product for product in session.exec(select(Product).where(col(Product.sku).in_(skus)))}
    stocks: dict[tuple[str, str], list[Stock]] = {}
    for lot in session.exec(_near_expiry(today).where(col(Lot.sku).in_({sku for sku, _ in sales}))) if sales else ():
        product = products.get(lot.sku)
        units = available(lot, product, today)
        stocks.setdefault(_place(lot), []).append(Stock(lot.lot_id, units, last_day(lot, product)))
    risks = {place: at_risk(sales[place], lots, now, zone) for place, lots in stocks.items() if place in sales}
    for lot in lots:
        place, product = _place(lot), products.get(lot.sku)
        days = max(0, (last_day(lot, product) - today).days + 1)
        risk = risks[place][lot.lot_id] if place in risks else max(NONE, available(lot, product, today))
        seller = sales.get(place)
        rate = seller.mean_rate(today, days) if seller else None
        by: Literal["forecast", "rate"] | None = None
        special: list[str] = []
        if isinstance(seller, Foretold):
            by, special = "forecast", seller.special(days)
        elif seller:
            by = "rate"
        yield Outlook(lot.lot_id, risk, days, place in risks, rate, by, special)


def _place(lot: Lot) -> tuple[str, str]:
    return lot.sku, lot.store or lot.city or ""


def next_stream(session: Session, lot_id: str, now: datetime, zone: ZoneInfo) -> str | None:
    """The id of the next show in the lot's city while the lot may still be sold."""
    lot = session.get(Lot, lot_id)
    if lot is None:
        return None
    last = last_day(lot, session.get(Product, lot.sku))
    end = at_local(last + timedelta(days=1), parse_time("00:00"), zone, now)
    in_city = is_in(Stream.city, lot.city) if lot.city else col(Stream.city).is_(None)
    query = select(Stream.stream_id).where(in_city, Stream.starts_at > now, Stream.starts_at < end)
    query = query.where(col(Stream.cancelled_at).is_(None))
    return session.exec(query.order_by(col(Stream.starts_at))).first()
