"""The service's tables: who is signed in, who may look, who looked, what was disputed in which words.

Rules that hold here: addresses are 20 raw bytes, hashes 32, times Unix seconds of this machine's clock;
nothing here is needed to compute, sign or verify a score, and nothing here is of the ledger. What is
personal is in rows that erasure deletes (`consents`, `read_details`, `requests`, `disputes`, `decisions`,
`own_statements`, `sessions`); `log_entries` alone stays, which holds salted hashes. The migrations in
migrations/ make these tables; a test holds the two against each other.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table

metadata = MetaData()

nonces = Table(
    "nonces",
    metadata,
    Column("nonce", String(64), primary_key=True),
    Column("ends", BigInteger, nullable=False, index=True),
)
"""Offered for one sign-in each."""

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("account", LargeBinary(20), nullable=False, index=True),
    Column("ends", BigInteger, nullable=False, index=True),
)
"""Tokens stand here as hashes, so that a copy of the table signs nobody in."""

consents = Table(
    "consents",
    metadata,
    Column("id", LargeBinary(32), primary_key=True),
    Column("borrower", LargeBinary(20), nullable=False),
    Column("reader", LargeBinary(20), nullable=False),
    Column("reader_name", String(80), nullable=False),
    Column("what", String(20), nullable=False),
    Column("purpose", String(80), nullable=False),
    Column("threshold", Integer, nullable=False),
    Column("not_after", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("nonce", String(78), nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("remaining", BigInteger, nullable=False),
    Column("given", BigInteger, nullable=False),
    Column("stopped", BigInteger),
    Index("consents_of_a_pair", "borrower", "reader"),
)
"""`id`: the EIP-712 digest that the borrower signed; `remaining`: reads left; `stopped`: when revoked."""

requests = Table(
    "requests",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("ends", BigInteger, nullable=False, index=True),
    Column("borrower", LargeBinary(20), index=True),
)
"""Readers' requests of the last minutes, so that none is made twice: a digest can be found by trying, so
these too are their borrower's to erase."""

log_head = Table(
    "log_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("link", LargeBinary(32), nullable=False),
)
"""One row: the last entry of the access log. Whoever appends locks it, so the log is one chain."""

log_entries = Table(
    "log_entries",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("entry", LargeBinary(32), nullable=False),
    Column("link", LargeBinary(32), nullable=False),
)
"""The access log's chain of salted hashes: it says nothing without `read_details`, and is never deleted."""

read_details = Table(
    "read_details",
    metadata,
    Column("number", BigInteger, ForeignKey("log_entries.number"), primary_key=True, autoincrement=False),
    Column("salt", LargeBinary(32), nullable=False),
    Column("borrower", LargeBinary(20), nullable=False, index=True),
    Column("reader", LargeBinary(20), nullable=False),
    Column("consent", LargeBinary(32), nullable=False),
    Column("what", String(20), nullable=False),
    Column("purpose", String(80), nullable=False),
    Column("result", String(20), nullable=False),
    Column("time", BigInteger, nullable=False),
)
"""What each entry of the log is a hash of; deleted, with its salt, when its borrower asks for it."""

disputes = Table(
    "disputes",
    metadata,
    Column("words_hash", LargeBinary(32), primary_key=True),
    Column("account", LargeBinary(20), nullable=False, index=True),
    Column("fact_id", LargeBinary(32), nullable=False),
    Column("reason", String(20), nullable=False),
    Column("words", String(500), nullable=False),
    Column("salt", LargeBinary(32), nullable=False),
    Column("time", BigInteger, nullable=False),
)
"""The words of disputes, whose salted hashes borrowers put on chain."""

decisions = Table(
    "decisions",
    metadata,
    Column("reasons_hash", LargeBinary(32), primary_key=True),
    Column("account", LargeBinary(20), nullable=False, index=True),
    Column("fact_id", LargeBinary(32), nullable=False),
    Column("outcome", Integer, nullable=False),
    Column("reasons", String(2_000), nullable=False),
    Column("salt", LargeBinary(32), nullable=False),
    Column("time", BigInteger, nullable=False),
)
"""The arbiter's reasons, whose salted hashes stand in its decisions on chain."""

own_statements = Table(
    "own_statements",
    metadata,
    Column("account", LargeBinary(20), primary_key=True),
    Column("words", String(500), nullable=False),
    Column("time", BigInteger, nullable=False),
)
"""What a borrower says of the own record; nobody checked it."""
