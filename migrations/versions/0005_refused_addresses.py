"""A refusal is of an address too, whoever has it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply."""
    op.add_column("consents", sa.Column("address", sa.String(), nullable=True))
    op.create_index(
        "ix_consents_address", "consents", ["address"], unique=False, postgresql_where=sa.text("address IS NOT NULL")
    )
    op.create_index("ix_identifier_conflicts_event_id", "identifier_conflicts", ["event_id"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_identifier_conflicts_event_id", table_name="identifier_conflicts")
    op.drop_index("ix_consents_address", table_name="consents", postgresql_where=sa.text("address IS NOT NULL"))
    op.drop_column("consents", "address")
