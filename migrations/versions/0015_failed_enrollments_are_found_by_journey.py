"""Failed enrollments are found by journey."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Apply."""
    op.create_index(
        "ix_enrollments_failed", "enrollments", ["journey"], unique=False, postgresql_where=sa.text("ending = 'failed'")
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_enrollments_failed", table_name="enrollments", postgresql_where=sa.text("ending = 'failed'"))
