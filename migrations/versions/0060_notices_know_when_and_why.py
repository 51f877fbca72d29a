"""Notices know since when they wait, and the trace that they belong to."""

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0049"


def upgrade() -> None:
    """Apply. The release before leaves both out: Postgres fills in the time, and there is no trace."""
    op.add_column("outbox", sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now()))
    op.add_column("outbox", sa.Column("traceparent", sa.String()))


def downgrade() -> None:
    """Take back."""
    op.drop_column("outbox", "traceparent")
    op.drop_column("outbox", "created_at")
