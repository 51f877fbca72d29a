"""Quantities have three places: what is sold by weight.

A release before this one reads whole quantities as before. Each table is written anew, and is locked meanwhile: a
million moves take some seconds.
"""

from alembic import op

revision = "0024"
down_revision = "0023"

_COLUMNS = {
    "live_sales": ("units",),
    "lots": ("on_hand", "reserved", "quarantined"),
    "replenishments": ("proposed", "pack", "ceiling", "quantity", "received"),
    "stock_moves": ("quantity",),
}


def upgrade() -> None:
    """Apply."""
    for table, columns in _COLUMNS.items():
        changes = ", ".join(f"ALTER COLUMN {column} TYPE numeric(15, 3)" for column in columns)
        op.execute(f"ALTER TABLE {table} {changes}")


def downgrade() -> None:
    """Take back; fractions are rounded."""
    for table, columns in _COLUMNS.items():
        changes = ", ".join(f"ALTER COLUMN {column} TYPE bigint" for column in columns)
        op.execute(f"ALTER TABLE {table} {changes}")
