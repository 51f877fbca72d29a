"""Which products are bought with which more often than by chance, learnt from the orders of a year.

Two products go together in an order that has both, and in an order of one after which, within 30 days, the same
customer's next orders have the other; both are counted, each beside what chance would have given. Their lift is drawn
towards 1 as if `PRIOR` more had been seen as often as by chance: a gamma-Poisson shrinkage (DuMouchel, "Bayesian Data
Mining in Large Frequency Tables", The American Statistician 53 (1999)). The weight of a pair is the logarithm of its
lift, so that the weights of several products add up as independent evidence does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sqlalchemy import text
from sqlmodel import Session, insert

from domain.insight.tables import LearntCompanion

LOOKS_BACK = timedelta(days=365)
SPAN = 30 * 86400
"""Seconds after an order in which the next orders of its customer go with it."""

LEAST_ORDERS = 20
"""Orders that a product must be in to be learnt of."""

LEAST_TOGETHER = 5
"""How often two must have been bought together."""

PRIOR = 20.0
LATER = 0.3
"""What being bought within the days after counts for, beside being bought at once."""

KEPT = 50
"""Companions of a product that are kept."""

MOST_ITEMS = 200
"""Products of an order, of which no more are looked at: a wholesaler's list says nothing of taste."""

_ORDERS = text("""
SELECT events.customer_id, extract(epoch FROM events.time)::bigint AS at,
    jsonb_path_query_array(data, 'lax $.items[*].sku') AS skus,
    jsonb_path_query_array(data, 'lax $.items[*] ? (exists (@.name))') AS named
FROM events JOIN orders ON orders.order_id = events.data->>'order_id'
WHERE type = 'order.paid' AND events.customer_id IS NOT NULL AND events.time > :since AND events.time <= :now
    AND data->>'channel' IS DISTINCT FROM 'wholesale' AND (total > refunded OR total = 0)
ORDER BY events.customer_id, events.time, events.id
""")
_FORGET = text("DELETE FROM companions")
_COUNT = text("SELECT count(DISTINCT sku), count(*) FROM companions")

Matrix = Any
"""A sparse matrix, of which scipy says no types."""

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Baskets:
    """Orders by customer and time: whose, when (seconds), where each begins in `products`, which are numbers."""

    customers: Ints
    at: Ints
    starts: Ints
    products: Ints

    @property
    def matrix(self) -> Matrix:
        """Orders by products, 1 where an order has one."""
        ends = np.append(self.starts, len(self.products))
        number = int(self.products.max(initial=-1)) + 1
        ones = np.ones(len(self.products), dtype=np.float32)
        return sparse.csr_matrix((ones, self.products, ends), shape=(len(self.at), number))


@dataclass(frozen=True)
class Pair:
    """A product and one that goes with it, by their numbers."""

    product: int
    companion: int
    place: int
    weight: float
    lift: float
    together: int


def learn(baskets: Baskets, *, least_orders: int = LEAST_ORDERS) -> Iterator[Pair]:
    """What goes with each product that enough orders have, the best first."""
    whole = baskets.matrix
    known = np.flatnonzero(np.asarray(whole.sum(axis=0)).ravel() >= least_orders)
    if len(known) < 2:
        return
    bought = whole[:, known].tocsr()
    bought.data[:] = 1
    later = _later(baskets) @ bought
    later.data[:] = 1
    before, after, orders = _of_each(bought), _of_each(later), len(baskets.at)
    transposed = bought.T.tocsr()
    for row in range(len(known)):
        at_once, within = (_of_each(transposed[row] @ with_it) for with_it in (bought, later))
        lifts = [
            (seen + PRIOR) / (before[row] * of_each / orders + PRIOR)
            for seen, of_each in ((at_once, before), (within, after))
        ]
        weights = np.log(lifts[0]) + LATER * np.log(lifts[1])
        together, lift = at_once + within, np.maximum(*lifts)
        together[row] = 0
        kept = np.flatnonzero((together >= LEAST_TOGETHER) & (weights > 0))
        kept = kept[np.lexsort((kept, -weights[kept]))][:KEPT]
        for place, at in enumerate(kept):
            product, companion = int(known[row]), int(known[at])
            yield Pair(product, companion, place, float(weights[at]), float(lift[at]), int(together[at]))


def refresh(session: Session, now: datetime) -> tuple[int, int]:
    """Learn anew from the orders of the year before now. Returns of how many products, and how many pairs are kept."""
    skus, names, baskets = _read(session, now)
    connection = session.connection()
    connection.execute(_FORGET)
    page: list[dict[str, Any]] = []
    for pair in learn(baskets):
        sku, companion = skus[pair.product], skus[pair.companion]
        page.append({
            "sku": sku, "companion": companion, "place": pair.place, "weight": pair.weight, "lift": pair.lift,
            "together": pair.together, "name": names.get(companion),
        })  # fmt: skip
        if len(page) == 5000:
            connection.execute(insert(LearntCompanion), page)
            page = []
    if page:
        connection.execute(insert(LearntCompanion), page)
    products, pairs = connection.execute(_COUNT).one()
    return products, pairs


def _of_each(matrix: Matrix) -> NDArray[np.float64]:
    return np.asarray(matrix.sum(axis=0), dtype=np.float64).ravel()


def _later(baskets: Baskets) -> Matrix:
    """Orders by orders, 1 where the second is the same customer's, after the first and within the span."""
    number = len(baskets.at)
    ends = np.empty(number, dtype=np.int64)
    edges = np.flatnonzero(np.diff(baskets.customers)) + 1
    for start, end in zip([0, *edges], [*edges, number], strict=True):
        times = baskets.at[start:end]
        ends[start:end] = start + np.searchsorted(times, times + SPAN, side="right")
    counts = ends - np.arange(number) - 1
    starts = np.concatenate([[0], np.cumsum(counts)])
    place = np.arange(starts[-1]) - np.repeat(starts[:-1], counts)
    columns = np.repeat(np.arange(number) + 1, counts) + place
    ones = np.ones(len(columns), dtype=np.float32)
    return sparse.csr_matrix((ones, columns, starts), shape=(number, number))


def _read(session: Session, now: datetime) -> tuple[Sequence[str], dict[str, str], Baskets]:
    """The products, what the newest orders call them, and the orders."""
    numbers: dict[str, int] = {}
    names: dict[str, tuple[int, str]] = {}
    customers, times, starts = list[int](), list[int](), list[int]()
    products = list[int]()
    given = {"since": now - LOOKS_BACK, "now": now}
    rows = session.connection().execute(_ORDERS, given, execution_options={"yield_per": 5000})
    for customer, at, skus, named in rows:
        customers.append(customer)
        times.append(at)
        starts.append(len(products))
        products += [numbers.setdefault(sku, len(numbers)) for sku in dict.fromkeys(skus[:MOST_ITEMS])]
        for item in named:
            if at >= names.get(item["sku"], (0, ""))[0]:
                names[item["sku"]] = (at, str(item["name"]))
    columns = (np.array(each, dtype=np.int64) for each in (customers, times, starts, products))
    return list(numbers), {sku: name for sku, (_, name) in names.items()}, Baskets(*columns)
