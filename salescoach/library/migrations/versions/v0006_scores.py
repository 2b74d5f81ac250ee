"""Which scores were given, so that it can be told later whether they came true."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Keeps every row; what was scored before, nobody noted."""
    op.create_table(
        "scores",
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("call_id", sa.String(), index=True),
        sa.Column("content_hash", sa.String(), nullable=False, index=True),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("scorer", sa.String(), nullable=False),
        sa.Column("probability", sa.Double()),
        sa.Column("low", sa.Double()),
        sa.Column("high", sa.Double()),
        sa.Column("abstained", sa.Boolean(), nullable=False),
        sa.Column("scored_at", sa.DateTime(), nullable=False),
        sa.Column("door", sa.String(), nullable=False),
    )
