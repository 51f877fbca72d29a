"""A row of the outbox says in a payload what it is for; the columns that were borrowed for it are read, and kept."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Apply. Rows that an earlier release writes have no payload, and are told by their columns."""
    op.add_column("outbox", sa.Column("payload", JSONB(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.execute(
        "UPDATE outbox SET enrollment_id = (payload->>'enrollment')::bigint, journey = payload->>'journey',"
        " event_id = coalesce(payload->>'event', payload->>'alarm')::bigint, channel = payload->>'channel'"
        " WHERE payload IS NOT NULL"
    )
    op.drop_column("outbox", "payload")
