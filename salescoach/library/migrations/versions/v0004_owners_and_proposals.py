"""A private call belongs to one user; former ids are kept; an outcome may wait for a second person."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Keeps every row. Each call of the team is still found by the id that it would have had while it was pasted."""
    with op.batch_alter_table(
        "calls", recreate="always", naming_convention={"uq": "uq_%(table_name)s_content"}
    ) as calls:
        calls.drop_constraint("uq_calls_content", type_="unique")
        calls.add_column(sa.Column("outcome_confirmed_by", sa.String()))
        calls.add_column(sa.Column("proposed_outcome", sa.String()))
        calls.add_column(sa.Column("proposed_by", sa.String()))
        calls.create_check_constraint(
            op.f("ck_calls_proposed_outcome"), "proposed_outcome IN ('converted', 'lost', 'open')"
        )
        calls.create_index("ix_calls_content_hash", ["content_hash"])
    op.create_index(
        "uq_calls_team_content", "calls", ["content_hash"], unique=True, sqlite_where=sa.text("visibility = 'team'")
    )
    op.create_table(
        "aliases",
        sa.Column("alias", sa.String(), primary_key=True),
        sa.Column(
            "call_id", sa.String(), sa.ForeignKey("calls.call_id", ondelete="CASCADE"), nullable=False, index=True
        ),
    )
    op.execute(
        "INSERT OR IGNORE INTO aliases SELECT 'pasted-' || substr(content_hash, 1, 10), call_id FROM calls "
        "WHERE visibility = 'team' AND call_id <> 'pasted-' || substr(content_hash, 1, 10) ORDER BY added_at"
    )
