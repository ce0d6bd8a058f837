"""The service's first tables, as tables.py describes them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables, and the access log's beginning: entry 0, a link of zeros."""
    op.create_table(
        "consents",
        sa.Column("id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("borrower", sa.LargeBinary(length=20), nullable=False),
        sa.Column("reader", sa.LargeBinary(length=20), nullable=False),
        sa.Column("reader_name", sa.String(length=80), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("purpose", sa.String(length=80), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("not_after", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("nonce", sa.String(length=78), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("remaining", sa.BigInteger(), nullable=False),
        sa.Column("given", sa.BigInteger(), nullable=False),
        sa.Column("stopped", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("consents_of_a_pair", "consents", ["borrower", "reader"], unique=False)
    op.create_table(
        "decisions",
        sa.Column("reasons_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("account", sa.LargeBinary(length=20), nullable=False),
        sa.Column("fact_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("outcome", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.String(length=2000), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("reasons_hash"),
    )
    op.create_index(op.f("ix_decisions_account"), "decisions", ["account"], unique=False)
    op.create_table(
        "disputes",
        sa.Column("words_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("account", sa.LargeBinary(length=20), nullable=False),
        sa.Column("fact_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("words", sa.String(length=500), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("words_hash"),
    )
    op.create_index(op.f("ix_disputes_account"), "disputes", ["account"], unique=False)
    op.create_table(
        "log_entries",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry", sa.LargeBinary(length=32), nullable=False),
        sa.Column("link", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "log_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("link", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "nonces",
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("nonce"),
    )
    op.create_index(op.f("ix_nonces_ends"), "nonces", ["ends"], unique=False)
    op.create_table(
        "own_statements",
        sa.Column("account", sa.LargeBinary(length=20), nullable=False),
        sa.Column("words", sa.String(length=500), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )
    op.create_table(
        "requests",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index(op.f("ix_requests_ends"), "requests", ["ends"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("account", sa.LargeBinary(length=20), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index(op.f("ix_sessions_account"), "sessions", ["account"], unique=False)
    op.create_index(op.f("ix_sessions_ends"), "sessions", ["ends"], unique=False)
    op.create_table(
        "read_details",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("salt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("borrower", sa.LargeBinary(length=20), nullable=False),
        sa.Column("reader", sa.LargeBinary(length=20), nullable=False),
        sa.Column("consent", sa.LargeBinary(length=32), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("purpose", sa.String(length=80), nullable=False),
        sa.Column("result", sa.String(length=20), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["number"],
            ["log_entries.number"],
        ),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index(op.f("ix_read_details_borrower"), "read_details", ["borrower"], unique=False)
    op.execute(
        sa.table("log_head", sa.column("id"), sa.column("number"), sa.column("link"))
        .insert()
        .values(id=1, number=0, link=sa.literal(bytes(32), sa.LargeBinary))
    )


def downgrade() -> None:
    """Delete all tables, with what is in them."""
    op.drop_index(op.f("ix_read_details_borrower"), table_name="read_details")
    op.drop_table("read_details")
    op.drop_index(op.f("ix_sessions_ends"), table_name="sessions")
    op.drop_index(op.f("ix_sessions_account"), table_name="sessions")
    op.drop_table("sessions")
    op.drop_index(op.f("ix_requests_ends"), table_name="requests")
    op.drop_table("requests")
    op.drop_table("own_statements")
    op.drop_index(op.f("ix_nonces_ends"), table_name="nonces")
    op.drop_table("nonces")
    op.drop_table("log_head")
    op.drop_table("log_entries")
    op.drop_index(op.f("ix_disputes_account"), table_name="disputes")
    op.drop_table("disputes")
    op.drop_index(op.f("ix_decisions_account"), table_name="decisions")
    op.drop_table("decisions")
    op.drop_index("consents_of_a_pair", table_name="consents")
    op.drop_table("consents")
