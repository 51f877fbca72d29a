"""Customers who are nobody else's are counted by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    """Apply."""
    op.create_index("ix_customers_people", "customers", ["id"], postgresql_where=sa.text("merged_into IS NULL"))


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_customers_people", "customers")
