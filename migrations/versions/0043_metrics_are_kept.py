"""Metrics are kept by period, and whatever changes the past is noted by the hour; orders are summed with the first.

Triggers note it, so that it is noted whoever writes: events told late, refunds, joins and splits of people, and the
release before this one, which may still run.
"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"

MADE_OF = {
    "events": "time AS at, customer_id, type, data->>'watched_minutes', data->>'amount',"
    " CASE WHEN type = 'message.clicked' THEN data->>'message' END AS message FROM {rows}",
    "orders": "paid_at AS at, customer_id, order_id, total, refunded, stream_id FROM {rows}",
    "messages": "called_at AS at, customer_id, journey, status IN ('pending_staff', 'sent', 'delivered', 'read')"
    " FROM {rows}",
    "trail": "at, customer_id, journey, reason FROM {rows} WHERE what = 'entered'",
    "enrollments": "entered_at AS at, customer_id, journey, goal_until,"
    " ending IS NOT DISTINCT FROM 'goal' OR converted_at IS NOT NULL FROM {rows}",
    "coupons": "issued_at AS at, customer_id, campaign, status, cost, order_id FROM {rows}",
    "attributions": "paid_at AS at, customer_id, journey, order_id FROM {rows}",
    "stock_moves": "at, lot_id, quantity, reason FROM {rows}",
}
"""What metrics are made of, by table; `at` is the instant by which it counts."""

ALSO = {
    "events": """
SELECT 'messages', (SELECT called_at FROM messages
    WHERE id = CASE WHEN message ~ '^[0-9]{1,18}$' THEN message::bigint END)
FROM changed WHERE message IS NOT NULL""",
    "orders": """
SELECT CASE WHEN paid_at > since THEN 'later_orders' ELSE 'earlier_orders' END, paid_at
FROM (SELECT customer_id, min(at) AS since FROM changed GROUP BY customer_id) AS buyers
CROSS JOIN LATERAL (SELECT paid_at FROM orders WHERE orders.customer_id = buyers.customer_id
    AND paid_at >= since - interval '30 days' AND paid_at <> since OFFSET 0) AS others""",
    "coupons": """
SELECT 'coupons', (SELECT paid_at FROM orders WHERE orders.order_id = changed.order_id) FROM changed
WHERE order_id IS NOT NULL""",
}
"""What else counts otherwise then: messages that were clicked, a buyer's other orders, an order with a coupon."""

NOTE = """
WITH changed AS MATERIALIZED ({changed}) INSERT INTO metric_changes (source, hour)
SELECT DISTINCT source, date_trunc('hour', at, 'UTC') FROM (SELECT '{table}' AS source, at FROM changed{also}) AS each
WHERE at IS NOT NULL;
"""
FUNCTION = """
CREATE FUNCTION note_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
IF TG_OP = 'INSERT' THEN {inserted}
ELSIF TG_OP = 'DELETE' THEN {deleted}
ELSE {updated}
END IF;
RETURN NULL; END $$
"""
AFTER = {
    "insert": "NEW TABLE AS new_rows",
    "delete": "OLD TABLE AS old_rows",
    "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
}
NEW_SUMS = """
INSERT INTO order_sums (customer_id, orders, spent, first_order_at, last_order_at)
SELECT customer_id, count(*) FILTER (WHERE refunded < total OR total = 0), sum(total - refunded), min(paid_at),
max(paid_at) FROM {rows} GROUP BY customer_id ORDER BY customer_id
"""
OLD_SUMS = NEW_SUMS.replace(" first_order_at,", "").replace(" min(paid_at),", "")
ADD = """
{sums} ON CONFLICT (customer_id) DO UPDATE SET orders = order_sums.orders + excluded.orders,
spent = order_sums.spent + excluded.spent,
{first} last_order_at = greatest(order_sums.last_order_at, excluded.last_order_at)
"""
SUM_UP = """
DELETE FROM order_sums WHERE customer_id IN (SELECT customer_id FROM changed)
AND NOT EXISTS (SELECT FROM orders WHERE orders.customer_id = order_sums.customer_id);
{sums} ON CONFLICT (customer_id) DO UPDATE
SET orders = excluded.orders, spent = excluded.spent, {first} last_order_at = excluded.last_order_at
"""


def replace_sums(sums: str, first: str) -> None:
    """Have the triggers on orders sum up by these statements; `first` is what they do about the first order."""
    of_changed = "orders WHERE customer_id IN (SELECT customer_id FROM changed)"
    least = first and "first_order_at = least(order_sums.first_order_at, excluded.first_order_at),"
    for name, body in {
        "add_up_orders": ADD.format(sums=sums.format(rows="changed"), first=least),
        "sum_up_orders": SUM_UP.format(sums=sums.format(rows=of_changed), first=first),
    }.items():
        op.execute(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN {body}; RETURN NULL; END $$"
        )


def upgrade() -> None:
    """Apply."""
    op.add_column("order_sums", sa.Column("first_order_at", sa.DateTime(timezone=True)))
    replace_sums(NEW_SUMS, "first_order_at = excluded.first_order_at,")
    op.execute("""
        UPDATE order_sums SET first_order_at = first.at
        FROM (SELECT customer_id, min(paid_at) AS at FROM orders GROUP BY customer_id) AS first
        WHERE first.customer_id = order_sums.customer_id
    """)
    op.create_index("ix_order_sums_first", "order_sums", ["first_order_at"])
    op.create_index("ix_stock_moves_at", "stock_moves", ["at"])
    op.create_index("ix_events_time", "events", ["time"], postgresql_using="brin")
    op.create_index("ix_messages_called", "messages", ["called_at"], postgresql_using="brin")
    op.create_index("ix_enrollments_entered", "enrollments", ["entered_at"], postgresql_using="brin")
    op.create_table(
        "metric_points",
        sa.Column("metric", sa.String(), nullable=False),
        sa.Column("definition", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("starts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("numerator", sa.Float()),
        sa.Column("denominator", sa.Float()),
        sa.PrimaryKeyConstraint("metric", "definition", "by", "day", name="pk_metric_points"),
    )
    op.create_table(
        "metric_changes",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_metric_changes"),
    )
    for table, made_of in MADE_OF.items():
        before, after = (f"SELECT {made_of.format(rows=rows)}" for rows in ("old_rows", "new_rows"))
        also = f" UNION ALL {ALSO[table]}" if table in ALSO else ""
        op.execute(
            FUNCTION.format(
                table=table,
                inserted=NOTE.format(changed=after, table=table, also=also),
                deleted=NOTE.format(changed=before, table=table, also=also),
                updated=NOTE.format(
                    changed=f"({before} EXCEPT {after}) UNION ALL ({after} EXCEPT {before})", table=table, also=also
                ),
            )
        )
        for change, rows in AFTER.items():
            op.execute(
                f"CREATE TRIGGER note_{change} AFTER {change.upper()} ON {table} REFERENCING {rows}"
                f" FOR EACH STATEMENT EXECUTE FUNCTION note_{table}()"
            )


def downgrade() -> None:
    """Take back."""
    for table in MADE_OF:
        for change in AFTER:
            op.execute(f"DROP TRIGGER note_{change} ON {table}")
        op.execute(f"DROP FUNCTION note_{table}")
    op.drop_table("metric_changes")
    op.drop_table("metric_points")
    for table, index in {
        "enrollments": "ix_enrollments_entered", "messages": "ix_messages_called", "events": "ix_events_time",
        "stock_moves": "ix_stock_moves_at", "order_sums": "ix_order_sums_first",
    }.items():  # fmt: skip
        op.drop_index(index, table)
    replace_sums(OLD_SUMS, "")
    op.drop_column("order_sums", "first_order_at")
