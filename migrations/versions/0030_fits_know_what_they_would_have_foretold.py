"""Fits know what they would have foretold of the time before them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    """Apply."""
    op.add_column("forecast_fits", sa.Column("foretold", JSONB(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """Undo."""
    op.drop_column("forecast_fits", "foretold")
