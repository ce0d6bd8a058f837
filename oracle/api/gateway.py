"""CCIP Read (EIP-3668): proofs for OpenScores, of borrowers who made their score public.

Rules that hold here: `sender` must be a contract that the operator named, `data` the call that its
OffchainLookup carries: `openProof(address borrower)` of IGateway. The answer {"data": "0x…"} is abi.encode of
ICreditOracle.ScoreProof, as IOpenScores.answered holds it against the current root: nothing here is believed.
A borrower without a public consent and an unknown one get the same refusal. The codes are EIP-3668's: 404 for
another contract, 400 for another call. This route alone is open to pages of other origins, refusals included,
since any client library asks it (edge.py says so to browsers, as some refusals are made there).
"""

import re
from dataclasses import astuple
from typing import Any

from eth_abi.abi import encode
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from ledger_reader.keccak import keccak256
from oracle import sentences
from oracle.api import answers
from oracle.api.consents import NoConsent
from oracle.api.epochs import Opened, Unknown
from oracle.api.problems import BadCall
from oracle.api.public_shapes import ForContract
from oracle.api.service import Service
from oracle.api.shapes import tells
from oracle.tree import has_score

OPEN_PROOF_CALL = re.compile(f"0x{keccak256(b'openProof(address)')[:4].hex()}0{{24}}[0-9a-f]{{40}}", re.I)
SCORE_PROOF = "(uint64,uint8,uint16,uint16,bytes32,bytes32,bytes32,bytes32[])"

PREFLIGHT = {
    "access-control-allow-methods": "GET",
    "access-control-allow-headers": "content-type",
    "access-control-max-age": "86400",
}
"""What a browser is told that asks before it asks: some clients send a content type with their GET."""


def gateway_routes(service: Service) -> APIRouter:
    """The gateway's one route, and what browsers ask before it."""
    routes = APIRouter(prefix="/v1", tags=["gateway"])

    @routes.get("/gateway/{sender}/{data}.json", **tells(ForContract))
    async def answer(sender: str, data: str) -> dict[str, Any]:
        """A proof for the call that a contract's OffchainLookup carries."""
        borrower = borrower_of(service, sender, data)
        raw = await run_in_threadpool(response_of, service, await service.provable(), borrower)
        return {"data": "0x" + raw.hex()}

    @routes.options("/gateway/{sender}/{data}.json", include_in_schema=False)
    async def preflight(sender: str, data: str) -> Response:  # noqa: ARG001 (whatever they are)
        return Response(status_code=204, headers=PREFLIGHT)

    return routes


def borrower_of(service: Service, sender: str, data: str) -> bytes:
    """Whose proof a call asks for; Unknown when of another contract, BadCall when it is no such call."""
    if sender.lower() not in map(str.lower, service.operator.gateway_senders):
        raise Unknown(sentences.GATEWAY_SENDER.of(sender=sender[:42]))
    if not OPEN_PROOF_CALL.fullmatch(data):
        raise BadCall(sentences.GATEWAY_CALL)
    return bytes.fromhex(data[-40:])


def response_of(service: Service, opened: Opened, borrower: bytes) -> bytes:
    """abi.encode(proof); NoConsent unless the borrower made the score public and has one."""
    index, is_public = answers.row_of(opened.tree.scores, borrower), service.consents.is_public(borrower)
    if index is None or not is_public or not has_score(int(opened.tree.scores.status[index])):
        raise NoConsent
    return encode((SCORE_PROOF,), (astuple(opened.tree.score_proof(index)),))
