"""Metrics counted: by day, week or month, or by livestream, of all or of a part.

All are counted from what is stored, so that late events and refunds correct past days. Days, weeks (from Monday) and
months are those of the policy's zone; money is in fen, less refunds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlmodel import Session

from domain.insight.definitions import METRICS, Metric

Period = Literal["day", "week", "month", "show"]

LONGEST = timedelta(days=5 * 366)
MOST_DAYS = 366
"""The longest `days` of a metric that looks ahead."""

MOST_BEHIND = 100
"""Customers who are told of a metric."""


@dataclass(frozen=True)
class Point:
    """A period's first day, and the number: the numerator, or that by the denominator (None if that is 0).

    By livestream, `show` is its id and `day` that of the first that is counted of it.
    """

    day: date
    numerator: float
    denominator: float | None
    show: str | None = None

    @property
    def value(self) -> float | None:
        """The number itself."""
        if self.denominator is None:
            return self.numerator
        return self.numerator / self.denominator if self.denominator else None


@dataclass(frozen=True)
class Behind:
    """A customer whom a metric is made of: their part of its numerator."""

    customer: int
    name: str | None
    number: float


@dataclass(frozen=True)
class Product:
    """A product that a metric is made of: its part of the numerator, and of the denominator if there is one."""

    sku: str
    name: str | None
    numerator: float
    denominator: float | None


class MetricError(ValueError):
    """A metric that there isn't, or that can't be counted over a span or of a part."""


def points(
    session: Session,
    name: str,
    since: date,
    until: date,
    now: datetime,
    zone: ZoneInfo,
    *,
    by: Period = "day",
    days: int | None = None,
    where: Mapping[str, str] | None = None,
) -> list[Point]:
    """A metric by period, from the day `since` to before the day `until`, without the periods in which nothing was.

    `where` names the part that is counted, as `{"journey": "cart"}`. Raises MetricError.
    """
    metric, given = asked(name, since, until, now, zone, by=by, days=days, where=where)
    rows = counted(session, metric, given, by=by, where=where or {})
    return [Point(row.day, row.numerator, row.denominator, row.show) for row in rows if row.numerator is not None]


def counted(
    session: Session, metric: Metric, given: Mapping[str, Any], *, by: Period, where: Mapping[str, str]
) -> Sequence[Any]:
    """Rows of day, numerator, denominator, show, and of how many rows they are made; no numerator where is no number.

    `given` is what `asked` says.
    """
    place = "show" if by == "show" else "NULL::text"
    period = "min(at AT TIME ZONE :zone)" if by == "show" else "date_trunc(:by, at AT TIME ZONE :zone)"
    groups = "3" if by == "show" else "date_trunc(:by, at AT TIME ZONE :zone)"
    of_part = "".join(f" AND {part} = :of_{part}" for part in sorted(where))
    of_part += " AND show IS NOT NULL" if by == "show" else ""
    query = text(f"""
        SELECT {period}::date AS day, ({metric.numerator})::float8 AS numerator, {place} AS show,
            ({metric.denominator or "NULL"})::float8 AS denominator, count(*) AS rows
        FROM ({metric.source}) AS source WHERE at >= :since AND at < :until{of_part} GROUP BY {groups}
        ORDER BY day, show
    """)
    return session.connection().execute(query, given).all()


def customers_behind(
    session: Session,
    name: str,
    since: date,
    until: date,
    now: datetime,
    zone: ZoneInfo,
    *,
    days: int | None = None,
    where: Mapping[str, str] | None = None,
) -> list[Behind]:
    """The customers whom a metric is made of over a span, those with the most first; `MOST_BEHIND` at most.

    Raises MetricError.
    """
    metric, given = asked(name, since, until, now, zone, by="month", days=days, where=where)
    if metric.of != "customers":
        raise MetricError(f"{name} is not made of customers")
    of_part = "".join(f" AND {part} = :of_{part}" for part in sorted(where or {}))
    query = text(f"""
        SELECT customers.id, customers.name, number FROM (
            SELECT customer_id, ({metric.numerator})::float8 AS number
            FROM ({metric.source}) AS source WHERE at >= :since AND at < :until{of_part} GROUP BY customer_id
        ) AS counted JOIN customers ON customers.id = customer_id
        WHERE number <> 0 ORDER BY number DESC, customers.id LIMIT {MOST_BEHIND}
    """)
    return [Behind(*row) for row in session.connection().execute(query, given)]


def products_behind(
    session: Session,
    name: str,
    since: date,
    until: date,
    now: datetime,
    zone: ZoneInfo,
    *,
    where: Mapping[str, str] | None = None,
) -> list[Product]:
    """The products that a metric is made of over a span, those with the most first; `MOST_BEHIND` at most.

    Raises MetricError.
    """
    metric, given = asked(name, since, until, now, zone, by="month", days=None, where=where)
    if metric.of != "products":
        raise MetricError(f"{name} is not made of products")
    of_part = "".join(f" AND {part} = :of_{part}" for part in sorted(where or {}))
    query = text(f"""
        SELECT sku, coalesce(products.name, (SELECT max(lots.name) FROM lots WHERE lots.sku = counted.sku)) AS name,
            numerator, denominator
        FROM (
            SELECT sku, ({metric.numerator})::float8 AS numerator,
                ({metric.denominator or "NULL"})::float8 AS denominator
            FROM ({metric.by_product or metric.source}) AS source
            WHERE at >= :since AND at < :until{of_part} GROUP BY sku
        ) AS counted LEFT JOIN products USING (sku)
        WHERE sku IS NOT NULL AND (numerator <> 0 OR denominator <> 0)
        ORDER BY numerator DESC, sku LIMIT {MOST_BEHIND}
    """)
    return [Product(*row) for row in session.connection().execute(query, given)]


def asked(
    name: str,
    since: date,
    until: date,
    now: datetime,
    zone: ZoneInfo,
    *,
    by: Period,
    days: int | None,
    where: Mapping[str, str] | None,
) -> tuple[Metric, Mapping[str, Any]]:
    """The metric, and what its SQL names: `since` and `until` are midnights of the zone. Raises MetricError."""
    metric = METRICS.get(name)
    if metric is None:
        raise MetricError(f"there is no metric {name}; there are {', '.join(METRICS)}")
    if days is not None and metric.days is None:
        raise MetricError(f"{name} looks no days ahead")
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise MetricError(f"days must be from 1 to {MOST_DAYS}")
    if not timedelta() < until - since <= LONGEST:
        raise MetricError(f"the span must have from 1 day to {LONGEST.days}")
    asked: set[str] = {*(where or {}), *(["show"] if by == "show" else [])}
    if unknown := sorted(asked - metric.parts):
        raise MetricError(f"{name} isn't counted by {unknown[0]}; by {', '.join(sorted(metric.parts)) or 'day only'}")
    start, end = (datetime.combine(day, time(), zone) for day in (since, until))
    return metric, {
        "by": by, "zone": zone.key, "since": start, "until": end, "now": now,
        "days": timedelta(days=days or metric.days or 0), **{f"of_{part}": of for part, of in (where or {}).items()},
    }  # fmt: skip


def part_of(written: str | None) -> Mapping[str, str]:
    """What `where` names, as it is written: `journey:cart`. Raises MetricError."""
    if not written:
        return {}
    part, _, of = written.partition(":")
    if part not in ("journey", "show", "campaign") or not of or "\0" in of:
        raise MetricError("where is written like journey:NAME, show:ID or campaign:NAME")
    return {part: of}
