"""Journey tests."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "journey_tests",
        sa.Column("journey", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("journey", name=op.f("pk_journey_tests")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("journey_tests")
