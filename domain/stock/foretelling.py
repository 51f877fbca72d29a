"""What will be sold of the shop's products: the forecast over what the stock book and the shows know.

The demand of a product in a city is that of all places that can serve it; how much of a day it was there to be sold is
that of each place, by its part of the sales. What no place keeps is told by its orders. Today, which isn't over,
teaches nothing. Special are the days of the calendar of China, the shop's own (`_calendar.yaml`) and those of shows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import bindparam, func, text
from sqlmodel import Session, col, or_, select

from domain.forecast.calendar import special_days
from domain.forecast.history import Floats, History, Truths
from domain.forecast.quantiles import next_quantiles
from domain.forecast.smoothing import Walk, walk
from domain.published.library import read_library
from domain.stock.places import is_in, spellings
from domain.stock.selling import Day, days_left, read_days
from domain.stock.tables import Lot, Product, Stream
from workflows.language.calendar import Calendar
from workflows.terms.values import at_local, local_day, parse_time

HISTORY = timedelta(days=750)
"""How far back: two years, so that each festival has been seen."""

TAUS = (0.1, 0.5, 0.75, 0.9)

ENOUGH = 28
"""Days on which a product could be sold, of which fewer tell less than its category does."""

RECENT = timedelta(days=28)

AT_ONCE = 10
"""Products whose days are read at once: what finds outlying orders grows faster than their number."""

SHOW = "直播"
_MIDNIGHT = parse_time("00:00")


@dataclass(frozen=True)
class Basis:
    """What a forecast stands on: the product's own days, those of its category, or nothing.

    `days` it could be sold since `since`, `sold` units then, `recent` of them in the last 28 days, `short` days of them
    lost to being sold out; for a category, of the mean of its `products`.
    """

    of: Literal["product", "category", "nothing"]
    days: int = 0
    sold: float = 0.0
    recent: float = 0.0
    since: date | None = None
    short: float = 0.0
    category: str | None = None
    products: int = 0


@dataclass(frozen=True)
class DayForecast:
    """Units on a day: expected, and by quantile. `special` names what is known of it beforehand."""

    on: date
    expected: float
    quantiles: Mapping[float, float]
    special: Sequence[str] = ()


@dataclass(frozen=True)
class Foretold:
    """What will be sold of a product from a day on. `deviation` is the standard one of a day's error, in units."""

    days: Sequence[DayForecast]
    basis: Basis
    deviation: float

    def expected(self, now: datetime, until: date, zone: ZoneInfo) -> float:
        """Units that sell from now to the end of a day, of today only what is left of it."""
        by_day = {day.on: day.expected for day in self.days}
        return sum(by_day.get(local_day(start, zone), 0.0) * part for start, part in days_left(now, until, zone))

    def special(self, days: int) -> list[str]:
        """What is special of the first so many days, in the order of the days."""
        return list(dict.fromkeys(name for day in self.days[:days] for name in day.special))

    def mean_rate(self, today: date, days: int) -> float | None:
        """Units a day over so many days, today being the first."""
        span = [day.expected for day in self.days if today <= day.on < today + timedelta(days=days)]
        return sum(span) / len(span) if span else None


def foretell(
    session: Session, sku: str, city: str | None, first: date, days: int, now: datetime, zone: ZoneInfo
) -> Foretold:
    """The forecast of a product, in a city or everywhere, for `days` days from one on, today or later."""
    ahead = (first - local_day(now, zone)).days + days
    found = foretell_all(session, [sku], city, ahead, now, zone)[sku]
    return Foretold(found.days[-days:], found.basis, found.deviation)


def foretell_all(
    session: Session, skus: Sequence[str], city: str | None, ahead: int, now: datetime, zone: ZoneInfo
) -> Mapping[str, Foretold]:
    """The forecast of each product, in a city or everywhere, for `ahead` days from today on.

    They are foretold together: what is special has an effect on all of them that each alone is drawn towards.
    """
    today = local_day(now, zone)
    columns: dict[str, dict[date, Day]] = {}
    for at in range(0, len(skus), AT_ONCE):
        columns |= _days_of(session, skus[at : at + AT_ONCE], city, now, zone)
    bases = {sku: _basis("product", columns.get(sku, {}), today) for sku in skus}
    categories = _categories(session, [sku for sku, basis in bases.items() if basis.days < ENOUGH])
    means: dict[str, tuple[Mapping[date, Day], Basis] | None] = {
        category: _of_mean(session, category, city, today, now, zone) for category in set(categories.values())
    }
    for sku, category in categories.items():
        if (mean := means[category]) is not None:
            columns[sku], bases[sku] = dict(mean[0]), mean[1]
    known = [sku for sku in skus if bases[sku].days]
    days = [columns[sku] for sku in known]
    history, special = _history(days, today, *_flags(session, city, days, today, ahead, now, zone))
    walked = walk(history, ahead)
    quantiles = next_quantiles(history, walked, TAUS)
    found = {sku: _of_column(at, walked, quantiles, special, today, bases[sku]) for at, sku in enumerate(known)}
    span = [today + timedelta(days=day) for day in range(ahead)]
    nothing = [DayForecast(on, 0.0, dict.fromkeys(TAUS, 0.0), special.get(on, ())) for on in span]
    return {sku: found.get(sku) or Foretold(nothing, Basis("nothing"), 0.0) for sku in skus}


def foretell_places(
    session: Session, skus: Sequence[str], until: date, now: datetime, zone: ZoneInfo
) -> Mapping[tuple[str, str], Foretold]:
    """The forecast of each product and place from today to a day; of what sold there for long enough alone."""
    today = local_day(now, zone)
    places = {
        key: days
        for key, days in read_days(session, skus, now, zone, HISTORY).items()
        if _sells(days) and _basis("product", days, today).days >= ENOUGH
    }
    if not places or until < today:
        return {}
    ahead = (until - today).days + 1
    columns = list(places.values())
    history, special = _history(columns, today, *_flags(session, None, columns, today, ahead, now, zone))
    walked = walk(history, ahead)
    return {
        key: _of_column(at, walked, None, special, today, _basis("product", days, today))
        for at, (key, days) in enumerate(places.items())
    }


def _of_column(
    at: int,
    walked: Walk,
    quantiles: Floats | None,
    special: Mapping[date, Sequence[str]],
    today: date,
    basis: Basis,
) -> Foretold:
    errors = (walked.known - walked.expected)[-200:, at]
    errors = errors[~np.isnan(errors)]
    days = [
        DayForecast(
            on := today + timedelta(days=ahead),
            round(float(walked.ahead[ahead, at]), 3),
            {tau: round(float(quantiles[rank, ahead, at]), 3) for rank, tau in enumerate(TAUS)}
            if quantiles is not None
            else {},
            special.get(on, ()),
        )
        for ahead in range(len(walked.ahead))
    ]
    return Foretold(days, basis, float(np.sqrt((errors**2).mean())) if errors.size else 0.0)


def _history(
    columns: Sequence[Mapping[date, Day]], today: date, names: Sequence[str], flags: Truths, first: date
) -> tuple[History, Mapping[date, Sequence[str]]]:
    """The history of these days up to yesterday, and what is special of each day."""
    count = (today - first).days
    demand, stocked = np.full((count, len(columns)), np.nan), np.ones((count, len(columns)))
    for at, days in enumerate(columns):
        for on, day in days.items():
            if first <= on < today:
                part = min(1.0, day.stocked) or float(day.sold > 0)
                demand[(on - first).days, at] = max(0.0, day.sold) if part else np.nan
                stocked[(on - first).days, at] = part or 1.0
    special = {
        first + timedelta(days=row): [name for name, holds in zip(names, flags[row], strict=True) if holds]
        for row in range(len(flags))
    }
    return History(first, demand, stocked, None, flags, names), special


def _flags(
    session: Session,
    city: str | None,
    columns: Sequence[Mapping[date, Day]],
    today: date,
    ahead: int,
    now: datetime,
    zone: ZoneInfo,
) -> tuple[Sequence[str], Truths, date]:
    """What is special of each day from the first one known to the last one asked for."""
    first = min((on for days in columns for on in days if on < today), default=today)
    count = (today - first).days + ahead
    names, flags = _with_own(*special_days(first, count), first, read_library(session).calendar)
    since = at_local(first, _MIDNIGHT, zone, now)
    query = select(Stream.starts_at).where(col(Stream.cancelled_at).is_(None), Stream.starts_at >= since)
    if city is not None:
        query = query.where(or_(is_in(Stream.city, city), col(Stream.city).is_(None)))
    shows = np.zeros((count, 1), bool)
    for starts_at in session.exec(query):
        row = (local_day(starts_at, zone) - first).days
        if 0 <= row < count:
            shows[row] = True
    return (*names, SHOW), np.hstack([flags, shows]), first


def _with_own(names: Sequence[str], flags: Truths, first: date, calendar: Calendar) -> tuple[Sequence[str], Truths]:
    """The days of the calendar with the shop's own: its promotions, by the names that they have."""
    columns = dict(zip(names, flags.T, strict=True))
    span = [first + timedelta(days=day) for day in range(len(flags))]
    for name, days in calendar.items():
        own = np.array([any(day.is_on(on) for day in days) for on in span], bool)
        columns[name] = columns.get(name, False) | own
    return tuple(columns), np.array(list(columns.values()), bool).T.reshape(len(span), len(columns))


def _days_of(
    session: Session, skus: Sequence[str], city: str | None, now: datetime, zone: ZoneInfo
) -> dict[str, dict[date, Day]]:
    """What all places that can serve the city sold of each product by local day; of what none keeps, its orders."""
    query: Any = select(Lot.sku, func.coalesce(Lot.store, Lot.city, "")).where(col(Lot.sku).in_(skus)).distinct()
    kept = {sku for sku, _ in session.exec(query)}
    if city is not None:
        query = query.where(is_in(Lot.city, city) | col(Lot.city).is_(None))
    places = set(session.exec(query))
    by_place: dict[str, list[Mapping[date, Day]]] = {}
    for (sku, place), days in read_days(session, skus, now, zone, HISTORY, unsold=True).items():
        if (sku, place) in places:
            by_place.setdefault(sku, []).append(days)
    found = {sku: _summed(days) for sku, days in by_place.items()}
    if unkept := [sku for sku in skus if sku not in kept]:
        parameters: Any = {"skus": unkept, "since": now - HISTORY, "now": now, "zone": zone.key}
        parameters["cities"] = spellings(city) if city is not None else ("",)
        parameters["anywhere"] = city is None
        ordered: dict[str, dict[date, float]] = {}
        for sku, on, units in session.connection().execute(_ORDERED, parameters):
            ordered.setdefault(sku, {})[on] = float(units)
        today = local_day(now, zone)
        for sku, sold in ordered.items():
            span = [min(sold) + timedelta(days=day) for day in range((today - min(sold)).days)]
            found[sku] = {on: Day(sold.get(on, 0.0), 1.0) for on in span}
    return found


_ORDERED = text("""
SELECT item->>'sku', (e.time AT TIME ZONE :zone)::date, sum(coalesce((item->>'quantity')::numeric, 1))
FROM events e, jsonb_path_query(e.data, '$.items[*]') item
WHERE e.type = 'order.paid' AND e.customer_id IS NOT NULL AND e.time >= :since AND e.time <= :now
    AND e.data->>'channel' IS DISTINCT FROM 'wholesale' AND item->>'sku' IN :skus
    AND (:anywhere OR coalesce(e.data->>'city', '') = '' OR e.data->>'city' IN :cities)
GROUP BY 1, 2
""").bindparams(bindparam("skus", expanding=True), bindparam("cities", expanding=True))


def _categories(session: Session, skus: Sequence[str]) -> dict[str, str]:
    """The category of each product that has one: as it is listed, else as its lots have it."""
    of_lots = select(Lot.sku, func.max(Lot.category)).where(col(Lot.sku).in_(skus)).group_by(Lot.sku)
    listed = select(Product.sku, Product.category).where(col(Product.sku).in_(skus))
    return {sku: category for query in (of_lots, listed) for sku, category in session.exec(query) if category}


def _of_mean(
    session: Session, category: str, city: str | None, today: date, now: datetime, zone: ZoneInfo
) -> tuple[Mapping[date, Day], Basis] | None:
    """The mean product of a category, if any sells."""
    others = [each for each in _of_category(session, category, city, now, zone).values() if _sells(each)]
    mean = _mean_of(others)
    return (mean, _basis("category", mean, today, category, len(others))) if others else None


def _of_category(
    session: Session, category: str, city: str | None, now: datetime, zone: ZoneInfo
) -> dict[str, dict[date, Day]]:
    """The days of each product of a category that is kept or listed."""
    of_lots = session.exec(select(Lot.sku).where(Lot.category == category).distinct())
    listed = session.exec(select(Product.sku).where(Product.category == category))
    skus = sorted({*of_lots, *listed})
    return _days_of(session, skus, city, now, zone) if skus else {}


def _sells(days: Mapping[date, Day]) -> bool:
    return any(day.sold > 0 for day in days.values())


def _summed(places: Sequence[Mapping[date, Day]]) -> dict[date, Day]:
    """Of all places together: what they sold, and for how much of a day, each by its part of the sales."""
    totals = [max(0.0, sum(day.sold for day in days.values())) for days in places]
    parts = [total / sum(totals) if sum(totals) else 1 / len(places) for total in totals]
    summed: dict[date, Day] = {}
    for days, part in zip(places, parts, strict=True):
        for on, day in days.items():
            of_all = summed.setdefault(on, Day())
            of_all.sold += day.sold
            of_all.beside += day.beside
            of_all.stocked += part * (min(1.0, day.stocked) or float(day.sold > 0))
    return summed


def _mean_of(products: Sequence[Mapping[date, Day]]) -> dict[date, Day]:
    """What a product of these sells on average, of those that could be sold on a day."""
    days: dict[date, list[Day]] = {}
    for each in products:
        for on, day in each.items():
            days.setdefault(on, []).append(day)
    return {
        on: Day(sum(day.sold for day in found) / len(found), sum(day.stocked for day in found) / len(found))
        for on, found in days.items()
    }


def _basis(
    of: Literal["product", "category"],
    days: Mapping[date, Day],
    today: date,
    category: str | None = None,
    products: int = 0,
) -> Basis:
    past = {on: day for on, day in days.items() if on < today}
    sold = sum(day.sold for day in past.values())
    short = sum(max(0.0, 1 - (day.stocked or float(day.sold > 0))) for day in past.values())
    recent = sum(day.sold for on, day in past.items() if on >= today - RECENT)
    first = min(past, default=None)
    return Basis(of, len(past), round(sold, 3), round(recent, 3), first, round(short, 2), category, products)
