"""Coupons are counted by campaign."""

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Apply."""
    columns = ["campaign", "issued_at", "code"]
    op.create_index("ix_coupons_campaign", "coupons", columns, postgresql_include=["status", "cost"])


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_coupons_campaign", "coupons")
