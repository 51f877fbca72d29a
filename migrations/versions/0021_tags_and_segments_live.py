"""Tags and segments are kept by rules: who is in which, since when, why, and when to look again."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.add_column("customer_tags", sa.Column("ruled", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("customer_tags", sa.Column("since", _INSTANT, nullable=True))
    op.add_column("customer_tags", sa.Column("because", sa.String(), nullable=True))
    op.create_index("ix_customer_tags_tag", "customer_tags", ["tag", "customer_id"])
    op.create_index("ix_customer_tags_until", "customer_tags", ["until"], postgresql_where=sa.text("until IS NOT NULL"))
    op.create_table(
        "segment_members",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("segment", sa.String(), nullable=False),
        sa.Column("since", _INSTANT, nullable=False),
        sa.Column("because", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_segment_members_customer_id"),
        sa.PrimaryKeyConstraint("customer_id", "segment", name="pk_segment_members"),
    )
    op.create_index("ix_segment_members_segment", "segment_members", ["segment", "customer_id"])
    op.create_table(
        "next_looks",
        sa.Column("customer", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("customer", name="pk_next_looks"),
    )
    op.create_index("ix_next_looks_at", "next_looks", ["at", "customer"])
    op.create_table(
        "rule_progress",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("upto", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("asked", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("gone", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("begun_at", _INSTANT, nullable=False),
        sa.Column("done_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("kind", "name", name="pk_rule_progress"),
    )
    op.create_table(
        "shows_since",
        sa.Column("shows", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("shows", name="pk_shows_since"),
    )
    op.create_table(
        "segment_sizes",
        sa.Column("segment", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("segment", "day", name="pk_segment_sizes"),
    )


def downgrade() -> None:
    """Undo."""
    for table in ("segment_sizes", "shows_since", "rule_progress", "next_looks", "segment_members"):
        op.drop_table(table)
    op.drop_index("ix_customer_tags_until", "customer_tags")
    op.drop_index("ix_customer_tags_tag", "customer_tags")
    for column in ("because", "since", "ruled"):
        op.drop_column("customer_tags", column)
