"""Texts and shared documents have versions."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "written_versions",
        sa.Column("what", sa.String(), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by", sa.String()),
        sa.Column("name", sa.String()),
        sa.Column("reason", sa.String()),
        sa.Column("at", sa.DateTime(timezone=True)),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("written_versions")
