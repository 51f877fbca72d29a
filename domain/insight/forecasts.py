"""What each customer will order and be worth, fitted to the orders of all and written into their fields.

Time is in days from a customer's first order; orders that were refunded whole don't count, and amounts are fen less
refunds. `customer.likely_to_buy` is the chance of an order within 30 days, `customer.expected_value` what the orders of
the next 12 months are worth, in fen.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import text
from sqlmodel import Session, col, select

from domain.insight.lifetime import Histories, PurchaseModel, TooFewOrdersError, ValueModel, fit_purchases, fit_values
from domain.insight.tables import ForecastFit
from domain.membership.deciding import touch
from domain.published.library import Library
from domain.store.work import UnitOfWork

SOON, YEAR = 30.0, 365.0
PAGE = 2000

_HISTORIES = text("""
SELECT customer_id, count(*) - 1, extract(epoch FROM max(paid_at) - min(paid_at))::float8 / 86400,
    extract(epoch FROM :now - min(paid_at))::float8 / 86400,
    coalesce(avg(amount) FILTER (WHERE place > 1), 0)::float8
FROM (
    SELECT customer_id, paid_at, total - refunded AS amount,
        row_number() OVER (PARTITION BY customer_id ORDER BY paid_at, order_id) AS place
    FROM orders WHERE total > refunded AND paid_at <= :now
) AS kept
GROUP BY customer_id ORDER BY customer_id
""")
_WRITE = text("""
UPDATE customers SET fields = fields || jsonb_build_object(
    'likely_to_buy', given.likely_to_buy, 'expected_value', given.expected_value)
FROM json_to_recordset(CAST(:rows AS json)) AS given (id bigint, likely_to_buy numeric, expected_value bigint)
WHERE customers.id = given.id
""")

_LATER = text("""
SELECT customer_id, count(*) FROM orders WHERE total > refunded AND paid_at > :since AND paid_at <= :now
GROUP BY customer_id
""")

HELD_BACK = timedelta(days=90)
"""The orders of so long before a fit are foretold from those before them, to see how well that goes."""

MOST_REPEATS = 7
"""Customers who ordered again so often or more are one class."""

Forecast = tuple[int, float, int]
"""A customer, the chance of an order within 30 days, and the worth of the next 12 months in fen."""


@dataclass(frozen=True)
class Foretold:
    """Customers who had ordered again so often: the orders that were expected of them, and those that came."""

    repeats: int
    customers: int
    expected: float
    came: int


def look_back(session: Session, now: datetime) -> list[Foretold]:
    """What would have been foretold of the last 90 days from the orders before them, beside what came, by class.

    Empty where too few had ordered again by then.
    """
    since = now - HELD_BACK
    rows = session.connection().execute(_HISTORIES, {"now": since}).all()
    columns = np.array([row[1:4] for row in rows], dtype=np.float64).reshape(len(rows), 3).T
    known = Histories(*columns)
    try:
        expected = fit_purchases(known).expected(known, HELD_BACK / timedelta(days=1))
    except TooFewOrdersError:
        return []
    later = {row[0]: row[1] for row in session.connection().execute(_LATER, {"since": since, "now": now})}
    came = np.array([later.get(row[0], 0) for row in rows])
    classes = np.minimum(known.repeats, MOST_REPEATS)
    return [
        Foretold(int(each), int(part.sum()), round(float(expected[part].sum()), 1), int(came[part].sum()))
        for each in np.unique(classes)
        if (part := classes == each).any()
    ]


def fit(session: Session, now: datetime) -> tuple[ForecastFit, list[Forecast]]:
    """Fit the models to all orders by now. Returns the fit, kept, and the forecast for each customer who ordered.

    Raises TooFewOrdersError.
    """
    rows = session.connection().execute(_HISTORIES, {"now": now}).all()
    columns = np.array([row[1:] for row in rows], dtype=np.float64).reshape(len(rows), 4).T
    known, mean = Histories(*columns[:3]), columns[3]
    purchases, values = fit_purchases(known), fit_values(known.repeats, mean)
    kept = ForecastFit(
        at=now, customers=len(rows), purchases=asdict(purchases), order_values=asdict(values),
        foretold=[asdict(each) for each in look_back(session, now)],
    )  # fmt: skip
    session.add(kept)
    chances = np.round(purchases.chance(known, SOON), 4)
    worth = np.rint(purchases.expected(known, YEAR) * values.expected(known.repeats, mean))
    return kept, [(row[0], float(chance), int(value)) for row, chance, value in zip(rows, chances, worth, strict=True)]


def write_page(work: UnitOfWork, library: Library, forecasts: Sequence[Forecast], now: datetime) -> None:
    """Write forecasts into the customers' fields; a page is `PAGE` of them, in the order of their ids.

    Those are looked at again whose tags go by them.
    """
    rows = [{"id": id, "likely_to_buy": chance, "expected_value": value} for id, chance, value in forecasts]
    work.connection().execute(_WRITE, {"rows": json.dumps(rows)})
    if library.rules.asked.ranked:
        touch(work, library, [id for id, _, _ in forecasts], now)


def newest_fit(session: Session) -> tuple[ForecastFit, PurchaseModel, ValueModel] | None:
    """The fit that customers' forecasts are from."""
    row = session.exec(select(ForecastFit).order_by(col(ForecastFit.id).desc()).limit(1)).first()
    return (row, PurchaseModel(**row.purchases), ValueModel(**row.order_values)) if row else None
