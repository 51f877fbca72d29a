"""Keys that pages and apps send with: from where, and how fast."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0045"
down_revision = "0044"


def upgrade() -> None:
    """Apply."""
    op.add_column("api_keys", sa.Column("origins", JSONB(), nullable=False, server_default="[]"))
    op.add_column("api_keys", sa.Column("events_per_second", sa.Integer()))


def downgrade() -> None:
    """Undo."""
    op.drop_column("api_keys", "events_per_second")
    op.drop_column("api_keys", "origins")
