"""Held messages, and the counts of the last days, are found without looking through all others."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    """Apply."""
    where = sa.text("held AND ending IS NULL")
    op.create_index("ix_enrollments_held", "enrollments", ["id"], postgresql_where=where)
    op.create_index("ix_journey_counts_since", "journey_counts", ["since"])


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_journey_counts_since", "journey_counts")
    op.drop_index("ix_enrollments_held", "enrollments")
