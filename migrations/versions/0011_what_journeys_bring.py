"""What journeys bring: who was held out, which variant was given, and what orders are owed to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "attributions",
        sa.Column("order_id", sa.String(), sa.ForeignKey("orders.order_id"), primary_key=True),
        sa.Column("message_id", sa.BigInteger(), sa.ForeignKey("messages.id"), nullable=False),
        sa.Column("enrollment_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), sa.ForeignKey("customers.id"), nullable=False, index=True),
        sa.Column("journey", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("variants", JSONB(), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_attributions_journey", "attributions", ["journey", "paid_at"])
    op.create_index("ix_messages_customer", "messages", ["customer_id"])
    op.create_index("ix_trail_entered", "trail", ["journey", "at"], postgresql_where=sa.text("what = 'entered'"))
    op.create_index(
        "ix_trail_variants", "trail", ["journey", "step", "at"], postgresql_where=sa.text("what = 'variant'")
    )
    op.execute(
        "UPDATE trail SET reason = 'holdout' WHERE what = 'entered' AND enrollment_id IN"
        " (SELECT enrollment_id FROM trail WHERE what = 'suppressed' AND reason = 'holdout')"
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_trail_variants", "trail")
    op.drop_index("ix_trail_entered", "trail")
    op.drop_index("ix_messages_customer", "messages")
    op.drop_table("attributions")
