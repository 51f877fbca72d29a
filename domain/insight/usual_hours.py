"""The hour of the day in which each customer is about, and those in which the shop's customers are.

`customer.usual_hour` is the hour (0 to 23, by the customer's clock) in which the customer most often clicked, answered
or ordered in the 90 days before the last night; of equally many, the one in which it was last. Of those who did so
fewer than three times nothing is said: the shop's own hours are gone by.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlmodel import Session

from domain.membership.deciding import touch
from domain.published.library import Library
from domain.store.bulk import as_json
from domain.store.work import UnitOfWork
from workflows.terms.calendar import zone_names

LOOKS_BACK = timedelta(days=90)
LEAST = 3
"""How often a customer must have done something, in all."""

PAGE = 2000

_DONE = """
WITH done AS (
    SELECT customer_id, time, extract(hour FROM time AT TIME ZONE
        CASE WHEN timezone = ANY (:zones) THEN timezone ELSE :zone END)::int AS hour
    FROM events JOIN customers ON customers.id = customer_id
    WHERE type IN ('message.clicked', 'message.replied', 'order.paid') AND time > :since AND time <= :now
)"""
_USUAL = text(
    _DONE
    + """
, each AS (
    SELECT customer_id, hour, count(*) AS times, max(time) AS last FROM done GROUP BY customer_id, hour
), usual AS (
    SELECT DISTINCT ON (customer_id) customer_id, hour FROM (
        SELECT *, sum(times) OVER (PARTITION BY customer_id) AS in_all FROM each
    ) AS counted WHERE in_all >= :least ORDER BY customer_id, times DESC, last DESC
), known AS (
    SELECT id, fields->'usual_hour' AS hour FROM customers WHERE fields ? 'usual_hour'
)
SELECT coalesce(customer_id, id), usual.hour FROM usual FULL JOIN known ON id = customer_id
WHERE to_jsonb(usual.hour) IS DISTINCT FROM known.hour ORDER BY 1
"""
)
_OF_SHOP = text(_DONE + "INSERT INTO shop_hours (hour, times) SELECT hour, count(*) FROM done GROUP BY hour")
_FORGET = text("DELETE FROM shop_hours")
_WRITE = text("""
UPDATE customers SET fields = CASE WHEN hour IS NULL THEN fields - 'usual_hour'
    ELSE fields || jsonb_build_object('usual_hour', hour) END
FROM json_to_recordset(CAST(:rows AS json)) AS given (id bigint, hour int)
WHERE customers.id = given.id
""")

Usual = tuple[int, int | None]
"""A customer, and the hour; None where there is none any more."""


def usual_hours(session: Session, now: datetime, zone: ZoneInfo) -> Sequence[Usual]:
    """Those whose hour is another than it was, by id; `zone` is that of customers who have none of their own."""
    found = session.connection().execute(_USUAL, {**_span(now, zone), "least": LEAST})
    return [(id, hour) for id, hour in found]


def count_hours_of_shop(session: Session, now: datetime, zone: ZoneInfo) -> None:
    """Count anew how much the shop's customers do in each hour of their day."""
    session.connection().execute(_FORGET)
    session.connection().execute(_OF_SHOP, _span(now, zone))


def write_page(work: UnitOfWork, library: Library, usual: Sequence[Usual], now: datetime) -> None:
    """Write hours into the customers' fields, and have those looked at again whose tags go by them."""
    work.connection().execute(_WRITE, {"rows": as_json([{"id": id, "hour": hour} for id, hour in usual])})
    if library.rules.asked.ranked:
        touch(work, library, [id for id, _ in usual], now)


def _span(now: datetime, zone: ZoneInfo) -> dict[str, object]:
    return {"since": now - LOOKS_BACK, "now": now, "zone": zone.key, "zones": sorted(zone_names())}
