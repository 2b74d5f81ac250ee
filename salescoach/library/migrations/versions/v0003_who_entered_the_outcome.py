"""Who entered the outcome of a call, and when, where a person did."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Keeps every row; of the outcomes that are there, nobody knows who entered them."""
    op.add_column("calls", sa.Column("outcome_entered_at", sa.DateTime()))
    op.add_column("calls", sa.Column("outcome_entered_by", sa.String()))
