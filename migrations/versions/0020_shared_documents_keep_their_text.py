"""Shared documents keep the text of their file, so that it can be brought back into files."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Apply."""
    op.add_column("documents", sa.Column("source", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("documents", "source")
