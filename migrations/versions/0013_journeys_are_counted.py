"""What happened in journeys is counted."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

KEY = ("journey", "plan_id", "step", "what", "detail")

COUNTED = """
    INSERT INTO count_changes (journey, plan_id, step, what, detail, at, n)
    SELECT journey, plan_id, step, what, detail, date_bin('900 seconds', at, timestamptz 'epoch'), count(*)
    FROM (
        SELECT trail.journey, coalesce(plan_id, '') AS plan_id, coalesce(step, '') AS step, what,
               CASE WHEN what IN ('ended', 'not_entered', 'settled') THEN value ELSE coalesce(trail.reason, '') END
                   AS detail, at
        FROM trail LEFT JOIN enrollments ON enrollments.id = enrollment_id
        UNION ALL
        SELECT journey, plan_id, outcome ->> 0, 'passed', outcome ->> 1, (outcome ->> 2)::timestamptz
        FROM enrollments CROSS JOIN LATERAL jsonb_array_elements(outcomes) AS outcome
        WHERE CASE WHEN pg_input_is_valid(outcome ->> 2, 'timestamptz')
                   THEN (outcome ->> 2)::timestamptz <= coalesce(ended_at, 'infinity') END
    ) AS happened
    GROUP BY 1, 2, 3, 4, 5, 6
"""


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "journey_counts",
        *(sa.Column(name, sa.String(), primary_key=True) for name in KEY),
        sa.Column("since", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("n", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "count_changes",
        sa.Column("id", sa.BigInteger(), primary_key=True),
        *(sa.Column(name, sa.String(), nullable=False) for name in KEY),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
    )
    op.create_index("ix_count_changes_journey", "count_changes", ["journey"])
    op.execute(COUNTED)


def downgrade() -> None:
    """Take back."""
    op.drop_table("count_changes")
    op.drop_table("journey_counts")
