"""What everyone may ask: is the service well, who runs it, which epochs, models and members there are.

Rules that hold here: nothing on these routes is of one borrower; a proof given to be verified is checked and
not kept.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from ledger_reader.errors import Retry, Stop
from models import plain
from oracle import report as reports
from oracle.api import shapes
from oracle.api.epochs import Unknown
from oracle.api.service import Service
from oracle.api.shapes import tells
from oracle.attestations import read_attestations
from oracle.settings import address_bytes, address_text
from oracle.tree import (
    at_least_proof_from_json,
    score_proof_from_json,
    verify_at_least,
    verify_score,
)

MOST_EPOCHS = 100


def service_routes(service: Service) -> APIRouter:
    """The service itself."""
    routes = APIRouter(prefix="/v1", tags=["public"])
    settings, epochs = service.settings, service.epochs

    @routes.get("/health")
    def health() -> dict[str, Any]:
        """The process answers, and the latest epoch it has."""
        return {
            "status": "ok",
            "chainId": settings.chain_id,
            "contract": address_text(settings.contract),
            "latestEpoch": max(epochs.known(), default=None),
        }

    @routes.get("/ready")
    def ready() -> dict[str, Any]:
        """Whether scores and proofs can be asked for: an epoch is open, the database answers. Else 503."""
        opened = epochs.latest()
        with service.store.reading() as connection:
            connection.exec_driver_sql("SELECT 1")
        return {"status": "ready", "epoch": opened.report.epoch}

    @routes.get("/operator", **tells(shapes.Operator))
    def operator() -> dict[str, Any]:
        """Who runs the service and answers for it, and what the page may use."""
        where = {"chainId": settings.chain_id, "contract": address_text(settings.contract)}
        return service.operator.told() | where | {"reportKey": "0x" + service.signer.identity_key.hex()}

    if service.operator.demo:

        @routes.get("/demo/wallets")
        def wallets() -> list[dict[str, str | None]]:
            """Wallets of the development chain's cast, a second one of each too; their keys are public."""
            from oracle.devchain.people import demo_wallets  # noqa: PLC0415 (of demonstrations only)

            return [
                {
                    "name": wallet.name,
                    "privateKey": "0x" + wallet.key.hex(),
                    "address": address_text(wallet.address),
                    "secondOf": None if wallet.second_of is None else address_text(wallet.second_of),
                }
                for wallet in demo_wallets()
            ]

    return routes


def public_routes(service: Service) -> APIRouter:
    """What was computed, by which model and members."""
    routes = APIRouter(prefix="/v1", tags=["public"])
    epochs = service.epochs

    @routes.get("/epochs")
    def latest_epochs() -> list[dict[str, Any]]:
        """The reports of the last 100 epochs, oldest first."""
        return [reports.to_json(epochs.report(epoch)) for epoch in epochs.known()[-MOST_EPOCHS:]]

    @routes.get("/epochs/{epoch}")
    def one_epoch(epoch: int) -> dict[str, Any]:
        """An epoch's report, and who signed it with what."""
        told = reports.to_json(epochs.report(epoch))
        signed = [
            {
                "signature": "0x" + each.signature.hex(),
                "identitySignature": "0x" + each.identity_signature.hex(),
            }
            for each in read_attestations(service.settings.epochs, epoch)
        ]
        return told | {"attestations": signed}

    @routes.get("/models/{identity}")
    def model(identity: str) -> dict[str, Any]:
        """A model: manifest, scorecard, and its card where the node has it."""
        try:
            return epochs.model(plain.hexadecimal(identity, "the model id", 32))
        except Stop as error:
            raise Unknown(str(error)) from error

    @routes.get("/members")
    def members() -> dict[str, Any]:
        """The committee of the latest epoch, as this node's file or the chain has it."""
        committee = service.chain.committee if service.chain else None
        if committee is None:
            raise Retry("The committee is read from the chain, which has not answered yet.")
        return committee

    @routes.post("/verify", **tells(shapes.Verified))
    def verify(
        found: Annotated[dict[str, Any], Body(examples=[{"kind": "atLeast", "account": "0x…"}])],
    ) -> dict[str, Any]:
        """Hold a proof (as GET /v1/me/proof gives it) against the root of its epoch, as kept here."""
        return verify_proof(service, found)

    return routes


def metrics_route(service: Service) -> APIRouter:
    """GET /metrics, for Prometheus."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/metrics")
    def show() -> Response:
        return Response(service.figures.page(), media_type=CONTENT_TYPE_LATEST)

    return routes


def verify_proof(service: Service, found: dict[str, Any]) -> dict[str, Any]:
    """What a proof shows; Stop when it shows nothing, Unknown when its epoch is not kept."""
    kind = plain.choice(found.get("kind"), "the proof's kind", ("score", "atLeast"))
    fields = {name: value for name, value in found.items() if name not in ("kind", "account", "calldata")}
    try:
        account = address_bytes(str(found.get("account")))
    except ValueError as error:
        raise Stop(str(error)) from error
    if kind == "score":
        score = score_proof_from_json(fields)
        report = service.epochs.report(score.epoch)
        verify_score(report.root, account, score)
        shown = {"score": score.score, "width": score.width, "status": score.status}
    else:
        proof = at_least_proof_from_json(fields)
        report = service.epochs.report(proof.epoch)
        verify_at_least(report.root, account, proof)
        shown = {"threshold": proof.threshold, "status": proof.status}
    where = {"epoch": report.epoch, "snapshotTime": report.snapshot_time}
    return {"proven": True, "kind": kind, "account": address_text(account), **shown, **where}
