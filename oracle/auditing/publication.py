"""What the transaction that published a report carries: the report, who signed it, and their signatures.

Rules that hold here: nothing is believed because the contract accepted it; the transaction's calldata is
decoded by the committed ABI, and each signature recovered from the digest computed here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from ledger_reader.errors import Retry, Stop
from oracle.committee import Committee, recover
from oracle.contract import CreditOracle
from oracle.report import EpochReport

MAX_CALLDATA = 2**17
"""More characters than any transaction that publishes has."""


@dataclass(frozen=True)
class Publication:
    """One call of `publish`: signatures of 64 bytes (r ‖ vs), one for each bit of the mask, ascending."""

    report: EpochReport
    mask: int
    signatures: tuple[bytes, ...]


def read_publication(oracle: CreditOracle, transaction: str) -> Publication:
    """The publication in a transaction; Stop when it is no plain call of the contract's `publish`."""
    found = oracle.rpc.call("eth_getTransactionByHash", [transaction])
    if not isinstance(found, dict) or not isinstance(found.get("input"), str):
        raise Retry(f"{oracle.rpc.name} does not know the transaction {transaction}; try another")
    return decode_publication(oracle, transaction, str(found.get("to")), found["input"])


def decode_publication(oracle: CreditOracle, transaction: str, to: str, calldata: str) -> Publication:
    """The publication in calldata as a node gives it (hex); Stop as in `read_publication`."""
    publish = oracle.abi.functions["publish"]
    refusal = Stop(
        f"the transaction {transaction} is no plain call of publish on 0x{oracle.address.hex()}, so the "
        "members' signatures cannot be read from it: ask whoever sent it for them."
    )
    called = to.lower() == "0x" + oracle.address.hex() and calldata[2:10] == publish.id.hex()
    if not called or len(calldata) > MAX_CALLDATA:
        raise refusal
    try:
        report, mask, pairs = decode(publish.inputs, bytes.fromhex(calldata[10:]))
    except (ValueError, DecodingError) as error:
        raise refusal from error
    return Publication(EpochReport(*report), mask, tuple(r + vs for r, vs in pairs))


def faults(publication: Publication, committee: Committee, digest: bytes) -> list[str]:
    """What is wrong with the signatures over `digest`, one sentence each; nothing when a quorum signed."""
    size = len(committee.members)
    members = [index for index in range(size) if publication.mask >> index & 1]
    found = []
    if publication.mask >> size:
        found.append(f"the mask {publication.mask:#x} names members beyond the {size} there are")
    if len(members) < committee.quorum:
        found.append(f"{len(members)} members are named, the quorum is {committee.quorum}")
    if len(members) != len(publication.signatures):
        found.append(f"{len(members)} members are named beside {len(publication.signatures)} signatures")
    return found + _wrong_signers(members, publication.signatures, committee, digest)


def _wrong_signers(
    members: Sequence[int], signatures: Sequence[bytes], committee: Committee, digest: bytes
) -> list[str]:
    found = []
    for member, signature in zip(members, signatures, strict=False):
        expected = committee.members[member]
        try:
            signer = recover(digest, signature)
        except Stop as reason:
            found.append(f"member {member}'s signature: {reason}")
            continue
        if signer != expected:
            found.append(f"member {member} is 0x{expected.hex()}, the signature is of 0x{signer.hex()}")
    return found
