"""The arbiter's desk: reasons of a decision are kept here, and the call that puts their hash on chain.

Rules that hold here: no key is touched; the arbiter's own wallet sends the call, and every node sees it.
"""

from pathlib import Path
from typing import Any

from ledger_reader.errors import Stop
from models import plain
from oracle.api.operator import load_operator
from oracle.api.service import database_of
from oracle.api.store import Store
from oracle.api.words import MOST_REASONS, OUTCOMES, Words, call_data
from oracle.settings import address_bytes, load_settings


def decide_dispute(
    home: Path, account: str, fact: str, outcome: str, reasons: Path, database: str | None = None
) -> dict[str, Any]:
    """Keep the reasons in the service's database; `reasonsHash` and the calldata of IDisputes.decide."""
    settings, operator = load_settings(home), load_operator(home)
    fact_id = plain.hexadecimal(fact, "the fact", 32)
    words = _text(reasons)
    try:
        borrower = address_bytes(account)
    except ValueError as error:
        raise Stop(str(error)) from error
    with Store(database_of(settings, operator, database)) as store:
        hashed = Words(store).decide(borrower, fact_id, outcome, words)
    kinds = ("address", "bytes32", "uint8", "bytes32")
    data = call_data("decide", kinds, (account, fact_id, OUTCOMES.index(outcome) + 1, hashed))
    return {"reasonsHash": "0x" + hashed.hex(), "to": operator.disputes, "function": "decide", "data": data}


def _text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(MOST_REASONS + 1).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Stop(f"{path} cannot be read as text: {error}; name a file in UTF-8") from error
