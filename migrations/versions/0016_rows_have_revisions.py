"""A row's revision tells that nobody changed it meanwhile."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Apply."""
    for table in ("enrollments", "messages"):
        op.add_column(table, sa.Column("revision", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    """Take back."""
    for table in ("enrollments", "messages"):
        op.drop_column(table, "revision")
