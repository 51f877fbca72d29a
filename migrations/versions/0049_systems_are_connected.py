"""Systems are connected."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0049"
down_revision = "0048"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "connector_pulls",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("connector", sa.String(), nullable=False),
        sa.Column("backfill", sa.Boolean(), nullable=False),
        sa.Column("since", sa.String(), nullable=True),
        sa.Column("until", sa.String(), nullable=True),
        sa.Column("position", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("running", sa.Boolean(), nullable=False),
        sa.Column("part", sa.Float(), nullable=True),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("duplicates", sa.BigInteger(), nullable=False),
        sa.Column("ignored", sa.BigInteger(), nullable=False),
        sa.Column("set_aside", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connector_pulls")),
    )
    op.create_index(
        "ix_connector_pulls_backfills",
        "connector_pulls",
        ["connector", "id"],
        unique=False,
        postgresql_where=sa.text("backfill"),
    )
    op.create_index(
        "ix_connector_pulls_regular",
        "connector_pulls",
        ["connector"],
        unique=True,
        postgresql_where=sa.text("NOT backfill"),
    )
    op.create_table(
        "output_positions",
        sa.Column("output", sa.String(), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("horizon", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("output", "stream", name=op.f("pk_output_positions")),
    )
    op.create_table(
        "set_aside_rows",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("connector", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("row", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_set_aside_rows")),
        sa.UniqueConstraint("connector", "key", name=op.f("uq_set_aside_rows_connector_key")),
    )
    op.create_index("ix_set_aside_rows_at", "set_aside_rows", ["at"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_set_aside_rows_at", table_name="set_aside_rows")
    op.drop_table("set_aside_rows")
    op.drop_table("output_positions")
    op.drop_index("ix_connector_pulls_regular", table_name="connector_pulls", postgresql_where=sa.text("NOT backfill"))
    op.drop_index("ix_connector_pulls_backfills", table_name="connector_pulls", postgresql_where=sa.text("backfill"))
    op.drop_table("connector_pulls")
