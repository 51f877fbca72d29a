"""Shows are planned with their host, length, reservations and products."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    """Apply."""
    op.add_column("streams", sa.Column("plan", postgresql.JSONB()))


def downgrade() -> None:
    """Undo."""
    op.drop_column("streams", "plan")
