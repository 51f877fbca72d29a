"""Plays."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "play_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_play_key")),
    )
    op.create_table(
        "play_versions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("play", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_play_versions")),
        sa.UniqueConstraint("play", "version", name=op.f("uq_play_versions_play_version")),
    )
    op.create_table(
        "play_instances",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("play", sa.String(), nullable=False),
        sa.Column("version_id", sa.String(), nullable=False),
        sa.Column("stream_id", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("position", sa.String(), nullable=True),
        sa.Column("progress", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("shown", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["version_id"], ["play_versions.id"], name=op.f("fk_play_instances_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_play_instances")),
    )
    op.create_index("ix_play_instances_play", "play_instances", ["play", "id"], unique=False)
    op.create_index(
        "uq_play_instances_open", "play_instances", ["play"], unique=True, postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_table(
        "plays",
        sa.Column("play", sa.String(), nullable=False),
        sa.Column("version_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["play_versions.id"], name=op.f("fk_plays_version_id")),
        sa.PrimaryKeyConstraint("play", name=op.f("pk_plays")),
    )
    op.create_table(
        "play_draws",
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("seed", sa.String(), nullable=False),
        sa.Column("commitment", sa.String(), nullable=False),
        sa.Column("next", sa.Integer(), nullable=False),
        sa.Column("given", sa.Integer(), nullable=False),
        sa.Column("left_over", sa.Integer(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["play_instances.id"], name=op.f("fk_play_draws_instance_id")),
        sa.PrimaryKeyConstraint("instance_id", "step", name=op.f("pk_play_draws")),
    )
    op.create_table(
        "play_rounds",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("at_most", sa.Integer(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("tally", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("digest", sa.String(), nullable=True),
        sa.Column("stirred", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["play_instances.id"], name=op.f("fk_play_rounds_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_play_rounds")),
        sa.UniqueConstraint("instance_id", "step", name=op.f("uq_play_rounds_instance_id_step")),
    )
    op.create_table(
        "play_entries",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("round_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("entrant", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("choice", sa.String(), nullable=True),
        sa.Column("guess", sa.Float(), nullable=True),
        sa.Column("weight", sa.Float(), nullable=True),
        sa.Column("dropped", sa.String(), nullable=True),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_play_entries_customer_id")),
        sa.ForeignKeyConstraint(["round_id"], ["play_rounds.id"], name=op.f("fk_play_entries_round_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_play_entries")),
    )
    op.create_index("ix_play_entries_customer", "play_entries", ["customer_id"], unique=False)
    op.create_index("ix_play_entries_person", "play_entries", ["round_id", "customer_id"], unique=False)
    op.create_index(
        "ix_play_entries_untold", "play_entries", ["round_id", "id"], unique=False, postgresql_where=sa.text("NOT told")
    )
    op.create_table(
        "play_winners",
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("prize", sa.Integer(), nullable=True),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_play_winners_customer_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["play_entries.id"], name=op.f("fk_play_winners_entry_id")),
        sa.ForeignKeyConstraint(["instance_id"], ["play_instances.id"], name=op.f("fk_play_winners_instance_id")),
        sa.PrimaryKeyConstraint("instance_id", "step", "entry_id", name=op.f("pk_play_winners")),
    )
    op.create_index("ix_play_winners_customer", "play_winners", ["customer_id"], unique=False)
    op.create_index(
        "uq_play_winners_place",
        "play_winners",
        ["instance_id", "step", "place"],
        unique=True,
        postgresql_where=sa.text("place IS NOT NULL"),
    )
    op.alter_column("coupons", "enrollment_id", existing_type=sa.BIGINT(), nullable=True)


def downgrade() -> None:
    """Take back."""
    op.alter_column("coupons", "enrollment_id", existing_type=sa.BIGINT(), nullable=False)
    op.drop_index("uq_play_winners_place", table_name="play_winners", postgresql_where=sa.text("place IS NOT NULL"))
    op.drop_index("ix_play_winners_customer", table_name="play_winners")
    op.drop_table("play_winners")
    op.drop_index("ix_play_entries_untold", table_name="play_entries", postgresql_where=sa.text("NOT told"))
    op.drop_index("ix_play_entries_person", table_name="play_entries")
    op.drop_index("ix_play_entries_customer", table_name="play_entries")
    op.drop_table("play_entries")
    op.drop_table("play_rounds")
    op.drop_table("play_draws")
    op.drop_table("plays")
    op.drop_index("uq_play_instances_open", table_name="play_instances", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_index("ix_play_instances_play", table_name="play_instances")
    op.drop_table("play_instances")
    op.drop_table("play_versions")
    op.drop_table("play_key")
