"""Which block of each source chain a round reads: the same for every honest node.

Rules that hold here: the block is the highest of a time up to the epoch's end, found only once a later
block is final, but not later than the block at which the contract has frozen the chain. Its hash must be the
same at every RPC address that answers for it; one that is silent is named and passed over while another
confirms. Of a frozen chain that no address serves any more, the ledger's own record of the block counts.
"""

import logging
from collections.abc import Callable, Mapping

from ledger_reader.errors import Retry, Stop
from ledger_reader.ledger import ChainBlock, Snapshot
from ledger_reader.reader import block_at_or_before
from ledger_reader.rpc import Rpc
from models.schedule import Schedule

log = logging.getLogger("node")

Rpcs = Mapping[int, Rpc]
"""A chain's RPC addresses by chain id."""

Recorded = Callable[[int, int], ChainBlock | None]
"""What the ledger recorded of (chain id, block number)."""


def take_snapshot(
    rpcs: Rpcs, frozen: Mapping[int, int], schedule: Schedule, epoch: int, recorded: Recorded
) -> Snapshot:
    """One block of each source chain, by chain id.

    `frozen`: by chain id the last block that counts, 0 while the chain is live. Stop when two RPC addresses
    differ, Retry when a block is not final or nobody confirms it.
    """
    end = schedule.end_of(epoch)
    return Snapshot(
        tuple(_block(rpc_of(rpcs, chain), chain, end, frozen[chain], recorded) for chain in sorted(frozen))
    )


def rpc_of(rpcs: Rpcs, chain_id: int) -> Rpc:
    """The addresses of a chain; Stop when the settings name none."""
    if chain_id not in rpcs:
        raise Stop(f"settings.json names no RPC address of chain {chain_id}; the manifest reads it.")
    return rpcs[chain_id]


def _block(rpc: Rpc, chain_id: int, end: int, frozen_at: int, recorded: Recorded) -> ChainBlock:
    last = _frozen_block(rpc, chain_id, frozen_at, recorded) if frozen_at else rpc.finalized().of(chain_id)
    if frozen_at and last.time <= end:
        return last
    block = block_at_or_before(rpc, chain_id, end, last)
    confirm(rpc, block)
    return block


def _frozen_block(rpc: Rpc, chain_id: int, number: int, recorded: Recorded) -> ChainBlock:
    """The block at which a chain is frozen: of its addresses, or else of the ledger."""
    try:
        block = rpc.block(number).of(chain_id)
    except Retry as silence:
        known = recorded(chain_id, number)
        if known is None:
            raise Retry(
                f"chain {chain_id} is frozen at block {number}, which no RPC address gives and the ledger "
                f"has not recorded ({silence})"
            ) from silence
        log.warning("chain %s is frozen and silent: its block %s is taken of the ledger", chain_id, number)
        return known
    confirm(rpc, block)
    return block


def confirm(rpc: Rpc, block: ChainBlock) -> None:
    """Stop when an address has another hash of the block; Retry when none confirms it."""
    confirmed = 0
    for url in rpc.urls:
        with Rpc(url, chain_id=block.chain_id) as one:
            confirmed += _confirms(one, block)
    if not confirmed:
        raise Retry(f"no RPC address confirms block {block.number} of chain {block.chain_id} now")


def _confirms(one: Rpc, block: ChainBlock) -> bool:
    try:
        found = one.block(block.number)
    except Retry as silence:
        log.warning("%s does not confirm block %s: %s", one.name, block.number, silence)
        return False
    if found.hash != block.hash:
        raise Stop(
            f"{one.name} has block {block.number} of chain {block.chain_id} as 0x{found.hash.hex()}, another "
            f"address as 0x{block.hash.hex()}; find out which provider is wrong before this node signs."
        )
    return True
