"""Users are known by what the shop's systems call them."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Apply."""
    op.add_column("users", sa.Column("staff", sa.String(), nullable=True))
    op.create_unique_constraint("uq_users_staff", "users", ["staff"])


def downgrade() -> None:
    """Take back."""
    op.drop_constraint("uq_users_staff", "users")
    op.drop_column("users", "staff")
