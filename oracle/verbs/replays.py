"""Recorded histories, put on a development chain."""

from pathlib import Path
from typing import Any

from ledger_reader import sources as source_lists
from models import plain
from oracle.devchain.anvil import Anvil
from oracle.devchain.replay import read_llamalend_csv, replay


def replay_history(history: Path, url: str, sources: Path) -> dict[str, Any]:
    """Put recorded loans on a development chain; write the sources that read them back."""
    loans = read_llamalend_csv(history)
    with Anvil.at(url) as chain:
        played = replay(loans, chain)
    sources.write_bytes(plain.write(source_lists.to_json((played.sources,))))
    return {"loans": len(loans), "logs": played.logs, "blocks": played.blocks, "sources": str(sources)}
