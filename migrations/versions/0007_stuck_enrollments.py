"""Enrollments that a defect has put off."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply."""
    op.add_column("enrollments", sa.Column("stuck_on", sa.String(), nullable=True))
    op.add_column("enrollments", sa.Column("stuck_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("enrollments", sa.Column("attempts", sa.Integer(), server_default="0", nullable=False))
    op.create_index("ix_enrollments_stuck", "enrollments", ["id"], postgresql_where=sa.text("stuck_on IS NOT NULL"))


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_enrollments_stuck", "enrollments")
    for name in ("attempts", "stuck_since", "stuck_on"):
        op.drop_column("enrollments", name)
