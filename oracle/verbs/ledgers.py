"""A ledger on this machine: read from a chain, exported, imported, looked over, opened for a verb."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ledger_reader import parquet
from ledger_reader.audit import Held
from ledger_reader.deployments import sources_of
from ledger_reader.errors import Stop
from ledger_reader.ledger import Snapshot
from ledger_reader.rpc import Rpc
from ledger_reader.store import LedgerStore
from oracle import reading
from oracle.verbs.arguments import content_of


def read_chain(
    urls: Sequence[str],
    sources: Path | None,
    ledger: Path,
    until_block: int | None = None,
    verify: str | None = None,
    confirmations: int | None = None,
    rate: float | None = None,
    protocols: str | None = None,
) -> dict[str, Any]:
    """Sync a ledger from what a sources file names, or from the known deployments of `protocols` (a,b,c)."""
    if (sources is None) == (protocols is None):
        raise Stop("Name what to read: either --protocols, such as aave_v3,erc20, or --sources and a file.")
    if sources is not None:
        chain = reading.chain_of(sources, content_of(sources))
    else:
        names = {name.strip() for name in str(protocols).split(",")}
        with Rpc(tuple(urls)) as rpc:
            chain = sources_of(rpc.chain_id(), names)
    return reading.read_chain(urls, chain, ledger, until_block, verify, confirmations, rate)


def export_ledger(ledger: Path, out: Path) -> dict[str, Any]:
    """Write a ledger as Parquet."""
    with existing_ledger(ledger) as store:
        store.export(out)
        return {"folder": str(out), "chains": [_counted(each) for each in store.held()]}


def import_ledger(path: Path, ledger: Path) -> dict[str, Any]:
    """Add an exported folder to a ledger, which is made when absent."""
    if not path.is_dir():
        raise Stop(f"{path} is no folder; name one that `credit-oracle export` made.")
    with LedgerStore(ledger) as store:
        added = store.import_parquet(path)
        return {
            "ledger": str(ledger),
            "chains": [_counted(each) for each in store.held() if each.chain_id in added],
        }


def check_ledger(path: Path) -> dict[str, Any]:
    """What a ledger or an exported folder holds, and everything that is wrong with it."""
    if path.is_dir():
        held, found = parquet.audited(path)
    else:
        with existing_ledger(path) as store:
            held, found = store.held(), store.findings()
    rows = [
        {"chainId": each.chain_id, "wrong": each.wrong, "rows": each.rows, "firstBlock": each.first_block}
        for each in found
    ]
    return {"chains": [_counted(each) for each in held], "sound": not found, "findings": rows}


def existing_ledger(path: Path) -> LedgerStore:
    """A ledger that was read before; Stop when there is none (nothing is made)."""
    if not path.is_file():
        raise Stop(f"{path} does not exist; make a ledger with `credit-oracle read`.")
    return LedgerStore(path)


def head_of(store: LedgerStore, chain_ids: Sequence[int]) -> Snapshot:
    """The last block that the ledger holds of each chain; Stop when one was never read."""
    blocks = [store.head(chain_id) for chain_id in chain_ids]
    if None in blocks:
        raise Stop(
            f"the ledger {store.path} has not read all of the chains {list(chain_ids)}; run `read` first."
        )
    return Snapshot(tuple(block for block in blocks if block is not None))


def _counted(held: Held) -> dict[str, Any]:
    return {"chainId": held.chain_id, "head": held.head, "blocks": held.blocks, "events": held.events}
