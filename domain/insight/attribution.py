"""Attribution: what an order is owed to, to one last touch.

That is the newest message of the policy's window before it; where there is none, the coupon of a journey that was used
on it. Such a coupon is noted in either case.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import text
from sqlmodel import Session

from domain.ledger.states import WENT

PAGE = 5000

_ATTRIBUTE = text("""
INSERT INTO attributions (order_id, message_id, coupon, enrollment_id, customer_id, journey, step, variants, paid_at)
SELECT orders.order_id, touch.message_id, used.code, touch.enrollment_id, orders.customer_id, touch.journey, touch.step,
    coalesce((
        SELECT jsonb_object_agg(trail.step, trail.value) FROM trail WHERE trail.customer_id = orders.customer_id
            AND trail.enrollment_id = touch.enrollment_id AND trail.what = 'variant'
    ), '{}'), orders.paid_at
FROM orders LEFT JOIN LATERAL (
    SELECT code, enrollment_id, step FROM coupons
    WHERE coupons.order_id = orders.order_id AND coupons.customer_id = orders.customer_id AND status = 'redeemed'
    ORDER BY issued_at DESC, code LIMIT 1
) AS used ON true, LATERAL (
    (SELECT 0 AS place, id AS message_id, enrollment_id, journey, step FROM messages
    WHERE messages.customer_id = orders.customer_id AND messages.status = ANY (:went) AND journey <> 'send_test'
        AND messages.called_at <= orders.paid_at AND messages.called_at > orders.paid_at - CAST(:window AS interval)
    ORDER BY messages.called_at DESC, messages.id DESC LIMIT 1)
    UNION ALL
    SELECT 1, (SELECT messages.id FROM messages WHERE messages.customer_id = orders.customer_id
        AND messages.status = ANY (:went) AND (enrollment_id, messages.step) = (used.enrollment_id, used.step)
    ), used.enrollment_id, journey, used.step FROM enrollments WHERE enrollments.id = used.enrollment_id
    ORDER BY place LIMIT 1
) AS touch
WHERE orders.order_id = ANY (:orders)
ON CONFLICT (order_id) DO NOTHING
""")
_OF_CUSTOMERS = text("SELECT order_id FROM orders WHERE customer_id = ANY (:customers)")
_AFTER = text("""
SELECT order_id FROM orders JOIN messages USING (customer_id)
WHERE messages.id = ANY (:messages) AND messages.called_at <= orders.paid_at
    AND messages.called_at > orders.paid_at - CAST(:window AS interval)
""")
_NEXT = text("SELECT order_id FROM orders WHERE order_id > :after ORDER BY order_id LIMIT :page")
_FROM_SHOWS = text("""
UPDATE orders SET stream_id = events.data->>'stream_id' FROM events
WHERE orders.order_id = ANY (:orders) AND events.customer_id = orders.customer_id AND events.type = 'order.paid'
    AND events.time = orders.paid_at AND events.data->>'order_id' = orders.order_id
    AND stream_id IS DISTINCT FROM events.data->>'stream_id'
""")
"""The release before orders knew their show may have written some."""
_COUNT = text("SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM attributions)")
_FORGET = text("DELETE FROM attributions WHERE order_id = ANY (:orders)")


def attribute(session: Session, orders: Sequence[str], window: timedelta) -> None:
    """Note what orders are owed to, where it is anything: a message of the `window` before they were paid, a coupon."""
    if orders:
        session.connection().execute(_ATTRIBUTE, {"orders": list(orders), "went": sorted(WENT), "window": window})


def attribute_customers(session: Session, customers: Sequence[int], window: timedelta) -> None:
    """Work out anew what all orders of customers are owed to, whose messages and orders became others'."""
    found = session.connection().execute(_OF_CUSTOMERS, {"customers": list(customers)}).scalars().all()
    attribute_anew(session, found, window)


def attribute_after(session: Session, messages: Sequence[int], window: timedelta) -> None:
    """Work out anew what the orders are owed to that came after messages of which it is known now whether they went."""
    found = session.connection().execute(_AFTER, {"messages": list(messages), "window": window}).scalars().all()
    attribute_anew(session, found, window)


def attribute_again(session: Session, after: str, window: timedelta) -> str | None:
    """Work out anew what a page of orders is owed to, and the show that each came from: those after an id.

    Returns the last id; None at the end.
    """
    orders = session.connection().execute(_NEXT, {"after": after, "page": PAGE}).scalars().all()
    session.connection().execute(_FROM_SHOWS, {"orders": list(orders)})
    attribute_anew(session, orders, window)
    return orders[-1] if len(orders) == PAGE else None


def attributed(session: Session) -> tuple[int, int]:
    """How many orders there are, and how many are owed to something."""
    orders, owed = session.connection().execute(_COUNT).one()
    return orders, owed


def attribute_anew(session: Session, orders: Sequence[str], window: timedelta) -> None:
    """Work out anew what orders are owed to, as when a coupon was used on them, or isn't any more."""
    if orders:
        session.connection().execute(_FORGET, {"orders": list(orders)})
        attribute(session, orders, window)
