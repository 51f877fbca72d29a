"""Attribution: what an order is owed to. The last touch counts, and there is none outside the policy's window."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import text
from sqlmodel import Session

from domain.ledger.states import WENT

PAGE = 5000

_ATTRIBUTE = text("""
INSERT INTO attributions (order_id, message_id, enrollment_id, customer_id, journey, step, variants, paid_at)
SELECT orders.order_id, last.id, last.enrollment_id, orders.customer_id, last.journey, last.step, coalesce((
    SELECT jsonb_object_agg(trail.step, trail.value) FROM trail
    WHERE trail.customer_id = orders.customer_id AND trail.enrollment_id = last.enrollment_id AND trail.what = 'variant'
), '{}'), orders.paid_at
FROM orders, LATERAL (
    SELECT id, enrollment_id, journey, step FROM messages
    WHERE messages.customer_id = orders.customer_id AND messages.status = ANY (:went)
    AND messages.called_at <= orders.paid_at AND messages.called_at > orders.paid_at - CAST(:window AS interval)
    ORDER BY messages.called_at DESC, messages.id DESC LIMIT 1
) AS last
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
_COUNT = text("SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM attributions)")
_FORGET = text("DELETE FROM attributions WHERE order_id = ANY (:orders)")


def attribute(session: Session, orders: Sequence[str], window: timedelta) -> None:
    """Note what orders are owed to, where it is a message: of the `window` before they were paid."""
    if orders:
        session.connection().execute(_ATTRIBUTE, {"orders": list(orders), "went": sorted(WENT), "window": window})


def attribute_customers(session: Session, customers: Sequence[int], window: timedelta) -> None:
    """Work out anew what all orders of customers are owed to, whose messages and orders became others'."""
    _anew(session, session.connection().execute(_OF_CUSTOMERS, {"customers": list(customers)}).scalars().all(), window)


def attribute_after(session: Session, messages: Sequence[int], window: timedelta) -> None:
    """Work out anew what the orders are owed to that came after messages of which it is known now whether they went."""
    found = session.connection().execute(_AFTER, {"messages": list(messages), "window": window}).scalars().all()
    _anew(session, found, window)


def attribute_again(session: Session, after: str, window: timedelta) -> str | None:
    """Work out anew what a page of orders is owed to, those after an id. Returns the last id; None at the end."""
    orders = session.connection().execute(_NEXT, {"after": after, "page": PAGE}).scalars().all()
    _anew(session, orders, window)
    return orders[-1] if len(orders) == PAGE else None


def attributed(session: Session) -> tuple[int, int]:
    """How many orders there are, and how many are owed to a message."""
    orders, owed = session.connection().execute(_COUNT).one()
    return orders, owed


def _anew(session: Session, orders: Sequence[str], window: timedelta) -> None:
    if orders:
        session.connection().execute(_FORGET, {"orders": list(orders)})
        attribute(session, orders, window)
