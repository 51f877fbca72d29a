"""Orders know the livestream that they came from."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    """Apply."""
    op.add_column("orders", sa.Column("stream_id", sa.String()))
    op.execute("""
        UPDATE orders SET stream_id = events.data->>'stream_id' FROM events
        WHERE events.customer_id = orders.customer_id AND events.type = 'order.paid' AND events.time = orders.paid_at
            AND events.data->>'order_id' = orders.order_id AND events.data->>'stream_id' IS NOT NULL
    """)
    op.create_index("ix_orders_paid", "orders", ["paid_at"])


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_orders_paid", "orders")
    op.drop_column("orders", "stream_id")
