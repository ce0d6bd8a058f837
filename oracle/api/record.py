"""What a borrower may change of the own record here: disputes in words, an own statement, erasure.

Rules that hold here: the account comes from the session alone; words stay off chain (words.py); what is
erased is gone when the answer comes.
"""

import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from models import plain
from models.wording import Language
from oracle.api import erasure, shapes
from oracle.api.service import Service
from oracle.api.shapes import tells
from oracle.api.words import ANSWER_DAYS, MOST_WORDS, REASONS, call_data
from oracle.settings import address_text


class Dispute(BaseModel):
    """What is wrong with a fact, in the borrower's words: they stay off chain."""

    fact_id: str = Field(alias="factId", examples=["0x" + "ab" * 32], max_length=66)
    reason: str = Field(examples=list(REASONS), max_length=20)
    words: str = Field(examples=["I repaid this loan on 3 March."], max_length=MOST_WORDS)


class Statement(BaseModel):
    """What the borrower says of the own record; empty takes it back."""

    words: str = Field(examples=["I was ill in June."], max_length=MOST_WORDS)


def record_routes(service: Service) -> APIRouter:
    """Changing what is kept of it."""
    routes = APIRouter(prefix="/v1/me", tags=["own record"])

    async def signed_in(request: Request) -> bytes:
        return await service.account_of(request)

    Account = Annotated[bytes, Depends(signed_in)]  # noqa: N806 (a type)

    @routes.post("/disputes", **tells(shapes.DisputeKept))
    def dispute(account: Account, body: Dispute) -> dict[str, Any]:
        """Keep the words of a dispute; the answer's call puts their hash on chain."""
        fact_id = plain.hexadecimal(body.fact_id, "factId", 32)
        hashed = service.words.dispute(account, fact_id, body.reason, body.words)
        data = call_data("dispute", ("bytes32", "bytes32"), (fact_id, hashed))
        args = ["0x" + fact_id.hex(), "0x" + hashed.hex()]
        call = {"to": service.operator.disputes, "function": "dispute", "args": args, "data": data}
        answer_by = int(time.time()) + ANSWER_DAYS * 86_400
        return {"wordsHash": "0x" + hashed.hex(), "call": call, "answerBy": answer_by}

    @routes.get("/disputes", **tells(list[shapes.Disputed]))
    def disputes(account: Account) -> list[dict[str, Any]]:
        """The own disputes with their words, and the decisions with their reasons."""
        return [_dispute(row) for row in service.words.disputes_of(account)]

    @routes.post("/statement", **tells(shapes.Statement))
    def state(account: Account, body: Statement) -> dict[str, Any]:
        """Replace the own statement, shown as the borrower's, unchecked."""
        service.words.state(account, body.words)
        return {"statement": service.words.stated(account)}

    @routes.get("/statement", **tells(shapes.Statement))
    def stated(account: Account) -> dict[str, Any]:
        """The own statement."""
        return {"statement": service.words.stated(account)}

    @routes.delete("", **tells(shapes.Erased))
    def erase(account: Account, lang: Language = "en") -> dict[str, Any]:
        """Delete everything that this service keeps of the account, now; says what stays and why."""
        try:
            told = erasure.told(erasure.erase(service.store, account), lang)
        finally:
            service.sessions.forget(account)
        opt_out = {"to": address_text(service.settings.contract), "function": "withdraw", "args": []}
        return told | {"call": opt_out}

    return routes


def _dispute(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "factId": "0x" + row["fact_id"].hex(),
        "wordsHash": "0x" + row["words_hash"].hex(),
        "reason": row["reason"],
        "words": row["words"],
        "time": row["time"],
        "decisions": [
            {
                "outcome": each["outcome"],
                "reasons": each["reasons"],
                "reasonsHash": "0x" + each["reasons_hash"].hex(),
                "time": each["time"],
            }
            for each in row["decisions"]
        ],
    }
