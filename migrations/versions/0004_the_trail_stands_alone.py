"""The trail has no foreign keys: what it is about is never deleted, and it is what is written most."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply."""
    op.drop_constraint("fk_trail_customer_id", "trail", type_="foreignkey")
    op.drop_constraint("fk_trail_enrollment_id", "trail", type_="foreignkey")


def downgrade() -> None:
    """Take back."""
    op.create_foreign_key("fk_trail_enrollment_id", "trail", "enrollments", ["enrollment_id"], ["id"])
    op.create_foreign_key("fk_trail_customer_id", "trail", "customers", ["customer_id"], ["id"])
