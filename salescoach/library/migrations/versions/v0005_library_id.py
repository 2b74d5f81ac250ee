"""Which library it is, so that what was made from one is not taken for another's."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Keeps every row."""
    library = op.create_table("library", sa.Column("library_id", sa.String(), primary_key=True))
    op.bulk_insert(library, [{"library_id": secrets.token_hex(8)}])
