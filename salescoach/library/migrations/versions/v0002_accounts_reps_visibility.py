"""Accounts and reps as tables; owner, visibility and the date of the outcome; which definitions measured a call."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Keeps every row: who was named by a call gets a row, a pasted call stays private."""
    for table, column in (("accounts", "account_id"), ("reps", "rep_id")):
        op.create_table(table, sa.Column(column, sa.String(), primary_key=True))
        op.execute(f"INSERT INTO {table} SELECT DISTINCT {column} FROM calls WHERE {column} IS NOT NULL")
    with op.batch_alter_table("calls", recreate="always") as calls:
        calls.add_column(sa.Column("owner", sa.String()))
        calls.add_column(sa.Column("visibility", sa.String(), nullable=False, server_default="team"))
        calls.add_column(sa.Column("outcome_at", sa.DateTime()))
        calls.add_column(sa.Column("metrics_version", sa.Integer(), nullable=False, server_default="0"))
        calls.create_foreign_key("fk_calls_account_id", "accounts", ["account_id"], ["account_id"])
        calls.create_foreign_key("fk_calls_rep_id", "reps", ["rep_id"], ["rep_id"])
        calls.create_check_constraint("ck_calls_outcome", "outcome IN ('converted', 'lost')")
        calls.create_check_constraint("ck_calls_visibility", "visibility IN ('private', 'team')")
        calls.create_index("ix_calls_rep_id", ["rep_id"])
    op.execute("UPDATE calls SET visibility = 'private' WHERE provenance = 'pasted'")
