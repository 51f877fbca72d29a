"""What the orders of each customer come to, where rows were written past the triggers that keep it."""

from sqlalchemy import Connection, text

_SUM_UP = text("""
INSERT INTO order_sums (customer_id, orders, spent, first_order_at, last_order_at)
SELECT customer_id, count(*) FILTER (WHERE refunded < total OR total = 0), sum(total - refunded), min(paid_at),
    max(paid_at)
FROM orders GROUP BY customer_id
""")


def sum_up_orders(connection: Connection) -> None:
    """Sum up all orders, of which nothing is summed up yet."""
    connection.execute(_SUM_UP)
