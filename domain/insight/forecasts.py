"""What each customer will order and be worth, fitted to the orders of all and written into their fields.

Time is in days from a customer's first order; orders that were refunded whole don't count, and amounts are fen less
refunds. `customer.likely_to_buy` is the chance of an order within 30 days, `customer.expected_value` what the orders of
the next 12 months are worth, in fen.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlmodel import Session, col, select

from domain.insight.lifetime import (
    Floats,
    Histories,
    PurchaseModel,
    TooFewOrdersError,
    ValueModel,
    fit_purchases,
    fit_values,
)
from domain.insight.tables import ForecastFit
from domain.membership.deciding import touch
from domain.published.library import Library
from domain.store.work import UnitOfWork

SOON, YEAR = 30.0, 365.0
PAGE = 2000

_HISTORIES = text("""
SELECT customer_id, count(*) FILTER (WHERE is_known) - 1,
    extract(epoch FROM max(paid_at) FILTER (WHERE is_known) - min(paid_at))::float8 / 86400,
    extract(epoch FROM :now - min(paid_at))::float8 / 86400,
    coalesce(avg(amount) FILTER (WHERE is_known AND place > 1), 0)::float8, count(*) FILTER (WHERE NOT is_known)
FROM (
    SELECT customer_id, paid_at, paid_at <= :now AS is_known, total - refunded AS amount,
        row_number() OVER (PARTITION BY customer_id ORDER BY paid_at, order_id) AS place
    FROM orders WHERE total > refunded AND paid_at <= :until
) AS kept
GROUP BY customer_id HAVING min(paid_at) <= :now ORDER BY customer_id
""")
_WRITE = text("""
UPDATE customers SET fields = fields || jsonb_build_object(
    'likely_to_buy', given.likely_to_buy, 'expected_value', given.expected_value)
FROM json_to_recordset(CAST(:rows AS json)) AS given (id bigint, likely_to_buy numeric, expected_value bigint)
WHERE customers.id = given.id
""")

HELD_BACK = timedelta(days=90)
"""The orders of so long before a fit are foretold from those before them, to see how well that goes."""

MOST_REPEATS = 7
"""Customers who ordered again so often or more are one class."""

Forecast = tuple[int, float, int]
"""A customer, the chance of an order within 30 days, and the worth of the next 12 months in fen."""

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Forecasts:
    """Of each customer who ordered, in the order of their ids: the chance of an order, and what is expected."""

    customers: Ints
    chances: Floats
    worth: Floats

    def pages(self) -> Iterator[Sequence[Forecast]]:
        """The forecasts, `PAGE` of them at a time."""
        for start in range(0, len(self.customers), PAGE):
            part = slice(start, start + PAGE)
            columns = (self.customers[part], self.chances[part], self.worth[part].astype(np.int64))
            yield list(zip(*(column.tolist() for column in columns), strict=True))


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
    _, known, _, came = _histories(session, now - HELD_BACK, now)
    try:
        expected = fit_purchases(known).expected(known, HELD_BACK / timedelta(days=1))
    except TooFewOrdersError:
        return []
    classes = np.minimum(known.repeats, MOST_REPEATS)
    return [
        Foretold(int(each), int(part.sum()), round(float(expected[part].sum()), 1), int(came[part].sum()))
        for each in np.unique(classes)
        if (part := classes == each).any()
    ]


def fit(session: Session, now: datetime) -> tuple[ForecastFit, Forecasts]:
    """Fit the models to all orders by now. Returns the fit, kept, and the forecast for each customer who ordered.

    Raises TooFewOrdersError.
    """
    ids, known, mean, _ = _histories(session, now, now)
    purchases, values = fit_purchases(known), fit_values(known.repeats, mean)
    kept = ForecastFit(
        at=now, customers=len(ids), purchases=asdict(purchases), order_values=asdict(values),
        foretold=[asdict(each) for each in look_back(session, now)],
    )  # fmt: skip
    session.add(kept)
    chances = np.round(purchases.chance(known, SOON), 4)
    worth = np.rint(purchases.expected(known, YEAR) * values.expected(known.repeats, mean))
    return kept, Forecasts(ids, chances, worth)


def _histories(session: Session, now: datetime, until: datetime) -> tuple[Ints, Histories, Floats, Ints]:
    """Of each customer who ordered by now: the id, the history, the mean of the orders after the first, and how many
    orders came after now until then.
    """
    given = {"now": now, "until": until}
    rows = session.connection().execute(_HISTORIES, given, execution_options={"yield_per": PAGE})
    table = np.fromiter((tuple(row) for row in rows), dtype="i8, f8, f8, f8, f8, i8")
    id, repeats, recency, age, mean, came = (np.ascontiguousarray(table[name]) for name in table.dtype.names or ())
    return id, Histories(repeats, recency, age), mean, came


def write_page(work: UnitOfWork, library: Library, forecasts: Sequence[Forecast], now: datetime) -> None:
    """Write a page of forecasts into the customers' fields. Those are looked at again whose tags go by them."""
    rows = [{"id": id, "likely_to_buy": chance, "expected_value": value} for id, chance, value in forecasts]
    work.connection().execute(_WRITE, {"rows": json.dumps(rows)})
    if library.rules.asked.ranked:
        touch(work, library, [id for id, _, _ in forecasts], now)


def newest_fit(session: Session) -> tuple[ForecastFit, PurchaseModel, ValueModel] | None:
    """The fit that customers' forecasts are from."""
    row = session.exec(select(ForecastFit).order_by(col(ForecastFit.id).desc()).limit(1)).first()
    return (row, PurchaseModel(**row.purchases), ValueModel(**row.order_values)) if row else None
