"""Readers' requests know whose record they were about, so that erasure deletes them too."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Requests that were made before know it not: they are of the last four minutes."""
    op.add_column("requests", sa.Column("borrower", sa.LargeBinary(length=20), nullable=True))
    op.create_index(op.f("ix_requests_borrower"), "requests", ["borrower"], unique=False)
