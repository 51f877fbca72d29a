"""A row of the outbox that can't be told is put off, told with its problem, and given up after some attempts."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Apply. An earlier release goes on to try what was given up."""
    op.add_column("outbox", sa.Column("next_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("outbox", sa.Column("given_up_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("outbox", sa.Column("problem", sa.String(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("outbox", "problem")
    op.drop_column("outbox", "given_up_at")
    op.drop_column("outbox", "next_at")
