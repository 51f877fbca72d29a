"""Enrollments of traced events know their trace."""

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "enrollment_traces",
        sa.Column("enrollment_id", sa.BigInteger(), sa.ForeignKey("enrollments.id"), primary_key=True),
        sa.Column("traceparent", sa.String(), nullable=False),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("enrollment_traces")
