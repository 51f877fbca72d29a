"""Orders are owed to coupons, too."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Apply."""
    op.add_column("attributions", sa.Column("coupon", sa.String()))
    op.alter_column("attributions", "message_id", nullable=True)


def downgrade() -> None:
    """Undo."""
    op.execute("DELETE FROM attributions WHERE message_id IS NULL")
    op.alter_column("attributions", "message_id", nullable=False)
    op.drop_column("attributions", "coupon")
