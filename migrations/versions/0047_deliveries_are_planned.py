"""Deliveries are planned with suppliers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "supplier_dues",
        sa.Column("supplier", sa.String(), primary_key=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "supply_plans",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("supplier", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("lines", postgresql.JSONB(), nullable=False),
        sa.Column("answer", postgresql.JSONB()),
        sa.Column("exceptions", postgresql.JSONB(), nullable=False),
        sa.Column("decided_by", sa.String()),
        sa.Column("ordered", postgresql.JSONB(), nullable=False),
        sa.Column("reference", sa.String()),
        sa.Column("promised_on", sa.Date()),
        sa.Column("shipped", postgresql.JSONB()),
        sa.Column("received", postgresql.JSONB(), nullable=False),
        sa.Column("notes", postgresql.JSONB(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("supplier", "on", name="uq_supply_plans_delivery"),
    )
    op.create_index("ix_supply_plans_status", "supply_plans", ["status"])


def downgrade() -> None:
    """Undo."""
    op.drop_table("supply_plans")
    op.drop_table("supplier_dues")
