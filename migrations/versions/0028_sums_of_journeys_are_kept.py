"""Sums of journeys and experiments are kept by day."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "journey_totals",
        sa.Column("journey", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.DateTime(timezone=True)),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("clicked", sa.BigInteger(), nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("revenue", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("journey", name="pk_journey_totals"),
    )
    op.create_table(
        "unit_days",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("journey", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("plans", JSONB(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("day", sa.Date()),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("reached", sa.BigInteger(), nullable=False),
        sa.Column("paid", sa.Float(), nullable=False),
        sa.Column("paid_squares", sa.Float(), nullable=False),
        sa.Column("before", sa.Float(), nullable=False),
        sa.Column("before_squares", sa.Float(), nullable=False),
        sa.Column("product", sa.Float(), nullable=False),
        sa.Column("first", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_unit_days"),
    )
    op.create_index("ix_unit_days_journey", "unit_days", ["journey", "step"])


def downgrade() -> None:
    """Undo."""
    op.drop_table("unit_days")
    op.drop_table("journey_totals")
