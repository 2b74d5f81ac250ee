"""Calls and turns, as the program first kept them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes both tables."""
    op.create_table(
        "calls",
        sa.Column("call_id", sa.String(), primary_key=True),
        sa.Column("content_hash", sa.String(), nullable=False, unique=True),
        sa.Column("account_id", sa.String(), index=True),
        sa.Column("rep_id", sa.String()),
        sa.Column("started_at", sa.DateTime()),
        sa.Column("outcome", sa.String(), index=True),
        sa.Column("split", sa.String()),
        sa.Column("provenance", sa.String(), nullable=False),
        sa.Column("added_at", sa.DateTime(), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("call_metadata", sa.JSON(), nullable=False),
        sa.Column("warnings", sa.JSON(), nullable=False),
    )
    op.create_table(
        "turns",
        sa.Column("call_id", sa.String(), sa.ForeignKey("calls.call_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("speaker", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("start_s", sa.Double()),
        sa.Column("end_s", sa.Double()),
    )
