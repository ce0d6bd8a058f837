"""CCIP Read (EIP-3668): proofs for OpenScores, of borrowers who made their score public.

Rules that hold here: `sender` must be a contract that the operator named, `data` the call that its
OffchainLookup carries: `openProof(address borrower)` of IGateway. The answer {"data": "0x…"} is abi.encode of
ICreditOracle.ScoreProof, as IOpenScores.answered holds it against the current root: nothing here is believed.
A borrower without a public consent and an unknown one get the same refusal. This route alone is open to pages
of other origins, since any client library asks it.
"""

from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from fastapi import APIRouter
from starlette.responses import Response

from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from oracle.api import answers
from oracle.api.consents import NoConsent
from oracle.api.epochs import Opened
from oracle.api.service import Service
from oracle.api.shapes import ForContract, tells
from oracle.contract import fields_of
from oracle.settings import address_bytes
from oracle.tree import has_score

OPEN_PROOF_CALL = keccak256(b"openProof(address)")[:4]
SCORE_PROOF = "(uint64,uint8,uint16,uint16,bytes32,bytes32,bytes32,bytes32[])"
DATA_BYTES = 4 + 32

OPEN = {"access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin"}


def gateway_routes(service: Service) -> APIRouter:
    """The gateway's one route."""
    routes = APIRouter(prefix="/v1", tags=["gateway"])

    @routes.get("/gateway/{sender}/{data}.json", **tells(ForContract))
    def answer(sender: str, data: str, response: Response) -> dict[str, Any]:
        """A proof for the call that a contract's OffchainLookup carries."""
        response.headers.update(OPEN)
        borrower = borrower_of(service, sender, data)
        return {"data": "0x" + response_of(service, service.epochs.latest(), borrower).hex()}

    return routes


def borrower_of(service: Service, sender: str, data: str) -> bytes:
    """Whose proof a call asks for; Stop when it is of another contract, or no such call."""
    try:
        address_bytes(sender)
        raw = bytes.fromhex(data.removeprefix("0x")) if len(data) <= 2 + 2 * DATA_BYTES else b""
    except ValueError as error:
        raise Stop("the sender or the data is no hex; a client of EIP-3668 fills both in") from error
    if sender.lower() not in service.operator.gateway_senders:
        raise Stop(f"{sender} is no contract that this gateway answers for")
    if raw[:4] != OPEN_PROOF_CALL:
        raise Stop("the data is not openProof(address)")
    try:
        (borrower,) = decode(("address",), raw[4:])
    except DecodingError as error:
        raise Stop("the data is cut short: it is no call that this gateway answers") from error
    return bytes.fromhex(borrower[2:])


def response_of(service: Service, opened: Opened, borrower: bytes) -> bytes:
    """abi.encode(proof); NoConsent unless the borrower made the score public and has one."""
    index, is_public = answers.row_of(opened.tree.scores, borrower), service.consents.is_public(borrower)
    if index is None or not is_public or not has_score(int(opened.tree.scores.status[index])):
        raise NoConsent
    return encode((SCORE_PROOF,), (fields_of(opened.tree.score_proof(index)),))
