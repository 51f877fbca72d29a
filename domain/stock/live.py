"""What a show sells by the minute, and the alarms that this raises."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter
from sqlalchemy import func, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from domain.catalogue.types import WHOLESALE
from domain.intake.tables import Event
from domain.published.library import Library
from domain.stock.book import available
from domain.stock.demand import BLOCK, WINDOWS, Baseline, PastShow, learn
from domain.stock.places import is_in
from domain.stock.tables import LiveProduct, LiveSale, Lot, Product, Stream
from domain.store.bulk import as_json
from workflows.language.stock_rules import StockRule
from workflows.terms.values import local_day

LONGEST = timedelta(hours=12)
"""A show without an end event is over after this."""

PAST_SHOWS = 20
"""Shows of the past that a baseline is learnt from; only those that have ended, for they have a length."""

PAGE = 500
_MINUTE = timedelta(minutes=1)
_LEAST_MINUTES = 5.0
_YEAR_MINUTES = 365 * 24 * 60
_BASELINE: TypeAdapter[Baseline] = TypeAdapter(Baseline)

Key = tuple[str, str]
"""A stream and a sku."""


@dataclass(frozen=True)
class Alarm:
    """An alarm, as the id and data of its `stock.alarm` event."""

    id: str
    data: dict[str, Any]


@dataclass(frozen=True)
class ProductStock:
    """What the lots of a product in a city hold; `left` units can be sold."""

    left: int
    name: str | None
    category: str | None


@dataclass(frozen=True)
class SalesPace:
    """What a product sells in a running show.

    `sold` in the last `window` minutes, where `expected` was expected (None without any past show); `per_minute` is its
    present rate and `sells_out_at` when nothing will be left at that, None where it doesn't sell or isn't stocked.
    """

    sold: int
    window: int
    expected: float | None
    per_minute: float
    sells_out_at: datetime | None
    is_fast: bool


def follow_sales(session: Session, library: Library, orders: Sequence[Event], now: datetime) -> list[Alarm]:
    """Add the orders, which are new, to what their shows have sold, and return the alarms that this raises.

    The queries are as many for one order as for a batch, and none for orders from outside a show.
    """
    sold = _units(orders)
    for page in _pages(sorted(sold)):
        _record(session, [(*key, sold[key]) for key in page])
    streams = _running(session, {stream for stream, _, _ in sold}, now)
    keys = sorted({(stream, sku) for stream, sku, _ in sold if stream in streams})
    return [alarm for page in _pages(keys) for alarm in _alarms(session, library, streams, page, now)]


def units_left(session: Session, skus: Sequence[str], city: str | None, today: date) -> dict[str, ProductStock]:
    """What is left of each product that the city, or a store without one, holds lots of; expired lots don't count."""
    query = select(Lot, Product).outerjoin(Product, col(Product.sku) == Lot.sku).where(col(Lot.sku).in_(skus))
    if city is not None:
        query = query.where(is_in(Lot.city, city) | col(Lot.city).is_(None))
    stocks: dict[str, ProductStock] = {}
    for lot, product in session.exec(query.order_by(col(Lot.lot_id))):
        before = stocks.get(lot.sku, ProductStock(0, None, None))
        units = available(lot, product, today)
        stocks[lot.sku] = ProductStock(before.left + units, lot.name or before.name, lot.category or before.category)
    return stocks


def pace_of(
    sales: Mapping[datetime, int],
    baseline: Baseline | None,
    rule: StockRule,
    stock: ProductStock | None,
    started_at: datetime,
    now: datetime,
    zone: ZoneInfo,
) -> SalesPace:
    """How a product sells, from its units by minute.

    The window taken is the first that is out of the ordinary, else the shortest that holds enough units to go by.
    """
    counts = []
    for window in WINDOWS:
        start = max(floor(now) - (window - 1) * _MINUTE, floor(started_at))
        units = sum(count for minute, count in sales.items() if minute >= start)
        minutes = max((now - start) / _MINUTE, 1.0)
        expected = baseline.expected(minutes_by_hour(now - minutes * _MINUTE, now, zone)) if baseline else None
        counts.append((units, window, minutes, expected))
    enough = [seen for seen in counts if seen[0] >= rule.at_least]
    fast = [seen for seen in enough if baseline and seen[3] and _is_fast(baseline, rule, seen[0], seen[3])]
    steady = (enough or counts[-1:])[0]
    units, window, _, expected = (fast or [steady])[0]
    per_minute = steady[0] / max(steady[2], _LEAST_MINUTES)
    return SalesPace(units, window, expected, per_minute, _sold_out(stock, per_minute, now), bool(fast))


def sales_of(session: Session, keys: Sequence[Key], until: datetime, minutes: int) -> dict[Key, dict[datetime, int]]:
    """The units by minute that products sold in shows in the minutes before `until`, and since."""
    query = select(LiveSale).where(
        tuple_(col(LiveSale.stream_id), col(LiveSale.sku)).in_(keys), LiveSale.minute >= until - minutes * _MINUTE
    )
    sales_by_key: dict[Key, dict[datetime, int]] = {key: {} for key in keys}
    for sale in session.exec(query.execution_options(populate_existing=True)):
        sales_by_key[sale.stream_id, sale.sku][sale.minute] = sale.units
    return sales_by_key


def baseline_of(product: LiveProduct | None) -> Baseline | None:
    """The baseline that a product had when the show sold it first."""
    return _BASELINE.validate_python(product.baseline) if product and product.baseline else None


def minutes_by_hour(start: datetime, end: datetime, zone: ZoneInfo) -> dict[int, float]:
    """The minutes between two instants by local hour of the day."""
    minutes: dict[int, float] = {}
    at = start
    while at < end:
        local = at.astimezone(zone)
        following = min(end, at + timedelta(hours=1) - timedelta(minutes=local.minute, seconds=local.second,
                                                                 microseconds=local.microsecond))  # fmt: skip
        minutes[local.hour] = minutes.get(local.hour, 0.0) + (following - at) / _MINUTE
        at = following
    return minutes


def floor(instant: datetime) -> datetime:
    """The minute of an instant."""
    return instant.astimezone(UTC).replace(second=0, microsecond=0)


def _units(orders: Sequence[Event]) -> dict[tuple[str, str, datetime], int]:
    units: dict[tuple[str, str, datetime], int] = {}
    for order in orders:
        if (stream := order.data.get("stream_id")) and order.data.get("channel") != WHOLESALE:
            for item in order.data.get("items") or ():
                key = (stream, item["sku"], floor(order.time))
                units[key] = units.get(key, 0) + item.get("quantity", 1)
    return {key: count for key, count in units.items() if count}


def _record(session: Session, sales: Sequence[tuple[str, str, datetime, int]]) -> None:
    rows = [{"stream_id": stream, "sku": sku, "minute": minute, "units": units} for stream, sku, minute, units in sales]
    session.connection().execute(_ADD_SALES, {"sales": as_json(rows)})


_ADD_SALES = text("""
INSERT INTO live_sales (stream_id, sku, minute, units)
SELECT stream_id, sku, minute, units
FROM json_to_recordset(CAST(:sales AS json)) AS sales (stream_id text, sku text, minute timestamptz, units bigint)
ON CONFLICT (stream_id, sku, minute) DO UPDATE SET units = live_sales.units + excluded.units
""")


def _running(session: Session, ids: set[str], now: datetime) -> dict[str, Stream]:
    if not ids:
        return {}
    query = select(Stream).where(
        col(Stream.stream_id).in_(ids),
        col(Stream.ended_at).is_(None),
        Stream.starts_at <= now,
        Stream.starts_at > now - LONGEST,
    )
    return {stream.stream_id: stream for stream in session.exec(query)}


def _alarms(
    session: Session, library: Library, streams: Mapping[str, Stream], keys: Sequence[Key], now: datetime
) -> Iterator[Alarm]:
    zone = library.policy_zone
    products = _products(session, keys, zone, now)
    sales = sales_of(session, keys, floor(now), max(WINDOWS))
    stocks = {
        id: units_left(session, [sku for stream, sku in keys if stream == id], streams[id].city, local_day(now, zone))
        for id in sorted({stream for stream, _ in keys})
    }
    for stream, sku in keys:
        product, stock = products[stream, sku], stocks[stream].get(sku)
        rule = library.stock.of(sku, stock.category if stock else None)
        if product.alarmed_at is not None and now < product.alarmed_at + rule.quiet_for.nominal:
            continue
        started_at = streams[stream].starts_at
        pace = pace_of(sales[stream, sku], baseline_of(product), rule, stock, started_at, now, zone)
        sells_out_soon = pace.sells_out_at is not None and pace.sells_out_at <= now + rule.sells_out_within.nominal
        is_sold_out = stock is not None and stock.left <= 0
        if is_sold_out or (sells_out_soon and pace.sold >= rule.at_least):
            yield _raise(session, product, "selling_out", pace, stock, now)
        elif pace.is_fast:
            yield _raise(session, product, "selling_fast", pace, stock, now)


def _raise(
    session: Session, product: LiveProduct, kind: str, pace: SalesPace, stock: ProductStock | None, now: datetime
) -> Alarm:
    product.alarm, product.alarmed_at, product.alarms = kind, now, product.alarms + 1
    session.add(product)
    data = {
        "stream_id": product.stream_id,
        "sku": product.sku,
        "kind": kind,
        "sold": pace.sold,
        "window": pace.window,
        "expected": round(pace.expected, 2) if pace.expected is not None else None,
        "per_minute": round(pace.per_minute, 2),
        "left": max(0, stock.left) if stock else None,
        "sells_out_at": pace.sells_out_at.isoformat() if pace.sells_out_at else None,
    }
    present = {name: value for name, value in data.items() if value is not None}
    return Alarm(f"{product.stream_id}/{product.sku}/{product.alarms}", present)


def _products(session: Session, keys: Sequence[Key], zone: ZoneInfo, now: datetime) -> dict[Key, LiveProduct]:
    """The products of shows, locked in order; those that sell for the first time get their baseline."""
    query = (
        select(LiveProduct)
        .where(tuple_(col(LiveProduct.stream_id), col(LiveProduct.sku)).in_(keys))
        .order_by(col(LiveProduct.stream_id), col(LiveProduct.sku))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    products = {(product.stream_id, product.sku): product for product in session.exec(query)}
    missing = [key for key in keys if key not in products]
    if missing:
        baselines = _baselines(session, {stream for stream, _ in missing}, {sku for _, sku in missing}, zone, now)
        rows = [
            {"stream_id": stream, "sku": sku, "baseline": asdict(baseline) if (baseline := baselines.get(sku)) else {}}
            for stream, sku in missing
        ]
        session.execute(insert(LiveProduct).values([row | {"alarms": 0} for row in rows]).on_conflict_do_nothing())
        products = {(product.stream_id, product.sku): product for product in session.exec(query)}
    return products


def _baselines(
    session: Session, running: set[str], skus: set[str], zone: ZoneInfo, now: datetime
) -> dict[str, Baseline]:
    ended = select(Stream).where(
        col(Stream.ended_at) <= now, col(Stream.ended_at) > Stream.starts_at, col(Stream.stream_id).not_in(running)
    )
    shows = {
        stream_row.stream_id: stream_row
        for stream_row in session.exec(ended.order_by(col(Stream.starts_at).desc()).limit(PAST_SHOWS))
    }
    block: Any = func.date_bin(timedelta(minutes=BLOCK), LiveSale.minute, datetime(2000, 1, 1, tzinfo=UTC))
    total: Any = func.sum(LiveSale.units)
    blocks = (
        select(LiveSale.sku, LiveSale.stream_id, block, total)
        .where(col(LiveSale.sku).in_(skus), col(LiveSale.stream_id).in_(shows))
        .group_by(col(LiveSale.sku), col(LiveSale.stream_id), block)
    )
    units: dict[tuple[str, str], dict[int, int]] = {}
    squares: dict[tuple[str, str], int] = {}
    for sku, stream, at, count in session.exec(blocks):
        key, hour = (sku, stream), at.astimezone(zone).hour
        units.setdefault(key, {})
        units[key][hour] = units[key].get(hour, 0) + int(count)
        squares[key] = squares.get(key, 0) + int(count) ** 2
    past_shows: dict[str, list[PastShow]] = {}
    for (sku, stream), by_hour in sorted(units.items()):
        show = shows[stream]
        minutes = minutes_by_hour(show.starts_at, min(show.ended_at or now, show.starts_at + LONGEST), zone)
        inside = {hour: count for hour, count in by_hour.items() if hour in minutes}
        past_shows.setdefault(sku, []).append(PastShow(minutes, inside, squares[sku, stream]))
    return {sku: baseline for sku, stream_row in past_shows.items() if (baseline := learn(stream_row))}


def _is_fast(baseline: Baseline, rule: StockRule, units: int, expected: float) -> bool:
    return units >= rule.ratio * expected and baseline.is_surprised(units, expected)


def _sold_out(stock: ProductStock | None, per_minute: float, now: datetime) -> datetime | None:
    if stock is None or per_minute <= 0:
        return None
    minutes = max(0, stock.left) / per_minute
    return now + minutes * _MINUTE if minutes < _YEAR_MINUTES else None


def _pages(keys: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(keys), PAGE):
        yield keys[start : start + PAGE]
