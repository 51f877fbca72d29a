"""Customers may become one: evidence is kept with events and links, joins and what they moved in a journal."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0019"
down_revision = "0018"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.add_column("customers", sa.Column("merged_into", sa.BigInteger(), nullable=True))
    op.create_foreign_key("fk_customers_merged_into", "customers", "customers", ["merged_into"], ["id"])
    op.add_column("customers", sa.Column("former", ARRAY(sa.BigInteger()), server_default="{}", nullable=False))
    op.add_column("customers", sa.Column("identity", sa.Integer(), server_default="0", nullable=False))
    op.add_column("identifiers", sa.Column("since", _INSTANT, nullable=True))
    op.add_column("identifiers", sa.Column("event_id", sa.BigInteger(), nullable=True))
    op.add_column("events", sa.Column("identifiers", JSONB(), nullable=True))
    op.add_column("enrollments", sa.Column("entered_as", sa.BigInteger(), nullable=True))
    op.alter_column("identifier_conflicts", "other_customer_id", nullable=True)
    op.create_index("ix_identifier_conflicts_other_customer_id", "identifier_conflicts", ["other_customer_id"])
    op.add_column("identifier_conflicts", sa.Column("reason", sa.String(), server_default="asks", nullable=False))
    op.add_column("identifier_conflicts", sa.Column("decided", sa.String(), nullable=True))
    op.add_column("identifier_conflicts", sa.Column("decided_at", _INSTANT, nullable=True))
    op.create_table(
        "identity_joins",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("survivor_id", sa.BigInteger(), nullable=False),
        sa.Column("loser_id", sa.BigInteger(), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("by", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("evidence", JSONB(), nullable=False),
        sa.Column("before", JSONB(), nullable=False),
        sa.Column("after", JSONB(), nullable=False),
        sa.Column("tags", JSONB(), nullable=False),
        sa.Column("made", JSONB(), nullable=False),
        sa.Column("undone_at", _INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["survivor_id"], ["customers.id"], name="fk_identity_joins_survivor_id"),
        sa.ForeignKeyConstraint(["loser_id"], ["customers.id"], name="fk_identity_joins_loser_id"),
        sa.PrimaryKeyConstraint("id", name="pk_identity_joins"),
    )
    op.create_index("ix_identity_joins_survivor_id", "identity_joins", ["survivor_id"])
    op.create_index("ix_identity_joins_loser_id", "identity_joins", ["loser_id"])
    op.create_table(
        "identity_moves",
        sa.Column("join_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("keys", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["join_id"], ["identity_joins.id"], name="fk_identity_moves_join_id"),
        sa.PrimaryKeyConstraint("join_id", "place", name="pk_identity_moves"),
    )
    op.create_table(
        "identity_apart",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("other_id", sa.BigInteger(), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_identity_apart_customer_id"),
        sa.ForeignKeyConstraint(["other_id"], ["customers.id"], name="fk_identity_apart_other_id"),
        sa.PrimaryKeyConstraint("customer_id", "other_id", name="pk_identity_apart"),
    )


def downgrade() -> None:
    """Take back."""
    for table in ("identity_apart", "identity_moves", "identity_joins"):
        op.drop_table(table)
    for name in ("decided_at", "decided", "reason"):
        op.drop_column("identifier_conflicts", name)
    op.drop_index("ix_identifier_conflicts_other_customer_id", "identifier_conflicts")
    op.execute("DELETE FROM identifier_conflicts WHERE other_customer_id IS NULL")
    op.alter_column("identifier_conflicts", "other_customer_id", nullable=False)
    op.drop_column("enrollments", "entered_as")
    op.drop_column("events", "identifiers")
    for name in ("event_id", "since"):
        op.drop_column("identifiers", name)
    op.drop_constraint("fk_customers_merged_into", "customers", type_="foreignkey")
    for name in ("identity", "former", "merged_into"):
        op.drop_column("customers", name)
