"""CCIP Read (EIP-3668): proofs for contracts, of borrowers who made their score public.

Rules that hold here: `sender` must be this deployment's oracle or a contract that the operator named, `data`
the call that its OffchainLookup carries: `score(address borrower)` or `atLeast(address borrower, uint16
threshold)`. The answer {"data": "0x…"} is abi.encode of the borrower and the proof's struct, as the callback
`verify(bytes response, bytes extraData)` decodes it and holds against the current root: nothing here is
believed. A borrower without a public consent and an unknown one get the same refusal. This route alone is
open to pages of other origins, since any client library asks it.
"""

from dataclasses import astuple
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
from oracle.settings import address_bytes
from oracle.tree import has_score

SCORE_CALL = keccak256(b"score(address)")[:4]
AT_LEAST_CALL = keccak256(b"atLeast(address,uint16)")[:4]
SCORE_PROOF = "(uint64,uint8,uint16,uint16,bytes32,bytes32,bytes32,bytes32[])"
AT_LEAST_PROOF = "(uint64,uint8,uint16,bytes32,bytes32,bytes32[])"
MOST_DATA = 4 + 2 * 32

OPEN = {"access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin"}


def gateway_routes(service: Service) -> APIRouter:
    """The gateway's one route."""
    routes = APIRouter(prefix="/v1", tags=["gateway"])

    @routes.get("/gateway/{sender}/{data}.json")
    def answer(sender: str, data: str, response: Response) -> dict[str, Any]:
        """A proof for the call that a contract's OffchainLookup carries."""
        response.headers.update(OPEN)
        borrower, threshold = call_of(service, sender, data)
        opened = service.epochs.latest()
        return {"data": "0x" + response_of(service, opened, borrower, threshold).hex()}

    return routes


def call_of(service: Service, sender: str, data: str) -> tuple[bytes, int | None]:
    """(borrower, threshold or None) of a call; Stop when it is of another contract, or no such call."""
    try:
        asked = address_bytes(sender)
        raw = bytes.fromhex(data.removeprefix("0x")) if len(data) <= 2 + 2 * MOST_DATA else b""
    except ValueError as error:
        raise Stop("the sender or the data is no hex; a client of EIP-3668 fills both in") from error
    if asked != service.settings.contract and sender.lower() not in service.operator.gateway_senders:
        raise Stop(f"{sender} is no contract that this gateway answers for")
    kinds = {SCORE_CALL: ("address",), AT_LEAST_CALL: ("address", "uint16")}.get(raw[:4])
    try:
        values = decode(kinds, raw[4:]) if kinds else ()
    except DecodingError as error:
        raise Stop("the data is cut short: it is no call that this gateway answers") from error
    if not values:
        raise Stop("the data is neither score(address) nor atLeast(address,uint16)")
    return bytes.fromhex(values[0][2:]), values[1] if len(values) > 1 else None


def response_of(service: Service, opened: Opened, borrower: bytes, threshold: int | None) -> bytes:
    """abi.encode(borrower, proof); NoConsent unless the borrower made the score public and has one."""
    index, is_public = answers.row_of(opened.tree.scores, borrower), service.consents.is_public(borrower)
    if index is None or not is_public or not has_score(int(opened.tree.scores.status[index])):
        raise NoConsent
    shown = "0x" + borrower.hex()
    if threshold is None:
        return encode(("address", SCORE_PROOF), (shown, astuple(opened.tree.score_proof(index))))
    proof = opened.tree.at_least_proof(index, threshold)
    return encode(("address", AT_LEAST_PROOF), (shown, astuple(proof)))
