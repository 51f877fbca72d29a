"""What a show will sell: the forecast over the shows that the shop has had."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, text
from sqlmodel import Session, col, select

from domain.forecast.shows import PARTS, Offer, ShowForecast, ShowModel, Sold
from domain.stock.foretelling import TAUS
from domain.stock.live import LONGEST, ProductStock, units_left
from domain.stock.shows import ShowState, state_of
from domain.stock.tables import LiveSale, Lot, Product, Stream
from workflows.terms.quantities import NONE
from workflows.terms.values import local_day

PAST = 60
"""Shows that are over and that are learnt from, the last ones."""

USUAL_MINUTES = 120.0
"""How long a show is taken to last if neither it nor any before says."""

PRODUCTS = 200
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class ProductForecast:
    """A product in a show. `left` can be sold now, None if no lot is known; `offer` is what the forecast went by."""

    name: str | None
    left: Decimal | None
    sold: Decimal
    offer: Offer
    forecast: ShowForecast


@dataclass(frozen=True)
class ShowForecasts:
    """What a show will sell, product by product, those that sell most first; `elapsed` minutes of `minutes` are over.

    `shows` is how many past ones this was learnt from.
    """

    stream: Stream
    state: ShowState
    minutes: float
    elapsed: float
    shows: int
    products: Sequence[ProductForecast]


def foretell_show(session: Session, stream_id: str, now: datetime, zone: ZoneInfo) -> ShowForecasts | None:
    """The forecast of a show, as of now; None if there is no such show.

    Its products are those that are planned for it and those that it sold; without any, those of the shows before.
    """
    stream = session.get(Stream, stream_id, populate_existing=True)
    if stream is None:
        return None
    state = state_of(stream, now)
    past = _past(session, stream_id, now)
    parts = _parts(session, [each.stream_id for each in past])
    planned = {each["sku"]: each for each in (stream.plan or {}).get("products") or ()}
    total = func.sum(LiveSale.units)
    of_show = select(LiveSale.sku, total).where(LiveSale.stream_id == stream_id).group_by(col(LiveSale.sku))
    sold = dict(session.exec(of_show).all())
    skus = {*planned, *sold} or {sku for _, sku in parts}
    categories = _categories(session, {*skus, *(sku for _, sku in parts)})
    minutes = _planned_minutes(stream, past)
    model = ShowModel([sold for each in past for sold in _sold(each, parts, categories, zone)])
    elapsed = 0.0
    if state in ("running", "ended"):
        elapsed = (min(now, stream.ended_at or now, stream.starts_at + LONGEST) - stream.starts_at) / _MINUTE
        minutes = max(elapsed, 1.0) if state == "ended" else max(minutes, elapsed + 1)
    stocks = units_left(session, sorted(skus), stream.city, local_day(now, zone))
    names = dict(session.exec(select(Product.sku, Product.name).where(col(Product.sku).in_(skus))).all())
    found = []
    for sku in skus:
        offer = _offer(stream, sku, categories.get(sku), minutes, planned.get(sku), zone)
        units = sold.get(sku, NONE)
        forecast = model.foretell(offer, TAUS, sold=float(units), elapsed=elapsed)
        stock = stocks.get(sku)
        found.append(
            ProductForecast(_name(names.get(sku), stock), stock.left if stock else None, units, offer, forecast)
        )
    found.sort(key=lambda each: (-(each.forecast.expected if each.forecast.of != "nothing" else 0.0), each.offer.sku))
    return ShowForecasts(stream, state, minutes, elapsed, len(past), found[:PRODUCTS])


def planned_end(session: Session, stream: Stream, now: datetime) -> datetime:
    """When a show is planned to end, by what it or, if it doesn't say, the shows before it last."""
    return stream.starts_at + _planned_minutes(stream, _past(session, stream.stream_id, now)) * _MINUTE


def _past(session: Session, stream_id: str, now: datetime) -> Sequence[Stream]:
    over = select(Stream).where(
        col(Stream.ended_at) > Stream.starts_at, col(Stream.ended_at) <= now, Stream.stream_id != stream_id
    )
    return session.exec(over.order_by(col(Stream.starts_at).desc()).limit(PAST)).all()


def _planned_minutes(stream: Stream, past: Sequence[Stream]) -> float:
    lasted = [_lasted(each) for each in past]
    return float((stream.plan or {}).get("minutes") or (median(lasted) if lasted else USUAL_MINUTES))


def _sold(
    stream: Stream, parts: Mapping[tuple[str, str], Sequence[float]], categories: Mapping[str, str], zone: ZoneInfo
) -> Iterable[Sold]:
    planned = {each["sku"]: each for each in (stream.plan or {}).get("products") or ()}
    for sku in sorted({*planned, *(sku for of, sku in parts if of == stream.stream_id)}):
        units = parts.get((stream.stream_id, sku), [0.0] * PARTS)
        offer = _offer(stream, sku, categories.get(sku), _lasted(stream), planned.get(sku), zone)
        yield Sold(offer, sum(units), tuple(units))


def _offer(
    stream: Stream, sku: str, category: str | None, minutes: float, planned: Mapping[str, float] | None, zone: ZoneInfo
) -> Offer:
    plan, product = stream.plan or {}, planned or {}
    begins = stream.starts_at.astimezone(zone)
    wanted = product.get("reservations", plan.get("reservations"))
    return Offer(
        sku,
        category,
        minutes,
        begins.hour,
        begins.weekday() > 4,
        plan.get("host"),
        product.get("price"),
        wanted,
    )


def _lasted(stream: Stream) -> float:
    ended_at = min(stream.ended_at or stream.starts_at, stream.starts_at + LONGEST)
    return max(1.0, (ended_at - stream.starts_at) / _MINUTE)


def _name(listed: str | None, stock: ProductStock | None) -> str | None:
    return listed or (stock.name if stock else None)


def _categories(session: Session, skus: set[str]) -> dict[str, str]:
    of_lots = select(Lot.sku, func.max(Lot.category)).where(col(Lot.sku).in_(skus)).group_by(Lot.sku)
    listed = select(Product.sku, Product.category).where(col(Product.sku).in_(skus))
    return {sku: category for query in (of_lots, listed) for sku, category in session.exec(query) if category}


def _parts(session: Session, ids: Sequence[str]) -> dict[tuple[str, str], list[float]]:
    """What each of these shows sold of each product, in its ten parts."""
    found: dict[tuple[str, str], list[float]] = {}
    for stream, sku, part, units in session.connection().execute(_PARTS, {"ids": ids}) if ids else ():
        found.setdefault((stream, sku), [0.0] * PARTS)[part] += float(units)
    return found


_PARTS = text(f"""
SELECT stream_id, sku, least({PARTS - 1}, greatest(0, floor(
    {PARTS} * extract(epoch FROM minute - date_trunc('minute', starts_at))
        / greatest(60, extract(epoch FROM ended_at - starts_at))
)))::int AS part, sum(units)
FROM live_sales JOIN streams USING (stream_id)
WHERE stream_id IN :ids AND minute >= date_trunc('minute', starts_at) AND minute <= ended_at
GROUP BY 1, 2, 3
""").bindparams(bindparam("ids", expanding=True))
