"""What was read of a call, and which reader read it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Keeps every row; no call has been read yet."""
    op.add_column("calls", sa.Column("moves_reader", sa.String()))
    op.add_column("calls", sa.Column("moves", sa.JSON()))
