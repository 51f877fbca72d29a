"""The life of a customer: the stored events themselves, among what was decided about them, in one order of time."""

from collections.abc import Iterable, Sequence, Set
from heapq import merge
from itertools import islice

from sqlalchemy import text
from sqlmodel import Session, col, select

from domain.customers.tables import Customer
from domain.intake.tables import Event
from domain.intake.timeline import EVERYTHING, HAPPENED, TimelineCursor, timeline
from domain.stock.tables import Stream
from domain.voice.products import product_names
from workflows.verbs.base import Decision
from workflows.verbs.coupon import COUPONS_LIFE
from workflows.words.happening import Called

_DECIDED_TOO = (
    "coupon.issued", "customer.birthday", "segment.entered", "segment.left", "segment.member", "send.once",
    "tag.added", "tag.removed",
)  # fmt: skip
"""What the product itself tells itself; the timeline has a decision for each."""


def life(
    session: Session, customer: Customer, *, after: TimelineCursor | None, limit: int
) -> Sequence[tuple[TimelineCursor, Decision | Event]]:
    """A page of what happened and what was decided, oldest first; an event stands before what came of it."""
    events: Iterable[tuple[TimelineCursor, Decision | Event]] = _events(session, customer.id, after, limit)
    decisions = timeline(session, customer, after=after, limit=limit)
    return list(islice(merge(events, decisions, key=lambda entry: entry[0]), limit))


def called(session: Session, events: Sequence[Event]) -> Called:
    """What people call the products and livestreams of these events."""
    streams = {each for event in events if isinstance(each := event.data.get("stream_id"), str)}
    titles = session.exec(select(Stream.stream_id, Stream.title).where(col(Stream.stream_id).in_(streams)))
    return Called(
        products=product_names(session, {sku for event in events for sku in _skus(event)}),
        streams={id: title for id, title in titles if title},
    )


def _events(
    session: Session, customer_id: int, after: TimelineCursor | None, limit: int
) -> Sequence[tuple[TimelineCursor, Event]]:
    ids = session.connection().execute(
        _PAGE_OF_EVENTS,
        {
            "customer": customer_id,
            "decided": list(_DECIDED_TOO),
            "coupons": list(COUPONS_LIFE),
            "at": after.at if after else None,
            "id": (after.id if after.kind == HAPPENED else EVERYTHING) if after else 0,
            "limit": limit,
        },
    )
    query = select(Event).where(col(Event.id).in_(ids.scalars().all()))
    rows = session.exec(query.order_by(col(Event.time), col(Event.id)))
    return [(TimelineCursor(event.time, HAPPENED, event.id), event) for event in rows]


_PAGE_OF_EVENTS = text("""
WITH RECURSIVE types (type) AS (
    (SELECT type FROM events WHERE customer_id = :customer ORDER BY type LIMIT 1)
    UNION ALL
    SELECT (SELECT events.type FROM events WHERE customer_id = :customer AND events.type > types.type
            ORDER BY events.type LIMIT 1)
    FROM types WHERE types.type IS NOT NULL
)
SELECT page.id FROM types CROSS JOIN LATERAL (
    SELECT id, time FROM events
    WHERE customer_id = :customer AND events.type = types.type
        AND (forgotten OR events.type <> ALL (CAST(:coupons AS text[])))
        AND (time, id) > (coalesce(CAST(:at AS timestamptz), '-infinity'), :id)
    ORDER BY time, id LIMIT :limit
) page
WHERE types.type <> ALL (CAST(:decided AS text[]))
ORDER BY page.time, page.id LIMIT :limit
""")
"""By the index of customer, type and time: of each type that the customer has as many as the page may need."""


def _skus(event: Event) -> Set[str]:
    items = event.data.get("items")
    goods = [event.data, *(items if isinstance(items, list) else [])]
    return {sku for each in goods if isinstance(each, dict) and isinstance(sku := each.get("sku"), str)}
