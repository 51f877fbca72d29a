"""What the ERP says of each order of a delivery: its own name for it, and what the supplier confirmed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0048"
down_revision = "0047"


def upgrade() -> None:
    """Apply."""
    column = sa.Column("orders", postgresql.JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb"))
    op.add_column("supply_plans", column)


def downgrade() -> None:
    """Undo."""
    op.drop_column("supply_plans", "orders")
