"""The outbox has a column for the channel that it follows up, and what buyers are told a table of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply."""
    op.add_column("outbox", sa.Column("channel", sa.String(), nullable=True))
    op.alter_column("outbox", "journey", existing_type=sa.String(), nullable=True)
    op.execute("UPDATE outbox SET channel = journey WHERE kind = 'follow_up'")
    op.execute("UPDATE outbox SET journey = NULL WHERE kind IN ('follow_up', 'replenish', 'restocked')")
    op.create_table(
        "replenishment_notices",
        sa.Column("replenishment_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["replenishment_id"], ["replenishments.id"], name=op.f("fk_replenishment_notices_replenishment_id")
        ),
        sa.PrimaryKeyConstraint("replenishment_id", "status", "reminders", name=op.f("pk_replenishment_notices")),
    )
    op.execute(
        "INSERT INTO replenishment_notices (replenishment_id, status, reminders, recipient, body, at)"
        " SELECT split_part(key, '/', 2)::bigint, split_part(key, '/', 3), split_part(key, '/', 4)::integer,"
        " recipient, body, at FROM sandbox_messages WHERE channel = 'notice'"
    )
    op.execute("DELETE FROM sandbox_messages WHERE channel = 'notice'")


def downgrade() -> None:
    """Take back."""
    op.execute(
        "INSERT INTO sandbox_messages (key, channel, recipient, body, at)"
        " SELECT concat_ws('/', 'replenishment', replenishment_id, status, reminders), 'notice', recipient, body, at"
        " FROM replenishment_notices"
    )
    op.drop_table("replenishment_notices")
    op.execute("UPDATE outbox SET journey = coalesce(channel, 'replenishment') WHERE journey IS NULL")
    op.alter_column("outbox", "journey", existing_type=sa.String(), nullable=False)
    op.drop_column("outbox", "channel")
