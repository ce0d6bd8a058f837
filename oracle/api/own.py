"""What a borrower may ask of the own record: score, history, proofs, facts, and all of it as a signed file.

Rules that hold here: whoever is signed in is the only one told of, and the account comes from the session
alone, never from the request. The two routes that are asked most answer without a thread where what they say
was made before.
"""

import secrets
import time
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from models import plain
from models.segment import HIGHEST, LOWEST
from models.wording import Language
from oracle import report as reports
from oracle.api import answers
from oracle.api.epochs import Opened
from oracle.api.facts import told_facts
from oracle.api.service import Service
from oracle.api.shapes import Fact, Ladder, OwnProof, Past, ReportFile, Score, Without, tells
from oracle.credit_report import DEFAULT_PARTS, FORMAT, PARTS, sign_report
from oracle.proof_text import BESIDE
from oracle.settings import address_text
from oracle.tree import STEP, has_score

Target = Annotated[int | None, Query(ge=LOWEST + 1, le=HIGHEST, description="Plan for this score")]
Threshold = Annotated[int | None, Query(ge=LOWEST + STEP, le=HIGHEST, description="A multiple of 10")]

_SCORE_PARTS = {
    "score": ("status", "disputed", "score", "band", "low", "high", "badBps", "segment", "capped"),
    "reasons": ("helped", "heldBack", "base", "total", "terms"),
    "plan": ("target", "planText", "plan"),
}


def own_routes(service: Service) -> APIRouter:
    """Reading the own record."""
    routes = APIRouter(prefix="/v1/me", tags=["own record"])
    epochs = service.epochs

    async def signed_in(request: Request) -> bytes:
        return await service.account_of(request)

    Account = Annotated[bytes, Depends(signed_in)]  # noqa: N806 (a type)

    @routes.get("/score", **tells(Score))
    async def score(account: Account, lang: Language = "en", target: Target = None) -> Response:
        """Score, band, range, what helped and held back, and a plan to the target or the next band."""
        opened = await service.latest()
        made = opened.made.get((account, lang, target))
        if made is None:
            made = await run_in_threadpool(answers.score_json, opened, account, lang, target)
        standing = msgspec.json.encode(service.standing_of(opened))
        return Response(standing[:-1] + b"," + made[1:], media_type="application/json")

    @routes.get("/proof", **tells(OwnProof))
    async def proof(account: Account, at_least: Threshold = None) -> Response:
        """A proof of the score, or only of "at least t", with the contract call that checks it."""
        found = answers.proof(await service.provable(), account, at_least)
        return Response(msgspec.json.encode(found), media_type="application/json")

    @routes.get("/ladder", **tells(Ladder))
    async def ladder(account: Account) -> dict[str, Any]:
        """The lowest and the highest threshold that can be proved now."""
        return answers.ladder(await service.provable(), account)

    @routes.get("/history", **tells(list[Past]))
    def history(account: Account) -> list[dict[str, Any]]:
        """Status, score and range in each epoch that is kept, oldest first."""
        return answers.history(epochs.history(), account)

    @routes.get("/facts", **tells(list[Fact]))
    def facts(account: Account) -> list[dict[str, Any]]:
        """What the score of the latest epoch is made of: loans, invoices, payments, integrity."""
        return told_facts(epochs.folder_of(epochs.latest()), account)

    @routes.get("/facts/{fact_id}/without", **tells(Without))
    def without(account: Account, fact_id: str) -> Response:
        """The score as it is, and as it would be without this fact: what a dispute of it is about."""
        found = service.rescoring.without(epochs, account, plain.hexadecimal(fact_id, "factId", 32))
        return Response(found, media_type="application/json")

    @routes.get("/report", **tells(ReportFile))
    def report(
        account: Account,
        lang: Language = "en",
        parts: Annotated[str, Query(description=f"With commas, of {', '.join(PARTS)}")] = ",".join(
            DEFAULT_PARTS
        ),
    ) -> Response:
        """The record as a file, signed with Ed25519: `credit-oracle verify report.json` checks it offline."""
        chosen = [plain.choice(part, "a part", PARTS) for part in parts.split(",")]
        values = make_report(service, epochs.latest(), account, lang, chosen)
        made = sign_report(values, service.signer)
        name = f'attachment; filename="credit-record-{made["report"]["number"]}.json"'
        return Response(
            plain.write(made), media_type="application/json", headers={"content-disposition": name}
        )

    return routes


def make_report(
    service: Service, opened: Opened, account: bytes, language: Language, chosen: list[str]
) -> dict[str, Any]:
    """The values of a credit report: who, when, by whom, of which epoch, and the chosen parts.

    A proof is of the epoch that contracts read, maybe an earlier one than the rest is of: `provenEpoch`.
    """
    proven = service.provable_now() if "proof" in chosen else None
    proof = None if proven is None else _score_proof(proven, account)
    score = answers.own_score(opened, account, language, None)
    parts: dict[str, Any] = {
        part: {name: score[name] for name in _SCORE_PARTS[part] if name in score}
        for part in chosen
        if part in _SCORE_PARTS
    }
    if "history" in chosen:
        parts["history"] = answers.history(service.epochs.history(), account)
    if "facts" in chosen:
        parts["facts"] = told_facts(service.epochs.folder_of(opened), account)
    if "proof" in chosen:
        parts["proof"] = proof
    if "statement" in chosen:
        parts["statement"] = service.words.stated(account)
    return {
        "format": FORMAT,
        "kind": "credit record",
        "number": secrets.token_hex(8),
        "time": int(time.time()),
        "dataTime": opened.report.snapshot_time,
        "operator": {"name": service.operator.name, "licence": service.operator.licence},
        "chainId": service.settings.chain_id,
        "contract": address_text(service.settings.contract),
        "account": address_text(account),
        "language": language,
        "epoch": reports.to_json(opened.report),
        "provenEpoch": None if proven is None or proof is None else reports.to_json(proven.report),
        "parts": parts,
    }


def _score_proof(opened: Opened, account: bytes) -> dict[str, Any] | None:
    """The proof; None where that epoch has no score of the account."""
    index = answers.row_of(opened.tree.scores, account)
    if index is None or not has_score(int(opened.tree.scores.status[index])):
        return None
    found = answers.proof(opened, account, None)
    return {name: value for name, value in found.items() if name not in BESIDE}
