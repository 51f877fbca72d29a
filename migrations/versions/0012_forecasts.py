"""Forecasts of what customers will order."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "forecast_fits",
        sa.Column("id", sa.BigInteger(), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.Column("purchases", JSONB(), nullable=False),
        sa.Column("order_values", JSONB(), nullable=False),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("forecast_fits")
