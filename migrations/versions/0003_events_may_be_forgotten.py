"""Events may be forgotten."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply."""
    op.add_column("events", sa.Column("forgotten", sa.Boolean(), server_default="false", nullable=False))
    op.create_index(
        "ix_events_kept",
        "events",
        ["received_at", "id"],
        unique=False,
        postgresql_where=sa.text("customer_id IS NOT NULL AND NOT forgotten"),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index(
        "ix_events_kept", table_name="events", postgresql_where=sa.text("customer_id IS NOT NULL AND NOT forgotten")
    )
    op.drop_column("events", "forgotten")
