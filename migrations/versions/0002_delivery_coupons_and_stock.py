"""Delivery, coupons and stock."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "early_receipts",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("receipt_id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("provider_id", sa.String(), nullable=False),
        sa.Column("receipt", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "receipt_id", name=op.f("pk_early_receipts")),
    )
    op.create_index("ix_early_receipts_provider", "early_receipts", ["channel", "provider_id"], unique=False)
    op.create_table(
        "provider_accounts",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_provider_accounts")),
    )
    op.create_table(
        "provider_tokens",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_provider_tokens")),
    )
    op.create_table(
        "wechat_allowances",
        sa.Column("openid", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("left", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("openid", "way", name=op.f("pk_wechat_allowances")),
    )
    op.create_table(
        "wecom_friends",
        sa.Column("external_userid", sa.String(), nullable=False),
        sa.Column("userid", sa.String(), nullable=False),
        sa.Column("friends", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("external_userid", "userid", name=op.f("pk_wecom_friends")),
    )
    op.create_table(
        "wecom_reminders",
        sa.Column("msgid", sa.String(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("msgid", name=op.f("pk_wecom_reminders")),
    )
    op.create_table(
        "coupon_orders",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("lines", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("codes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("shares", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("redeemed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refunds", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_coupon_orders_customer_id")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_coupon_orders")),
    )
    op.create_index(op.f("ix_coupon_orders_customer_id"), "coupon_orders", ["customer_id"], unique=False)
    op.create_table(
        "links",
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_links_message_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_links")),
    )
    op.create_index(op.f("ix_links_message_id"), "links", ["message_id"], unique=False)
    op.add_column("coupons", sa.Column("cost", sa.BigInteger(), nullable=False))
    op.add_column("coupons", sa.Column("order_id", sa.String(), nullable=True))
    op.add_column("coupons", sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("coupons", sa.Column("moves", sa.Integer(), nullable=False))
    op.add_column("coupons", sa.Column("outside", sa.String(), nullable=True))
    op.drop_constraint(op.f("uq_coupons_enrollment_id_step"), "coupons", type_="unique")
    op.create_index(
        "ix_coupons_expiry", "coupons", ["expires_at"], unique=False, postgresql_where=sa.text("status = 'issued'")
    )
    op.create_index(
        "ix_coupons_locks", "coupons", ["locked_until"], unique=False, postgresql_where=sa.text("status = 'locked'")
    )
    op.create_index(
        "ix_coupons_order", "coupons", ["order_id"], unique=False, postgresql_where=sa.text("order_id IS NOT NULL")
    )
    op.create_index(
        "ix_coupons_outside",
        "coupons",
        ["code"],
        unique=False,
        postgresql_where=sa.text("outside = 'reserved' OR (outside = 'confirmed' AND status = 'revoked')"),
    )
    op.create_index(
        "uq_coupons_step",
        "coupons",
        ["enrollment_id", "step"],
        unique=True,
        postgresql_where=sa.text("status <> 'revoked'"),
    )
    op.add_column("messages", sa.Column("recipient", sa.String(), nullable=False))
    op.add_column("messages", sa.Column("coupon_refused", sa.String(), nullable=True))
    op.add_column("messages", sa.Column("refused", postgresql.JSONB(astext_type=sa.Text()), nullable=False))
    op.add_column("messages", sa.Column("called_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("messages", sa.Column("written_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("messages", sa.Column("look_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("messages", sa.Column("looks", sa.Integer(), nullable=False))
    op.create_index(
        "ix_messages_look",
        "messages",
        ["channel", "look_at"],
        unique=False,
        postgresql_where=sa.text("look_at IS NOT NULL"),
    )
    op.create_index(
        "ix_messages_open",
        "messages",
        ["status", "id"],
        unique=False,
        postgresql_where=sa.text("status IN ('claimed', 'calling', 'pending_staff', 'unknown')"),
    )
    op.create_index(
        "ix_messages_provider",
        "messages",
        ["provider_id"],
        unique=False,
        postgresql_where=sa.text("provider_id IS NOT NULL"),
    )
    op.drop_column("messages", "settled_at")


def downgrade() -> None:
    """Take back."""
    op.add_column(
        "messages", sa.Column("settled_at", postgresql.TIMESTAMP(timezone=True), autoincrement=False, nullable=True)
    )
    op.drop_index("ix_messages_provider", table_name="messages", postgresql_where=sa.text("provider_id IS NOT NULL"))
    op.drop_index(
        "ix_messages_open",
        table_name="messages",
        postgresql_where=sa.text("status IN ('claimed', 'calling', 'pending_staff', 'unknown')"),
    )
    op.drop_index("ix_messages_look", table_name="messages", postgresql_where=sa.text("look_at IS NOT NULL"))
    op.drop_column("messages", "looks")
    op.drop_column("messages", "look_at")
    op.drop_column("messages", "written_at")
    op.drop_column("messages", "called_at")
    op.drop_column("messages", "refused")
    op.drop_column("messages", "coupon_refused")
    op.drop_column("messages", "recipient")
    op.drop_index("uq_coupons_step", table_name="coupons", postgresql_where=sa.text("status <> 'revoked'"))
    op.drop_index(
        "ix_coupons_outside",
        table_name="coupons",
        postgresql_where=sa.text("outside = 'reserved' OR (outside = 'confirmed' AND status = 'revoked')"),
    )
    op.drop_index("ix_coupons_order", table_name="coupons", postgresql_where=sa.text("order_id IS NOT NULL"))
    op.drop_index("ix_coupons_locks", table_name="coupons", postgresql_where=sa.text("status = 'locked'"))
    op.drop_index("ix_coupons_expiry", table_name="coupons", postgresql_where=sa.text("status = 'issued'"))
    op.create_unique_constraint(
        op.f("uq_coupons_enrollment_id_step"), "coupons", ["enrollment_id", "step"], postgresql_nulls_not_distinct=False
    )
    op.drop_column("coupons", "outside")
    op.drop_column("coupons", "moves")
    op.drop_column("coupons", "locked_until")
    op.drop_column("coupons", "order_id")
    op.drop_column("coupons", "cost")
    op.drop_index(op.f("ix_links_message_id"), table_name="links")
    op.drop_table("links")
    op.drop_index(op.f("ix_coupon_orders_customer_id"), table_name="coupon_orders")
    op.drop_table("coupon_orders")
    op.drop_table("wecom_reminders")
    op.drop_table("wecom_friends")
    op.drop_table("wechat_allowances")
    op.drop_table("provider_tokens")
    op.drop_table("provider_accounts")
    op.drop_index("ix_early_receipts_provider", table_name="early_receipts")
    op.drop_table("early_receipts")
