"""Cohorts: customers by the month of their first order, how many came back since, and what they brought.

Months are those of the policy's zone; orders that were refunded whole count as orders, and money is in fen, less
refunds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlmodel import Session

_COHORTS = text("""
WITH each AS (
    SELECT customer_id, date_trunc('month', paid_at AT TIME ZONE :zone) AS at, sum(total - refunded) AS paid
    FROM orders WHERE paid_at <= :now GROUP BY 1, 2
), first AS (
    SELECT customer_id, min(at) AS month FROM each GROUP BY customer_id
), sold AS (
    SELECT month, at, count(*) AS active, sum(paid) AS paid FROM first JOIN each USING (customer_id) GROUP BY 1, 2
), worth AS (
    SELECT month, count(*) AS customers, sum((fields->>'expected_value')::float8) AS expected
    FROM first JOIN customers ON customers.id = customer_id GROUP BY month
)
SELECT month::date, customers, expected, (12 * extract(year FROM age) + extract(month FROM age))::int AS place, active,
    paid::bigint
FROM worth JOIN sold USING (month), LATERAL age(at, month) AS age
WHERE month >= date_trunc('month', :now AT TIME ZONE :zone) - make_interval(months => :months - 1)
ORDER BY month, place
""")


@dataclass(frozen=True)
class Cohort:
    """Who ordered first in a month: of each month since, who ordered, and what all had paid by its end.

    The first entry is the month of the first order. `expected` is what the next 12 months are worth, by the newest
    fit; None before one.
    """

    month: date
    customers: int
    active: Sequence[int]
    realised: Sequence[int]
    expected: int | None


def cohorts(session: Session, now: datetime, zone: ZoneInfo, months: int = 12) -> list[Cohort]:
    """The cohorts of the last months, the present one included; none for a month in which nobody was new."""
    rows = session.connection().execute(_COHORTS, {"zone": zone.key, "now": now, "months": months}).all()
    today = now.astimezone(zone)
    found: dict[date, Cohort] = {}
    for month in dict.fromkeys(row[0] for row in rows):
        ours = {row[3]: row for row in rows if row[0] == month}
        since = range((today.year - month.year) * 12 + today.month - month.month + 1)
        paid = 0
        realised = [paid := paid + (ours[place][5] if place in ours else 0) for place in since]
        active = [ours[place][4] if place in ours else 0 for place in since]
        _, customers, expected, *_ = next(iter(ours.values()))
        found[month] = Cohort(month, customers, active, realised, None if expected is None else round(expected))
    return list(found.values())
