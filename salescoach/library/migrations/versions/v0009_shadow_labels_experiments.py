"""Scores in shadow, labels that people give, and experiments on what people are shown."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Keeps every row and adds empty tables."""
    _shadow()
    _labels()
    _experiments()


def _shadow() -> None:
    op.create_table(
        "shadow_scores",
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("probability", sa.Double()),
        sa.Column("scored_at", sa.DateTime(), nullable=False),
        sa.UniqueConstraint("content_hash", "model_id", name="uq_shadow_scores_content_hash_model_id"),
    )
    op.create_table(
        "settled_calls",
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("settled_at", sa.DateTime(), nullable=False),
        sa.UniqueConstraint("content_hash", name="uq_settled_calls_content_hash"),
    )


def _labels() -> None:
    op.create_table(
        "labels",
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("call_id", sa.String(), nullable=False, index=True),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("rater", sa.String(), nullable=False),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("probability", sa.Double()),
        sa.Column("labelled_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("answer IN ('yes', 'no', 'unsure')", name="ck_labels_answer"),
        sa.UniqueConstraint(
            "content_hash", "turn", "subject", "rater", name="uq_labels_content_hash_turn_subject_rater"
        ),
    )


def _experiments() -> None:
    op.create_table(
        "experiments",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("stopped_at", sa.DateTime()),
        sa.Column("stopped_by", sa.String()),
    )
    op.create_table(
        "exposures",
        sa.Column(
            "experiment",
            sa.String(),
            sa.ForeignKey("experiments.name", name="fk_exposures_experiment", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("account_id", sa.String(), primary_key=True, index=True),
        sa.Column("arm", sa.String(), nullable=False),
        sa.Column("first_at", sa.DateTime(), nullable=False),
        sa.Column("last_at", sa.DateTime(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
    )
    op.create_table(
        "opt_outs",
        sa.Column("kind", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('account', 'person')", name="ck_opt_outs_kind"),
    )
