"""The data scientist's verbs: a manifest from a ledger, and its figures; loads training code.

Rules that hold here: a manifest is written only once everything about it is known; figures are of
loans that no training row has seen the end of, always beside the best single feature.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models import manifest as manifests
from models import scorecard as scorecards
from models.features.catalogue import feature_set_version
from models.manifest import Manifest
from models.training.dataset import split_by_time
from models.training.evaluate import Evaluation, evaluate
from models.training.export import FULL
from models.training.outcomes import Outcome
from models.training.recipes import TrainingResult, train
from oracle.verbs import content_of, existing_ledger, head_of, read_manifest


def train_model(
    ledger: Path, deployment: Path, cut: int, out: Path, bad: Sequence[str], days_late: int
) -> dict[str, Any]:
    """Train on the ledger up to its head; write manifest and scorecard; figures out of time.

    `deployment` is JSON with schedule, sources and population: a manifest without its model.
    """
    policy = Outcome(tuple(bad), days_late)
    frame = manifests.frame_from_json(content_of(deployment))
    with existing_ledger(ledger) as store:
        head = head_of(store, [chain.chain_id for chain in frame.sources])
        result = train(store.events(head), cut, min(block.time for block in head.blocks) + 1, policy=policy)
    found = _manifest(frame, result, out)
    identity = manifests.save(found, out)
    return {
        "modelId": "0x" + identity.hex(),
        "manifest": str(out / "manifests" / f"{identity.hex()}.json"),
        **_summary(result.evaluation),
        **result.to_plain(),
    }


def _manifest(frame: manifests.Frame, result: TrainingResult, out: Path) -> Manifest:
    return Manifest(
        scorecard=scorecards.save(result.scorecard, out),
        feature_set=feature_set_version(),
        sources=frame.sources,
        population=frame.population,
        schedule=frame.schedule,
        reference=result.reference,
    )


def evaluate_model(
    ledger: Path, manifest: Path, cut: int, bad: Sequence[str], days_late: int
) -> dict[str, Any]:
    """A manifest's scorecard on the loans opened from `cut` on whose outcome is known."""
    found, card = read_manifest(manifest)
    with existing_ledger(ledger) as store:
        head = head_of(store, [chain.chain_id for chain in found.sources])
        end = min(block.time for block in head.blocks) + 1
        split = split_by_time(store.events(head), Outcome(tuple(bad), days_late), cut, end)
    result = evaluate(card.segments[FULL], split)
    return {**_summary(result), **result.to_plain()}


def _summary(result: Evaluation) -> dict[str, Any]:
    """The figures that people ask for first."""
    return {
        "auc": result.all.auc.value,
        "aucLow": result.all.auc.low,
        "aucHigh": result.all.auc.high,
        "bestFeature": result.all.single.name,
        "bestAuc": result.all.single.auc.value,
        "testLoans": result.all.rows,
        "testBad": result.all.bad,
    }
