"""Consents, and those who read by them.

Rules that hold here: a reader proves who it is by a signature over what it asks for; a refusal is the same
bytes, headers and work whether the borrower is known here or not, and whatever is missing; a reader is told
what the consent names, and the borrower sees each read in the own access log.
"""

from dataclasses import fields
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from ledger_reader.errors import Stop
from models import plain
from oracle import consent as consents
from oracle import sentences
from oracle.api import answers, shapes
from oracle.api.consents import NoConsent
from oracle.api.own import make_report
from oracle.api.service import Service
from oracle.api.shapes import tells
from oracle.api.signatures import from_hex
from oracle.api.signing_in import Signature
from oracle.api.wallet_message import Refusal
from oracle.consent import REPORT, Consent, ReadRequest, consent_digest, request_digest
from oracle.credit_report import DEFAULT_PARTS, sign_report
from oracle.settings import address_bytes, address_text

Address = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$", examples=["0x" + "3b" * 20])]
What = Annotated[str, Field(max_length=20, examples=["at least 650", "band", "score", "report"])]
Purpose = Annotated[str, Field(max_length=80, examples=[consents.PURPOSES[0]])]
Nonce = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,77})$", examples=["1"])]


class ConsentFields(BaseModel):
    """The fields of `LetReaderSeeMyCreditRecord`."""

    borrower: Address
    reader: Address
    reader_name: str = Field(alias="readerName", max_length=80, examples=["Corner Lending"])
    what: What
    purpose: Purpose
    threshold: int = Field(ge=0, le=850, examples=[650])
    not_after: int = Field(alias="notAfter", ge=0, lt=2**53, examples=[1_800_000_000])
    count: int = Field(ge=1, le=consents.MAX_COUNT, examples=[1])
    nonce: Nonce


class Given(BaseModel):
    """A consent and the borrower's signature of it."""

    consent: ConsentFields
    signature: Signature


class Read(BaseModel):
    """The fields of `ReadCreditRecord`, signed by the reader."""

    borrower: Address
    reader: Address
    what: What
    purpose: Purpose
    threshold: int = Field(default=0, ge=0, le=850, examples=[650])
    time: int = Field(ge=0, lt=2**53, examples=[1_790_000_000])
    nonce: Nonce = "0"
    signature: Signature


def consent_routes(service: Service) -> APIRouter:
    """The borrower's side."""
    routes = APIRouter(prefix="/v1/me", tags=["consent"])

    async def signed_in(request: Request) -> bytes:
        return await service.account_of(request)

    Account = Annotated[bytes, Depends(signed_in)]  # noqa: N806 (a type)

    @routes.post("/consents", **tells(shapes.ConsentGiven, 201))
    def give(account: Account, body: Given) -> dict[str, Any]:
        """Let one reader see one thing: EIP-712 `LetReaderSeeMyCreditRecord`, signed by the borrower."""
        consent, signature = consent_of(body.consent), from_hex(body.signature)
        if not service.signatures.signed(account, consent_digest(consent, service.deployment), signature):
            raise Stop(sentences.CONSENT_SIGNATURE)
        return {"id": "0x" + service.consents.give(consent, signature, account).hex()}

    @routes.get("/consents", **tells(list[shapes.Consent]))
    def given(account: Account) -> list[dict[str, Any]]:
        """All consents given, newest first; `active` ones still open something."""
        return [_shown(row) for row in service.consents.of(account)]

    @routes.delete("/consents/{identity}", status_code=204)
    def stop(account: Account, identity: str) -> None:
        """Stop a consent, with effect at once."""
        service.consents.stop(plain.hexadecimal(identity, "the consent's id", 32), account)

    @routes.get("/reads", **tells(list[shapes.Access]))
    def reads(account: Account) -> list[dict[str, Any]]:
        """Who read what, by which consent; with the salt and link of each entry of the hash-chained log."""
        return [_read(row) for row in service.consents.reads_of(account)]

    return routes


def reader_routes(service: Service) -> APIRouter:
    """The reader's side."""
    routes = APIRouter(prefix="/v1", tags=["readers"])

    @routes.post("/reads", **tells(shapes.Shown))
    def read(body: Read) -> Response:
        """What the borrower let this reader see; without consent always the same 403."""
        request = request_of(body)
        digest = request_digest(request, service.deployment)
        if not service.signatures.signed(request.reader, digest, from_hex(body.signature)):
            raise Refusal(sentences.REQUEST_SIGNATURE)
        service.check_pace(request.reader)
        return Response(msgspec.json.encode(answer(service, request)), media_type="application/json")

    return routes


def answer(service: Service, request: ReadRequest) -> dict[str, Any]:
    """What a request, whose signature was checked, is told; NoConsent when nothing allows it."""
    opened = service.provable_now()
    index = answers.row_of(opened.tree.scores, request.borrower)  # looked up whoever asks, and for whomever
    try:
        identity = service.consents.use(request)
    except NoConsent:
        service.figures.read("refused")
        raise
    service.figures.read("shown")
    told = {"borrower": address_text(request.borrower), "consent": "0x" + identity.hex()}
    if request.what != REPORT:
        return told | answers.shown(opened, index, request.what, request.threshold)
    found = None
    if index is not None:
        made = make_report(service, opened, request.borrower, "en", list(DEFAULT_PARTS))
        found = sign_report(made, service.signer)
    return told | {"what": REPORT, "epoch": opened.report.epoch, "file": found}


def consent_of(body: ConsentFields) -> Consent:
    """The consent in a body; Stop when its nonce is no uint256."""
    return Consent(
        borrower=address_bytes(body.borrower),
        reader=address_bytes(body.reader),
        reader_name=body.reader_name,
        what=body.what,
        purpose=body.purpose,
        threshold=body.threshold,
        not_after=body.not_after,
        count=body.count,
        nonce=_nonce(body.nonce),
    )


def request_of(body: Read) -> ReadRequest:
    """The request in a body; Stop when its nonce is no uint256."""
    return ReadRequest(
        borrower=address_bytes(body.borrower),
        reader=address_bytes(body.reader),
        what=body.what,
        purpose=body.purpose,
        threshold=body.threshold,
        time=body.time,
        nonce=_nonce(body.nonce),
    )


def _nonce(text: str) -> int:
    return plain.integer(int(text), "nonce", 0, 2**256 - 1)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the table as its typed data's fields, and what became of it."""
    known = {each.name: row[each.name] for each in fields(Consent)} | {"nonce": int(row["nonce"])}
    told = consents.to_json(Consent(**known))
    fate = {name: row[name] for name in ("remaining", "given", "stopped", "active")}
    return {"id": "0x" + row["id"].hex()} | told | fate


def _read(row: dict[str, Any]) -> dict[str, Any]:
    return {name: "0x" + value.hex() if isinstance(value, bytes) else value for name, value in row.items()}
