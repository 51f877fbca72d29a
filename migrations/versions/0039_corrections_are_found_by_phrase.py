"""What people put right is found by what was said."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    """Apply. Corrections made before, or by the release before, have no key: they are looked through as ever."""
    op.add_column("opinions", sa.Column("phrase_key", sa.String()))
    corrected = sa.text("corrected_at IS NOT NULL")
    op.create_index("ix_opinions_phrase_key", "opinions", ["phrase_key", "corrected_at"], postgresql_where=corrected)


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_opinions_phrase_key", "opinions")
    op.drop_column("opinions", "phrase_key")
