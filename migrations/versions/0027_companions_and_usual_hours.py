"""Products have companions, and customers and the shop usual hours."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Apply."""
    op.add_column("products", sa.Column("companions", JSONB(none_as_null=True)))
    op.create_table(
        "companions",
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("companion", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.Column("lift", sa.Float(), nullable=False),
        sa.Column("together", sa.Integer(), nullable=False),
        sa.Column("name", sa.String()),
        sa.PrimaryKeyConstraint("sku", "companion", name="pk_companions"),
    )
    op.create_table(
        "shop_hours",
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hour", name="pk_shop_hours"),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("shop_hours")
    op.drop_table("companions")
    op.drop_column("products", "companions")
