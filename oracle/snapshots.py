"""Which block of each source chain a round reads: the same for every honest node.

Rules that hold here: the block is the highest of a time up to the epoch's end, found only once a later
block is final; its hash must be the same at every RPC address that answers for it.
"""

from collections.abc import Mapping

from ledger_reader.errors import Stop
from ledger_reader.ledger import ChainBlock, Snapshot
from ledger_reader.reader import block_at_or_before
from ledger_reader.rpc import Rpc
from models.manifest import Manifest

Rpcs = Mapping[int, Rpc]
"""A chain's RPC addresses by chain id."""


def take_snapshot(rpcs: Rpcs, manifest: Manifest, epoch: int) -> Snapshot:
    """One block of each source chain; Stop when two RPC addresses differ, Retry when it is not final."""
    end = manifest.schedule.end_of(epoch)
    return Snapshot(tuple(_block(rpcs, chain.chain_id, end) for chain in manifest.sources))


def rpc_of(rpcs: Rpcs, chain_id: int) -> Rpc:
    """The addresses of a chain; Stop when the settings name none."""
    if chain_id not in rpcs:
        raise Stop(f"settings.json names no RPC address of chain {chain_id}; the manifest reads it.")
    return rpcs[chain_id]


def _block(rpcs: Rpcs, chain_id: int, end: int) -> ChainBlock:
    rpc = rpc_of(rpcs, chain_id)
    block = block_at_or_before(rpc, chain_id, end, rpc.finalized().of(chain_id))
    _check_at_every_address(rpc, block)
    return block


def _check_at_every_address(rpc: Rpc, block: ChainBlock) -> None:
    for url in rpc.urls:
        with Rpc(url, chain_id=block.chain_id) as one:
            found = one.block(block.number)
        if found.hash != block.hash:
            raise Stop(
                f"{one.name} has block {block.number} of chain {block.chain_id} as 0x{found.hash.hex()}, "
                f"another address as 0x{block.hash.hex()}; find out which provider is wrong before this "
                "node signs."
            )
