"""Products have managers, and departments tasks."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """Apply; a release before this one goes on beside it."""
    op.add_column("products", sa.Column("manager", sa.String(), nullable=True))
    op.create_table(
        "tasks",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("department", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("stream_id", sa.String(), nullable=True),
        sa.Column("sku", sa.String(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.String(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        sa.UniqueConstraint("key", name=op.f("uq_tasks_key")),
    )
    op.create_index("ix_tasks_open", "tasks", ["owner", "id"], postgresql_where=sa.text("done_at IS NULL"))
    op.create_index("ix_tasks_stream", "tasks", ["stream_id"], postgresql_where=sa.text("stream_id IS NOT NULL"))


def downgrade() -> None:
    """Undo."""
    op.drop_table("tasks")
    op.drop_column("products", "manager")
