"""What a scored call was like, in numbers and codes, so that it can be told when calls come in otherwise."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Keeps every row; of calls that were scored before, nobody noted what they were like."""
    for name in ("n_turns", "n_words"):
        op.add_column("scores", sa.Column(name, sa.Integer()))
    for name in ("unlikeness", "customer_share", "unknown_share", "timed_share", "marks_per_word"):
        op.add_column("scores", sa.Column(name, sa.Double()))
    op.add_column("scores", sa.Column("reasons", sa.String()))
