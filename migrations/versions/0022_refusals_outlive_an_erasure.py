"""What was refused of an address holds when its customer is erased; events are found by type for all customers."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "erasure_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_erasure_key"),
    )
    op.create_index(
        "ix_events_by_type",
        "events",
        ["type", "time", "customer_id"],
        postgresql_where=sa.text("customer_id IS NOT NULL"),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_events_by_type", "events")
    op.drop_table("erasure_key")
