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
from oracle import sentences
from oracle.api import public_shapes as shapes
from oracle.api.epochs import Unknown
from oracle.api.service import Service
from oracle.api.shapes import tells
from oracle.api.status import status_of
from oracle.attestations import read_attestations
from oracle.committee import to_json as committee_to_json
from oracle.proof_text import proof_of, read_proof
from oracle.settings import address_bytes, address_text
from oracle.tree import AtLeastProof, ScoreProof, verify_at_least, verify_score

MOST_EPOCHS = 100


def service_routes(service: Service) -> APIRouter:
    """The service itself."""
    routes = APIRouter(prefix="/v1", tags=["public"])
    settings, epochs = service.settings, service.epochs

    @routes.get("/health", **tells(shapes.Health))
    def health() -> dict[str, Any]:
        """The process answers, and the latest epoch it has."""
        return {
            "status": "ok",
            "chainId": settings.chain_id,
            "contract": address_text(settings.contract),
            "latestEpoch": max(epochs.known(), default=None),
        }

    @routes.get("/ready", **tells(shapes.Ready))
    def ready() -> dict[str, Any]:
        """Whether scores and proofs can be asked for: an epoch is open, the database answers. Else 503."""
        opened = epochs.latest()
        with service.store.reading() as connection:
            connection.exec_driver_sql("SELECT 1")
        return {"status": "ready", "epoch": opened.report.epoch}

    @routes.get("/status", **tells(shapes.Status))
    def status() -> dict[str, Any]:
        """Epochs with signatures and fate, dissent, drift and its limits; null is what is not known now."""
        return status_of(service)

    @routes.get("/operator", **tells(shapes.Operator))
    def operator() -> dict[str, Any]:
        """Who runs the service and answers for it, and what the page may use."""
        where = {"chainId": settings.chain_id, "contract": address_text(settings.contract)}
        return service.operator.told() | where | {"reportKey": "0x" + service.signer.identity_key.hex()}

    if service.operator.demo:

        @routes.get("/demo/wallets", **tells(list[shapes.DemoWallet]))
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

    @routes.get("/epochs", **tells(list[shapes.Report]))
    def latest_epochs() -> list[dict[str, Any]]:
        """The reports of the last 100 epochs, oldest first."""
        return [reports.to_json(epochs.report(epoch)) for epoch in epochs.known()[-MOST_EPOCHS:]]

    @routes.get("/epochs/{epoch}", **tells(shapes.SignedReport))
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

    @routes.get("/models/{identity}", **tells(shapes.Model))
    def model(identity: str) -> dict[str, Any]:
        """A model: manifest, scorecard, and its card where the node has it."""
        try:
            model_id = plain.hexadecimal(identity, "the model id", 32)
        except Stop as error:
            raise Unknown(sentences.MODEL_MALFORMED.of(model=identity[:70])) from error
        return epochs.model(model_id)

    @routes.get("/members", **tells(shapes.Members))
    def members() -> dict[str, Any]:
        """The committee of the latest epoch, as the chain has it."""
        latest = epochs.latest().report.epoch
        sight = service.sight(latest)
        if sight is None or latest not in sight.fates:
            raise Retry(sentences.COMMITTEE_UNKNOWN)
        return committee_to_json(sight.fates[latest].committee) | {"epoch": latest}

    @routes.post("/verify", **tells(shapes.Verified))
    def verify(
        found: Annotated[dict[str, Any], Body(examples=[{"text": "CP1:…"}])],
    ) -> dict[str, Any]:
        """Hold a proof (as GET /v1/me/proof gives it, or only its `text`) against the root kept here."""
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
    account, proof = _given(found)
    report = service.epochs.report(proof.epoch)
    if isinstance(proof, ScoreProof):
        verify_score(report.root, account, proof)
        shown = {"kind": "score", "score": proof.score, "width": proof.width}
    else:
        verify_at_least(report.root, account, proof)
        shown = {"kind": "atLeast", "threshold": proof.threshold}
    where = {"epoch": report.epoch, "snapshotTime": report.snapshot_time, "status": proof.status}
    return {"proven": True, "account": address_text(account), **shown, **where}


def _given(found: dict[str, Any]) -> tuple[bytes, ScoreProof | AtLeastProof]:
    """Account and proof in either form: as GET /v1/me/proof gives it, or its `text` alone."""
    if "kind" not in found and isinstance(found.get("text"), str):
        return read_proof(found["text"].strip())
    proof = proof_of(found)
    try:
        return address_bytes(str(found.get("account"))), proof
    except ValueError as error:
        raise Stop(sentences.NO_ACCOUNT.of(account=str(found.get("account"))[:60])) from error
