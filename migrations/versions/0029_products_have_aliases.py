"""What customers call a product, beside its name."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Apply; a release before this one goes on beside it."""
    op.add_column("products", sa.Column("aliases", JSONB(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("products", "aliases")
