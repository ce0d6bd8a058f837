"""A model on its way to the ModelRegistry: what is proposed, and what the owner's timelock does then.

Rules that hold here: figures are those of the signed bundle, loans later than all that it learned from;
a proposal is sent only with a proposer's key, and only to the registry that the manifest's own contract
names; approving, activating and rolling back are the owner's, so they are printed as calls, never sent.
"""

from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode

from ledger_reader.errors import Stop
from ledger_reader.rpc import Rpc
from models.schedule import Schedule
from oracle.contract import Contract, CreditOracle, load_abi
from oracle.keys import KeySigner
from oracle.wallet import Wallet

NOTICE_EPOCHS = 2
"""A model is named at least so many epochs ahead."""

STATES = ("none", "proposed", "approved", "active", "retired")
"""IModelRegistry.State, in its order."""


@dataclass(frozen=True)
class Proposal:
    """What the registry keeps of a model: hashes and signer's key of 32 bytes, figures in basis points."""

    model_id: bytes
    card_hash: bytes
    signer: bytes
    auc_bps: int
    ks_bps: int

    def values(self) -> tuple[Any, ...]:
        """The arguments of `propose`, in its order."""
        return (self.model_id, self.card_hash, self.signer, self.auc_bps, self.ks_bps)


class ModelRegistry(Contract):
    """The registry's contract, read in the words of this package."""

    def __init__(self, rpc: Rpc, address: bytes) -> None:
        super().__init__(rpc, "ModelRegistry", address, calls=("CreditOracle",))

    def state_of(self, model_id: bytes) -> str:
        """Where a model is in its life: one of STATES."""
        return STATES[self.read("modelOf", model_id)[0][0]]

    def delay(self) -> int:
        """Seconds from approval to the earliest activation."""
        return int(self.read("delay")[0])


def registry_of(oracle: CreditOracle) -> ModelRegistry:
    """The registry that the oracle listens to; Stop when it has none."""
    text: str = oracle.read("modelRegistry")[0]
    address = bytes.fromhex(text[2:])
    if not any(address):
        raise Stop(
            f"the contract 0x{oracle.address.hex()} names no model registry; "
            "let its owner call setModelRegistry first."
        )
    return ModelRegistry(oracle.rpc, address)


def check_notice(registry: ModelRegistry, schedule: Schedule, from_epoch: int) -> None:
    """Stop when the model cannot hold from that epoch on, even if the owner approved it this moment."""
    earliest = registry.rpc.block("latest").time + registry.delay()
    least = schedule.epoch_ended_by(earliest) + 1 + NOTICE_EPOCHS
    if from_epoch < least:
        raise Stop(
            f"a model waits {registry.delay()} s from approval to activation and is then named "
            f"{NOTICE_EPOCHS} epochs ahead, so epoch {from_epoch} is too soon; "
            f"name epoch {least} or a later one."
        )


def send(registry: ModelRegistry, proposal: Proposal, chain_id: int, proposer: KeySigner) -> str | None:
    """Propose, in one transaction: its hash; Refused when the registry says no (nothing is sent then)."""
    wallet = Wallet(registry.rpc, proposer, chain_id)
    receipt = wallet.send(registry, "propose", *proposal.values())
    return None if receipt is None else receipt.transaction


def owner_calls(proposal: Proposal, from_epoch: int) -> list[dict[str, str]]:
    """What the owner's timelock calls of the registry, in order, and the call that goes back."""
    model = "0x" + proposal.model_id.hex()
    return [
        _call("approve it", f"approve({model})", "approve", proposal.model_id),
        _call(
            "when the registry's delay has passed",
            f"activate({model}, {from_epoch})",
            "activate",
            proposal.model_id,
            from_epoch,
        ),
        _call(
            "to go back, with an epoch at least two ahead", f"rollBack({from_epoch})", "rollBack", from_epoch
        ),
    ]


def propose_data(proposal: Proposal) -> str:
    """The call data of `propose`, as 0x hex."""
    return _data("propose", *proposal.values())


def _call(when: str, what: str, function: str, *arguments: Any) -> dict[str, str]:
    return {"when": when, "call": what, "callData": _data(function, *arguments)}


def _data(function: str, *arguments: Any) -> str:
    signature = load_abi("ModelRegistry").functions[function]
    return "0x" + (signature.id + encode(signature.inputs, arguments)).hex()
