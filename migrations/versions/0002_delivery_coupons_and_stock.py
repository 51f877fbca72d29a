"""Delivery, coupons and stock. What there was is carried over; each lot's book opens with what is on hand."""

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
        "live_products",
        sa.Column("stream_id", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("baseline", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("alarm", sa.String(), nullable=True),
        sa.Column("alarmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("alarms", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("stream_id", "sku", name=op.f("pk_live_products")),
    )
    op.create_table(
        "live_sales",
        sa.Column("stream_id", sa.String(), nullable=False),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stream_id", "sku", "minute", name=op.f("pk_live_sales")),
    )
    op.create_index("ix_live_sales_sku", "live_sales", ["sku", "minute"], unique=False)
    op.create_table(
        "products",
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("shelf_days", sa.Integer(), nullable=True),
        sa.Column("min_days", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sku", name=op.f("pk_products")),
    )
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
        "stores",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("store", name=op.f("pk_stores")),
    )
    op.create_index(op.f("ix_stores_city"), "stores", ["city"], unique=False)
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
        "replenishments",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("alarm_id", sa.BigInteger(), nullable=False),
        sa.Column("stream_id", sa.String(), nullable=True),
        sa.Column("sku", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("proposed", sa.BigInteger(), nullable=False),
        sa.Column("pack", sa.BigInteger(), nullable=False),
        sa.Column("ceiling", sa.BigInteger(), nullable=True),
        sa.Column("basis", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("assignee", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("promised_on", sa.Date(), nullable=True),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["alarm_id"], ["events.id"], name=op.f("fk_replenishments_alarm_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replenishments")),
        sa.UniqueConstraint("alarm_id", name=op.f("uq_replenishments_alarm_id")),
    )
    op.create_index("ix_replenishments_status", "replenishments", ["status", "id"], unique=False)
    op.create_index(
        "uq_replenishments_open",
        "replenishments",
        ["sku", "city"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "stock_moves",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("lot_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("seen", sa.Boolean(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=True),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_stock_moves_event_id")),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.lot_id"], name=op.f("fk_stock_moves_lot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_moves")),
    )
    op.create_index("ix_stock_moves_lot", "stock_moves", ["lot_id", "at"], unique=False)
    op.create_index(
        "ix_stock_moves_order",
        "stock_moves",
        ["order_id"],
        unique=False,
        postgresql_where=sa.text("order_id IS NOT NULL"),
    )
    op.create_table(
        "webhook_calls",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("enrollment_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["enrollment_id"], ["enrollments.id"], name=op.f("fk_webhook_calls_enrollment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_calls")),
        sa.UniqueConstraint("enrollment_id", "step", name=op.f("uq_webhook_calls_enrollment_id_step")),
    )
    op.create_table(
        "links",
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_links_message_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_links")),
    )
    op.create_index(op.f("ix_links_message_id"), "links", ["message_id"], unique=False)
    op.add_column("coupons", sa.Column("lot_id", sa.String(), nullable=True))
    op.add_column("coupons", sa.Column("cost", sa.BigInteger(), nullable=False, server_default="0"))
    op.alter_column("coupons", "cost", server_default=None)
    op.add_column("coupons", sa.Column("order_id", sa.String(), nullable=True))
    op.add_column("coupons", sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("coupons", sa.Column("moves", sa.Integer(), nullable=False, server_default="1"))
    op.alter_column("coupons", "moves", server_default=None)
    op.add_column("coupons", sa.Column("outside", sa.String(), nullable=True))
    op.drop_constraint(op.f("uq_coupons_enrollment_id_step"), "coupons", type_="unique")
    op.create_index(
        "ix_coupons_expiry", "coupons", ["expires_at"], unique=False, postgresql_where=sa.text("status = 'issued'")
    )
    op.create_index(
        "ix_coupons_locks", "coupons", ["locked_until"], unique=False, postgresql_where=sa.text("status = 'locked'")
    )
    op.create_index(
        "ix_coupons_lot", "coupons", ["lot_id"], unique=False, postgresql_where=sa.text("lot_id IS NOT NULL")
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
    op.add_column("enrollments", sa.Column("cohort_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_enrollments_cohort",
        "enrollments",
        ["cohort_id"],
        unique=False,
        postgresql_where=sa.text("cohort_id IS NOT NULL"),
    )
    op.create_foreign_key(op.f("fk_enrollments_cohort_id"), "enrollments", "enrollments", ["cohort_id"], ["id"])
    op.add_column("journeys", sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("journeys", sa.Column("dropped_until", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE journeys SET paused_at = now() WHERE paused")
    op.drop_column("journeys", "late")
    op.add_column("lots", sa.Column("store", sa.String(), nullable=True))
    op.add_column("lots", sa.Column("received_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("lots", sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("lots", sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True))
    op.alter_column("lots", "on_hand", existing_type=sa.INTEGER(), type_=sa.BigInteger(), existing_nullable=False)
    op.alter_column("lots", "reserved", existing_type=sa.INTEGER(), type_=sa.BigInteger(), existing_nullable=False)
    op.alter_column("lots", "quarantined", existing_type=sa.INTEGER(), type_=sa.BigInteger(), existing_nullable=False)
    op.create_index(op.f("ix_lots_expires_on"), "lots", ["expires_on"], unique=False)
    op.add_column("messages", sa.Column("recipient", sa.String(), nullable=False, server_default=""))
    op.alter_column("messages", "recipient", server_default=None)
    op.add_column("messages", sa.Column("coupon_refused", sa.String(), nullable=True))
    op.add_column(
        "messages", sa.Column("refused", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="[]")
    )
    op.alter_column("messages", "refused", server_default=None)
    op.add_column("messages", sa.Column("called_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("messages", sa.Column("written_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("messages", sa.Column("look_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("messages", sa.Column("looks", sa.Integer(), nullable=False, server_default="0"))
    op.alter_column("messages", "looks", server_default=None)
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
    op.execute("UPDATE messages SET called_at = claimed_at, written_at = settled_at")
    op.drop_column("messages", "settled_at")
    op.execute(
        "UPDATE coupons SET cost = coalesce((terms->>'amount_off')::bigint, (terms->>'ceiling')::bigint, 0)"
        " WHERE status <> 'revoked'"
    )
    op.execute(
        "INSERT INTO stock_moves (lot_id, at, quantity, reason, seen)"
        " SELECT lot_id, now(), on_hand, 'received', false FROM lots WHERE on_hand <> 0"
    )
    op.add_column("outbox", sa.Column("gather", sa.String(), nullable=True))
    op.create_index(op.f("ix_outbox_gather"), "outbox", ["gather"], unique=False)
    op.create_foreign_key(op.f("fk_outbox_gather"), "outbox", "plans", ["gather"], ["id"])


def downgrade() -> None:
    """Take back."""
    op.drop_constraint(op.f("fk_outbox_gather"), "outbox", type_="foreignkey")
    op.drop_index(op.f("ix_outbox_gather"), table_name="outbox")
    op.drop_column("outbox", "gather")
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
    op.drop_index(op.f("ix_lots_expires_on"), table_name="lots")
    op.alter_column("lots", "quarantined", existing_type=sa.BigInteger(), type_=sa.INTEGER(), existing_nullable=False)
    op.alter_column("lots", "reserved", existing_type=sa.BigInteger(), type_=sa.INTEGER(), existing_nullable=False)
    op.alter_column("lots", "on_hand", existing_type=sa.BigInteger(), type_=sa.INTEGER(), existing_nullable=False)
    op.drop_column("lots", "moved_at")
    op.drop_column("lots", "counted_at")
    op.drop_column("lots", "received_at")
    op.drop_column("lots", "store")
    op.add_column("journeys", sa.Column("late", sa.VARCHAR(), autoincrement=False, nullable=False))
    op.drop_column("journeys", "dropped_until")
    op.drop_column("journeys", "paused_at")
    op.drop_constraint(op.f("fk_enrollments_cohort_id"), "enrollments", type_="foreignkey")
    op.drop_index("ix_enrollments_cohort", table_name="enrollments", postgresql_where=sa.text("cohort_id IS NOT NULL"))
    op.drop_column("enrollments", "cohort_id")
    op.drop_index("uq_coupons_step", table_name="coupons", postgresql_where=sa.text("status <> 'revoked'"))
    op.drop_index(
        "ix_coupons_outside",
        table_name="coupons",
        postgresql_where=sa.text("outside = 'reserved' OR (outside = 'confirmed' AND status = 'revoked')"),
    )
    op.drop_index("ix_coupons_order", table_name="coupons", postgresql_where=sa.text("order_id IS NOT NULL"))
    op.drop_index("ix_coupons_lot", table_name="coupons", postgresql_where=sa.text("lot_id IS NOT NULL"))
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
    op.drop_column("coupons", "lot_id")
    op.drop_index(op.f("ix_links_message_id"), table_name="links")
    op.drop_table("links")
    op.drop_table("webhook_calls")
    op.drop_index("ix_stock_moves_order", table_name="stock_moves", postgresql_where=sa.text("order_id IS NOT NULL"))
    op.drop_index("ix_stock_moves_lot", table_name="stock_moves")
    op.drop_table("stock_moves")
    op.drop_index("uq_replenishments_open", table_name="replenishments", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_index("ix_replenishments_status", table_name="replenishments")
    op.drop_table("replenishments")
    op.drop_index(op.f("ix_coupon_orders_customer_id"), table_name="coupon_orders")
    op.drop_table("coupon_orders")
    op.drop_table("wecom_reminders")
    op.drop_table("wecom_friends")
    op.drop_table("wechat_allowances")
    op.drop_index(op.f("ix_stores_city"), table_name="stores")
    op.drop_table("stores")
    op.drop_table("provider_tokens")
    op.drop_table("provider_accounts")
    op.drop_table("products")
    op.drop_index("ix_live_sales_sku", table_name="live_sales")
    op.drop_table("live_sales")
    op.drop_table("live_products")
    op.drop_index("ix_early_receipts_provider", table_name="early_receipts")
    op.drop_table("early_receipts")
