"""What a show sells by the minute, and the alarms that this raises."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter
from sqlalchemy import Text, any_, cast, func, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Session, col, select

from domain.catalogue.types import WHOLESALE
from domain.intake.tables import Event
from domain.published.library import Library
from domain.stock.book import available
from domain.stock.demand import BLOCK, WINDOWS, Baseline, PastShow, learn
from domain.stock.places import is_in
from domain.stock.tables import LiveProduct, LiveSale, Lot, Product, Stream
from domain.store.bulk import as_json, inserting
from workflows.language.stock_rules import StockRule
from workflows.terms.quantities import NONE, number_of, quantity_of
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

    left: Decimal
    name: str | None
    category: str | None


@dataclass(frozen=True)
class LookBack:
    """One of the WINDOWS of a show: `since` when its sales count, and how many minutes it has, also by local hour."""

    window: int
    since: datetime
    minutes: float
    by_hour: Mapping[int, float]


class Followed(NamedTuple):
    """A product in a show: what was expected of it, its last alarm and how many there were, its units by window.

    There is no baseline and no number of alarms where nothing was ordered while the show ran.
    """

    baseline: Mapping[str, Any] | None
    alarm: str | None
    alarmed_at: datetime | None
    alarms: int | None
    sold: Sequence[Decimal]


@dataclass(frozen=True)
class SalesPace:
    """What a product sells in a running show.

    `sold` in the last `window` minutes, where `expected` was expected (None without any past show); `per_minute` is its
    present rate and `sells_out_at` when nothing will be left at that, None where it doesn't sell or isn't stocked.
    """

    sold: Decimal
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
    for page in _pages(sold):
        _record(session, page)
    streams = _running(session, {stream for stream, *_ in sold}, now)
    keys = sorted({(stream, sku) for stream, sku, *_ in sold if stream in streams})
    return [alarm for page in _pages(keys) for alarm in _alarms(session, library, streams, page, now)]


def units_left(session: Session, skus: Sequence[str], city: str | None, today: date) -> dict[str, ProductStock]:
    """What is left of each product that the city, or a store without one, holds lots of; expired lots don't count."""
    is_asked = col(Lot.sku) == any_(cast(list(skus), ARRAY(Text)))
    query = select(Lot, Product).outerjoin(Product, col(Product.sku) == Lot.sku).where(is_asked)
    if city is not None:
        query = query.where(is_in(Lot.city, city) | col(Lot.city).is_(None))
    stocks: dict[str, ProductStock] = {}
    for lot, product in session.exec(query.order_by(col(Lot.lot_id))):
        before = stocks.get(lot.sku, ProductStock(NONE, None, None))
        units = available(lot, product, today)
        stocks[lot.sku] = ProductStock(before.left + units, lot.name or before.name, lot.category or before.category)
    return stocks


def looks_back(started_at: datetime, now: datetime, zone: ZoneInfo) -> Sequence[LookBack]:
    """The WINDOWS of a show, as of an instant in it."""
    windows = []
    for window in WINDOWS:
        since = max(floor(now) - (window - 1) * _MINUTE, floor(started_at))
        minutes = max((now - since) / _MINUTE, 1.0)
        windows.append(LookBack(window, since, minutes, minutes_by_hour(now - minutes * _MINUTE, now, zone)))
    return windows


def pace_of(
    sold: Sequence[Decimal],
    windows: Sequence[LookBack],
    baseline: Baseline | None,
    rule: StockRule,
    stock: ProductStock | None,
    now: datetime,
) -> SalesPace:
    """How a product sells, from its units in each of the windows.

    The window taken is the first that is out of the ordinary, else the shortest that holds enough units to go by.
    """
    counts = [
        (units, each.window, each.minutes, baseline.expected(each.by_hour) if baseline else None)
        for units, each in zip(sold, windows, strict=True)
    ]
    enough = [seen for seen in counts if seen[0] >= rule.at_least]
    fast = [seen for seen in enough if baseline and seen[3] and _is_fast(baseline, rule, seen[0], seen[3])]
    steady = (enough or counts[-1:])[0]
    units, window, _, expected = (fast or [steady])[0]
    per_minute = float(steady[0]) / max(steady[2], _LEAST_MINUTES)
    return SalesPace(units, window, expected, per_minute, _sold_out(stock, per_minute, now), bool(fast))


def read_followed(
    session: Session, keys: Sequence[Key], windows: Mapping[str, Sequence[LookBack]]
) -> dict[Key, Followed]:
    """What is stored of these products in their shows, as of the shows' windows."""
    asked = [
        {"stream_id": stream, "sku": sku, **{f"w{each.window}": each.since for each in windows[stream]}}
        for stream, sku in keys
    ]
    rows = session.connection().execute(_FOLLOWED, {"keys": as_json(asked)})
    return {(stream, sku): Followed._make(stored) for stream, sku, *stored in rows}


_FOLLOWED = text(f"""
SELECT asked.stream_id, asked.sku, baseline, alarm, alarmed_at, alarms, sold
FROM json_to_recordset(CAST(:keys AS json)) AS asked (
    stream_id text, sku text, {", ".join(f"w{each} timestamptz" for each in WINDOWS)}
)
LEFT JOIN live_products ON live_products.stream_id = asked.stream_id AND live_products.sku = asked.sku,
LATERAL (
    SELECT CAST(ARRAY[
        {", ".join(f"coalesce(sum(units) FILTER (WHERE minute >= w{each}), 0)" for each in WINDOWS)}
    ] AS numeric[]) AS sold
    FROM live_sales
    WHERE live_sales.stream_id = asked.stream_id AND live_sales.sku = asked.sku AND minute >= w{max(WINDOWS)}
) AS of_windows
""")


def baseline_of(learnt: Mapping[str, Any] | None) -> Baseline | None:
    """What is stored as a product's baseline: the one that it had when the show sold it first."""
    return _BASELINE.validate_python(learnt) if learnt else None


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


def _units(orders: Sequence[Event]) -> list[tuple[str, str, datetime, Decimal]]:
    """What shows sold by the minute, in order."""
    shows: dict[tuple[str, datetime], dict[str, Decimal]] = {}
    for order in orders:
        data = order.data
        if (stream := data.get("stream_id")) and data.get("channel") != WHOLESALE:
            units = shows.setdefault((stream, floor(order.time)), {})
            for item in data.get("items") or ():
                units[item["sku"]] = units.get(item["sku"], NONE) + quantity_of(item.get("quantity", 1))
    sales = [(stream, sku, minute, units[sku]) for (stream, minute), units in shows.items() for sku in units]
    return sorted(sale for sale in sales if sale[-1])


def _record(session: Session, sales: Sequence[tuple[str, str, datetime, Decimal]]) -> None:
    rows = [
        {"stream_id": stream, "sku": sku, "minute": minute, "units": number_of(units)}
        for stream, sku, minute, units in sales
    ]
    session.connection().execute(_ADD_SALES, {"sales": as_json(rows)})


_ADD_SALES = text("""
INSERT INTO live_sales (stream_id, sku, minute, units)
SELECT stream_id, sku, minute, units
FROM json_to_recordset(CAST(:sales AS json)) AS sales (stream_id text, sku text, minute timestamptz, units numeric)
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
    windows = {id: looks_back(stream.starts_at, now, zone) for id, stream in streams.items()}
    products = _products(session, keys, windows, zone, now)
    stocks = {
        id: units_left(session, [sku for stream, sku in keys if stream == id], streams[id].city, local_day(now, zone))
        for id in sorted({stream for stream, _ in keys})
    }
    for stream, sku in keys:
        product, stock = products[stream, sku], stocks[stream].get(sku)
        rule = library.stock.of(sku, stock.category if stock else None)
        if product.alarmed_at is not None and now < product.alarmed_at + rule.quiet_for.nominal:
            continue
        pace = pace_of(product.sold, windows[stream], baseline_of(product.baseline), rule, stock, now)
        sells_out_soon = pace.sells_out_at is not None and pace.sells_out_at <= now + rule.sells_out_within.nominal
        is_sold_out = stock is not None and stock.left <= 0
        if is_sold_out or (sells_out_soon and pace.sold >= rule.at_least):
            kind = "selling_out"
        elif pace.is_fast:
            kind = "selling_fast"
        else:
            continue
        number = (product.alarms or 0) + 1
        if _raise(session, (stream, sku), number, kind, now):
            yield _alarm((stream, sku), number, kind, pace, stock)


def _raise(session: Session, key: Key, number: int, kind: str, now: datetime) -> bool:
    """Write an alarm down. False if another transaction has raised one since the product was read."""
    is_it = (col(LiveProduct.stream_id) == key[0]) & (col(LiveProduct.sku) == key[1])
    is_as_read = is_it & (col(LiveProduct.alarms) == number - 1)
    raised = {"alarm": kind, "alarmed_at": now, "alarms": number}
    return session.connection().execute(update(LiveProduct).where(is_as_read).values(raised)).rowcount == 1


def _alarm(key: Key, number: int, kind: str, pace: SalesPace, stock: ProductStock | None) -> Alarm:
    data = {
        "stream_id": key[0],
        "sku": key[1],
        "kind": kind,
        "sold": number_of(pace.sold),
        "window": pace.window,
        "expected": round(pace.expected, 2) if pace.expected is not None else None,
        "per_minute": round(pace.per_minute, 2),
        "left": number_of(max(NONE, stock.left)) if stock else None,
        "sells_out_at": pace.sells_out_at.isoformat() if pace.sells_out_at else None,
    }
    present = {name: value for name, value in data.items() if value is not None}
    return Alarm(f"{key[0]}/{key[1]}/{number}", present)


def _products(
    session: Session, keys: Sequence[Key], windows: Mapping[str, Sequence[LookBack]], zone: ZoneInfo, now: datetime
) -> dict[Key, Followed]:
    """The products of shows; those that sell for the first time get their baseline."""
    products = read_followed(session, keys, windows)
    missing = [key for key in keys if products[key].alarms is None]
    if missing:
        baselines = _baselines(session, {stream for stream, _ in missing}, {sku for _, sku in missing}, zone, now)
        rows = [
            {"stream_id": stream, "sku": sku, "baseline": asdict(baseline) if (baseline := baselines.get(sku)) else {}}
            for stream, sku in missing
        ]
        session.execute(inserting(LiveProduct, rows).on_conflict_do_nothing())
        products = read_followed(session, keys, windows)
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
    units: dict[tuple[str, str], dict[int, float]] = {}
    squares: dict[tuple[str, str], float] = {}
    for sku, stream, at, count in session.exec(blocks):
        key, hour = (sku, stream), at.astimezone(zone).hour
        units.setdefault(key, {})
        units[key][hour] = units[key].get(hour, 0) + number_of(count)
        squares[key] = squares.get(key, 0) + number_of(count) ** 2
    past_shows: dict[str, list[PastShow]] = {}
    for (sku, stream), by_hour in sorted(units.items()):
        show = shows[stream]
        minutes = minutes_by_hour(show.starts_at, min(show.ended_at or now, show.starts_at + LONGEST), zone)
        inside = {hour: count for hour, count in by_hour.items() if hour in minutes}
        past_shows.setdefault(sku, []).append(PastShow(minutes, inside, squares[sku, stream]))
    return {sku: baseline for sku, stream_row in past_shows.items() if (baseline := learn(stream_row))}


def _is_fast(baseline: Baseline, rule: StockRule, units: Decimal, expected: float) -> bool:
    return units >= rule.ratio * expected and baseline.is_surprised(float(units), expected)


def _sold_out(stock: ProductStock | None, per_minute: float, now: datetime) -> datetime | None:
    if stock is None or per_minute <= 0:
        return None
    minutes = max(0.0, float(stock.left)) / per_minute
    return now + minutes * _MINUTE if minutes < _YEAR_MINUTES else None


def _pages(keys: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(keys), PAGE):
        yield keys[start : start + PAGE]
