"""Segments by index."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Apply."""
    columns = ["paid_at", "total", "refunded"]
    op.create_index("ix_orders_totals", "orders", ["customer_id"], postgresql_include=columns)
    op.drop_index("ix_orders_customer_id", "orders")
    op.create_index(
        "ix_events_data",
        "events",
        ["data"],
        postgresql_using="gin",
        postgresql_ops={"data": "jsonb_path_ops"},
        postgresql_where=sa.text("customer_id IS NOT NULL"),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_events_data", "events")
    op.create_index("ix_orders_customer_id", "orders", ["customer_id"])
    op.drop_index("ix_orders_totals", "orders")
