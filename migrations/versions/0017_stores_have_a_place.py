"""Stores have a place, for conditions about what is near."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Apply."""
    op.add_column("stores", sa.Column("location", JSONB(none_as_null=True)))


def downgrade() -> None:
    """Undo."""
    op.drop_column("stores", "location")
