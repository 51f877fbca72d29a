"""How fast lots sell: units a day, by place and weekday, and what of a lot that leaves unsold at its cut-off.

*Rate of sale.* Sales show demand only while there is something to sell. The book knows from when to when that was, so
the rate is occurrences over exposure: for weekday w, units sold divided by the days (whole and part) on which some
could be sold. That is the maximum-likelihood estimate of a Poisson rate under censoring by stock-outs (Conrad, "Sales
Data and the Estimation of Demand", Operational Research Quarterly 27 (1976) 123-127; Aalen, Borgan and Gjessing,
"Survival and Event History Analysis", 2008, ch. 5). A weekday of four weeks is little, so each is drawn towards the
mean of all days as if one more day had been seen at that mean, the posterior mean under a gamma prior of weight one
(Gelman et al., "Bayesian Data Analysis", 3rd ed., 2.6):

    mean = sold / exposure,  rate(w) = (sold(w) + mean) / (exposure(w) + 1)

*Outlying orders.* One order of 300 beside two a day is no demand, whether or not anybody marked it as wholesale. Orders
differ by factors, so an order of a place is outlying if its logarithm lies more than three deviations above the median,
a deviation being 1.4826 times the median absolute one (the Hampel identifier: Davies and Gather, "The Identification of
Multiple Outliers", Journal of the American Statistical Association 88 (1993) 782-792), and at least that of a factor of
two. It counts as the largest that isn't (winsorised: Tukey, "The Future of Data Analysis", Annals of Mathematical
Statistics 33 (1962) 1-67). What is as large as one order in `OFTEN` is the shop's ordinary business, however large.
In the minutes of a rush there are few orders to tell by: only the largest may be outlying, from above `APART` times the
median of the others.

*Units at risk.* Lots of one product in one place sell in the order of their expiry, at the sum of the rates of the days
up to each one's cut-off, the end of the last day on which it may be sold. A lot sells what that leaves after the lots
before it; the rest is at risk.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from statistics import median
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, text
from sqlmodel import Session

from workflows.terms.quantities import NONE, ONE, THOUSANDTH
from workflows.terms.values import at_local, local_day, parse_time

WINDOW = timedelta(days=28)
"""How far back sales are looked at: four of each weekday."""

OFTEN = 0.15
"""The part of all orders of which the largest may be outlying; so of fewer than seven none is."""

APART = 8
"""How many times the usual order of a rush one must be above to be outlying: three factors of two."""

_MIDNIGHT = parse_time("00:00")
Place = tuple[str, str]
"""A product, and the store or else the city that keeps it ("" for lots that name neither)."""


@dataclass
class Day:
    """Units of a product sold in a place on a local day, for how much of the day it was there to be sold, and the units
    of outlying orders that were sold beside.
    """

    sold: float = 0.0
    stocked: float = 0.0
    beside: float = 0.0


@dataclass
class Sales:
    """Units of a product sold in a place, and days on which it was there to be sold, by weekday (0: Monday)."""

    sold: list[float] = field(default_factory=lambda: [0.0] * 7)
    exposure: list[float] = field(default_factory=lambda: [0.0] * 7)

    def rate(self, weekday: int) -> float | None:
        """Units a day on this weekday; None if nothing is known of any."""
        days = sum(self.exposure)
        if not days or not any(self.sold):
            return None
        mean = max(0.0, sum(self.sold) / days)
        return max(0.0, self.sold[weekday] + mean) / (self.exposure[weekday] + 1)

    def mean_rate(self, today: date, days: int) -> float | None:
        """Units a day over so many days, today being the first."""
        rates = [self.rate((today + timedelta(days=day)).weekday()) for day in range(days)]
        known_rates = [rate for rate in rates if rate is not None]
        return sum(known_rates) / len(known_rates) if known_rates else None

    def expected(self, now: datetime, until: date, zone: ZoneInfo) -> float:
        """Units that sell from now to the end of a day, of today only what is left of it."""
        return sum(
            (self.rate(start.astimezone(zone).weekday()) or 0) * part for start, part in days_left(now, until, zone)
        )


@dataclass(frozen=True)
class Stock:
    """What can be sold of a lot, up to the end of its last day."""

    lot_id: str
    units: Decimal
    until: date


class Seller(Protocol):
    """What tells how many units will sell: what was sold of late, or a forecast."""

    def expected(self, now: datetime, until: date, zone: ZoneInfo) -> float:
        """Units from now to the end of a day."""
        ...


def at_risk(sales: Seller, lots: Sequence[Stock], now: datetime, zone: ZoneInfo) -> Mapping[str, Decimal]:
    """Units of each lot of a product in a place that won't sell before their cut-off, going by its rate of sale.

    Whole units sell, unless the lot itself has a fraction.
    """
    sold = 0.0
    risks = {}
    for lot in sorted(lots, key=lambda lot: (lot.until, lot.lot_id)):
        units = max(NONE, Decimal(lot.units))
        selling = min(float(units), max(0.0, sales.expected(now, lot.until, zone) - sold))
        sold += selling
        step = ONE if units == units.to_integral_value() else THOUSANDTH
        risks[lot.lot_id] = units - Decimal(selling + 1e-9).quantize(step, ROUND_FLOOR)
    return risks


def read_sales(session: Session, skus: Sequence[str], now: datetime, zone: ZoneInfo) -> Mapping[Place, Sales]:
    """The sales of these products in the days before now, by place; a product that never sold has none."""
    sales_by_place: dict[Place, Sales] = {}
    for place, days in read_days(session, skus, now, zone).items():
        sales = sales_by_place[place] = Sales()
        for on, day in days.items():
            sales.sold[on.weekday()] += day.sold
            sales.exposure[on.weekday()] += day.stocked
    return sales_by_place


def read_days(
    session: Session,
    skus: Sequence[str],
    now: datetime,
    zone: ZoneInfo,
    back: timedelta = WINDOW,
    *,
    unsold: bool = False,
) -> Mapping[Place, dict[date, Day]]:
    """The same by local day, so far back: those on which the product sold, or was there to be sold.

    What never sold in that time counts only as `unsold`.
    """
    since = now - back
    parameters: Any = {"skus": list(skus), "since": since, "now": now, "zone": zone.key, "ordinary": 1 - OFTEN}
    days_by_place: dict[Place, dict[date, Day]] = {}
    for sku, place, on, units, beside in session.connection().execute(_SOLD, parameters):
        days_by_place.setdefault((sku, place), {})[on] = Day(sold=float(units - beside), beside=float(beside))
    for sku, place, start, end in session.connection().execute(_STOCKED, parameters) if days_by_place or unsold else ():
        if unsold or (sku, place) in days_by_place:
            days = days_by_place.setdefault((sku, place), {})
            for first, last in _split(max(start, since), min(end, now), zone):
                days.setdefault(local_day(first, zone), Day()).stocked += (last - first) / timedelta(days=1)
    return days_by_place


def apart_in_show(session: Session, stream_id: str, sku: str, since: datetime, until: datetime) -> Decimal:
    """Units by which the largest order of a product in a show is above the largest other, if it is outlying; else 0."""
    parameters = {"stream": stream_id, "sku": sku, "since": since, "until": until}
    largest, *others = session.connection().execute(_IN_SHOW, parameters).scalars().all() or [NONE]
    return largest - others[0] if others and largest > APART * median(others) else NONE


def days_left(now: datetime, until: date, zone: ZoneInfo) -> Iterator[tuple[datetime, float]]:
    """The local days from now to the end of a day: an instant of each, and how much of it is left."""
    end = at_local(until + timedelta(days=1), _MIDNIGHT, zone, now)
    for first, last in _split(now, end, zone):
        yield first, (last - first) / timedelta(days=1)


def _split(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """A span cut at local midnights."""
    while start < end:
        midnight = at_local(local_day(start, zone) + timedelta(days=1), _MIDNIGHT, zone, start)
        yield start, min(midnight, end)
        start = midnight


_SOLD = text("""
WITH moves AS (
    SELECT l.sku, coalesce(l.store, l.city, '') AS place, (m.at AT TIME ZONE :zone)::date AS day, m.order_id,
        -m.quantity AS units
    FROM stock_moves m JOIN lots l USING (lot_id)
    WHERE l.sku IN :skus AND m.reason IN ('sold', 'returned') AND NOT m.seen AND m.at >= :since AND m.at <= :now
), orders AS (
    SELECT sku, place, order_id, sum(units) AS units, ln(sum(units)::float8) AS size FROM moves
    WHERE order_id IS NOT NULL GROUP BY 1, 2, 3 HAVING sum(units) > 0
), middles AS (
    SELECT sku, place, percentile_cont(0.5) WITHIN GROUP (ORDER BY size) AS middle,
        percentile_disc(:ordinary) WITHIN GROUP (ORDER BY size) AS ordinary
    FROM orders GROUP BY 1, 2
), bounds AS (
    SELECT sku, place, greatest(ordinary, middle + 3 * greatest(
        ln(2), 1.4826 * percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(size - middle)))) AS bound
    FROM orders JOIN middles USING (sku, place) GROUP BY sku, place, middle, ordinary
), usual AS (
    SELECT sku, place, max(units) FILTER (WHERE size <= bound) AS most FROM orders JOIN bounds USING (sku, place)
    GROUP BY 1, 2
), outlying AS (
    SELECT sku, place, order_id, 1 - most / units AS beside FROM orders JOIN bounds USING (sku, place)
    JOIN usual USING (sku, place) WHERE size > bound
)
SELECT sku, place, day, sum(units), sum(units * coalesce(beside, 0))
FROM moves LEFT JOIN outlying USING (sku, place, order_id) GROUP BY 1, 2, 3
""").bindparams(bindparam("skus", expanding=True))

_IN_SHOW = text("""
SELECT max(units) AS units FROM (
    SELECT e.id, e.data->>'order_id' AS order_id, sum(coalesce((item->>'quantity')::numeric, 1)) AS units
    FROM events e, jsonb_path_query(e.data, '$.items[*]') item
    WHERE e.type = 'order.paid' AND e.customer_id IS NOT NULL AND e.time >= :since AND e.time <= :until
        AND e.data->>'stream_id' = :stream AND e.data->>'channel' IS DISTINCT FROM 'wholesale' AND item->>'sku' = :sku
    GROUP BY 1, 2
) told GROUP BY order_id ORDER BY 1 DESC
""")
"""Units of a product in each order of a show, however often it is told, the largest first."""

_STOCKED = text("""
WITH changes AS (
    SELECT l.sku, coalesce(l.store, l.city, '') AS place, m.at, m.quantity
    FROM stock_moves m JOIN lots l USING (lot_id) LEFT JOIN products p USING (sku)
    WHERE l.sku IN :skus AND m.at <= :now
        AND l.expires_on - coalesce(p.min_days, 0) >= (:since AT TIME ZONE :zone)::date
    UNION ALL  -- what is left of a lot at its cut-off can't be sold any more
    SELECT l.sku, coalesce(l.store, l.city, ''), ended.at, -l.on_hand
    FROM lots l LEFT JOIN products p USING (sku),
        LATERAL (SELECT (l.expires_on - coalesce(p.min_days, 0) + 1)::timestamp AT TIME ZONE :zone AS at) ended
    WHERE l.sku IN :skus AND ended.at >= :since AND ended.at <= :now
), steps AS (
    SELECT sku, place, at, sum(sum(quantity)) OVER w AS units, lead(at, 1, :now) OVER w AS until
    FROM changes GROUP BY sku, place, at WINDOW w AS (PARTITION BY sku, place ORDER BY at)
), islands AS (
    SELECT *, count(*) FILTER (WHERE units <= 0) OVER (PARTITION BY sku, place ORDER BY at) AS island FROM steps
)
SELECT sku, place, min(at), max(until) FROM islands
WHERE units > 0 AND until >= :since GROUP BY sku, place, island
""").bindparams(bindparam("skus", expanding=True))
"""From when to when some could be sold."""
