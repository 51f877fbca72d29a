"""Walks over many customers are kept until their end; what a restore has lost is known."""

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "walks",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("journey", sa.String(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), sa.ForeignKey("events.id")),
        sa.Column("due", sa.DateTime(timezone=True)),
        sa.Column("cursor", sa.String(), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("journey", "event_id", name="uq_walks_event"),
        sa.UniqueConstraint("journey", "due", name="uq_walks_due"),
    )
    op.create_table(
        "doubtful_enrollments",
        sa.Column("enrollment_id", sa.BigInteger(), sa.ForeignKey("enrollments.id"), primary_key=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
    )
    for name in ("lost_since", "lost_until", "restored_at"):
        op.add_column("publication", sa.Column(name, sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Undo."""
    for name in ("restored_at", "lost_until", "lost_since"):
        op.drop_column("publication", name)
    op.drop_table("doubtful_enrollments")
    op.drop_table("walks")
