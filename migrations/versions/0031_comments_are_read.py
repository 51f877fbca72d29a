"""Comments are read, and what they say is kept."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "unread_comments",
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_unread_comments_event_id")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_unread_comments")),
    )
    op.create_table(
        "opinions",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("clause", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stream_id", sa.String(), nullable=True),
        sa.Column("sku", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("aspect", sa.String(), nullable=True),
        sa.Column("sentiment", sa.String(), nullable=True),
        sa.Column("topic", sa.String(), nullable=True),
        sa.Column("phrase", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("reader", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("corrected_by", sa.String(), nullable=True),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_opinions_event_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opinions")),
        sa.UniqueConstraint("event_id", "clause", name=op.f("uq_opinions_event_id_clause")),
    )
    op.create_index("ix_opinions_sku", "opinions", ["sku", "at"])
    op.create_index("ix_opinions_at", "opinions", ["at", "id"])
    op.create_index(
        "ix_opinions_stream", "opinions", ["stream_id", "sku"], postgresql_where=sa.text("stream_id IS NOT NULL")
    )
    op.create_index("ix_opinions_corrected", "opinions", ["id"], postgresql_where=sa.text("corrected_at IS NOT NULL"))


def downgrade() -> None:
    """Undo."""
    op.drop_table("opinions")
    op.drop_table("unread_comments")
