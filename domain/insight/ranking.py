"""RFM: where each customer stands among all who ordered, by recency, frequency and value, in fifths of them.

`customer.r`, `.f` and `.m` are 1 to 5, and 5 is best: the newest last order, the most orders, the most spent. Equal
numbers have the same fifth, the uppermost that they reach. Orders that were refunded whole don't count. What they are
worked out of is live (`customer.recency_days`, `.frequency`, `.value`); the fifths are as of the last time.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from domain.membership.deciding import touch
from domain.published.library import Library
from domain.store.bulk import as_json
from domain.store.work import UnitOfWork

PAGE = 2000

_RANK = text("""
SELECT id, r, f, m FROM (
    SELECT customer_id AS id, ceil(5 * cume_dist() OVER (ORDER BY last))::int AS r,
        ceil(5 * cume_dist() OVER (ORDER BY orders))::int AS f, ceil(5 * cume_dist() OVER (ORDER BY spent))::int AS m
    FROM (
        SELECT customer_id, max(paid_at) AS last, count(*) AS orders, sum(total - refunded) AS spent
        FROM orders WHERE (total > refunded OR total = 0) AND paid_at <= :now GROUP BY customer_id
    ) AS kept
) AS ranked JOIN customers USING (id)
WHERE (fields -> 'r', fields -> 'f', fields -> 'm') IS DISTINCT FROM (to_jsonb(r), to_jsonb(f), to_jsonb(m))
ORDER BY id
""")
_WRITE = text("""
UPDATE customers SET fields = fields || jsonb_build_object('r', r, 'f', f, 'm', m)
FROM json_to_recordset(CAST(:rows AS json)) AS given (id bigint, r int, f int, m int)
WHERE customers.id = given.id
""")

Ranked = tuple[int, int, int, int]
"""A customer, and the fifths by recency, frequency and value."""


def rank(session: Session, now: datetime) -> Sequence[Ranked]:
    """Those whose fifths are others than they were, by id."""
    return [(id, r, f, m) for id, r, f, m in session.connection().execute(_RANK, {"now": now})]


def write_page(work: UnitOfWork, library: Library, ranked: Sequence[Ranked], now: datetime) -> None:
    """Write fifths into the customers' fields, and have those looked at again whose tags go by them."""
    rows = [{"id": id, "r": r, "f": f, "m": m} for id, r, f, m in ranked]
    work.connection().execute(_WRITE, {"rows": as_json(rows)})
    if library.rules.asked.ranked:
        touch(work, library, [id for id, *_ in ranked], now)
