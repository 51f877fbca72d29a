"""Orders are summed by customer.

Triggers keep the sums, so that they are right whoever writes orders: events, refunds, joins and splits of people, and
the release before this one, which may still run.
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"

SUMS = """
INSERT INTO order_sums (customer_id, orders, spent, last_order_at)
SELECT customer_id, count(*) FILTER (WHERE refunded < total OR total = 0), sum(total - refunded), max(paid_at)
FROM {rows} GROUP BY customer_id ORDER BY customer_id
"""
FUNCTION = "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; RETURN NULL; END $$"
ADD = f"""
{SUMS.format(rows="changed")}
ON CONFLICT (customer_id) DO UPDATE SET orders = order_sums.orders + excluded.orders,
spent = order_sums.spent + excluded.spent, last_order_at = greatest(order_sums.last_order_at, excluded.last_order_at)
"""
SUM_UP = f"""
DELETE FROM order_sums WHERE customer_id IN (SELECT customer_id FROM changed)
AND NOT EXISTS (SELECT FROM orders WHERE orders.customer_id = order_sums.customer_id);
{SUMS.format(rows="orders WHERE customer_id IN (SELECT customer_id FROM changed)")}
ON CONFLICT (customer_id) DO UPDATE
SET orders = excluded.orders, spent = excluded.spent, last_order_at = excluded.last_order_at
"""
FUNCTIONS = {"add_up_orders": ADD, "sum_up_orders": SUM_UP}
AFTER = (
    ("insert", "NEW", "add_up_orders"),
    ("update", "OLD", "sum_up_orders"),
    ("update", "NEW", "sum_up_orders"),
    ("delete", "OLD", "sum_up_orders"),
)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "order_sums",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.Column("last_order_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_order_sums_customer_id_customers"),
        sa.PrimaryKeyConstraint("customer_id", name="pk_order_sums"),
    )
    for name, body in FUNCTIONS.items():
        op.execute(FUNCTION.format(name=name, body=body))
    for change, side, function in AFTER:
        op.execute(
            f"CREATE TRIGGER sum_up_{side.lower()}_rows_of_{change} AFTER {change.upper()} ON orders"
            f" REFERENCING {side} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        )
    op.execute(SUMS.format(rows="orders"))


def downgrade() -> None:
    """Take back."""
    for change, side, _ in AFTER:
        op.execute(f"DROP TRIGGER sum_up_{side.lower()}_rows_of_{change} ON orders")
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}")
    op.drop_table("order_sums")
