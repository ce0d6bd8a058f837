"""Features and scores of a ledger, and one account's score taken apart."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ledger_reader.errors import Stop
from models import manifest as manifests
from models import rules
from models import scorecard as scorecards
from models.engine import spark_events
from models.features.catalogue import FEATURES
from models.manifest import Manifest
from models.measure import Population
from models.scorecard import FeatureMatrix, Scores
from models.scoring import measure_population, score_population
from models.segment import MISSING
from oracle import report as reports
from oracle.settings import address_text
from oracle.statement import statement
from oracle.verbs.arguments import address_of, language_of
from oracle.verbs.ledgers import existing_ledger, head_of


def show_features(ledger: Path, chain_id: int, at: int, population: str) -> dict[str, Any]:
    """The features of everyone in the population, by name; null where missing."""
    with existing_ledger(ledger) as store:
        events = store.events(head_of(store, (chain_id,)))
        return _described(measure_population(events, _rule(population), at))


def show_features_on_spark(
    folder: Path, master: str, chain_id: int, at: int, population: str
) -> dict[str, Any]:
    """The same, measured by Spark over an exported ledger."""
    with spark_events(folder, master) as events:
        chain = events.filter(events.chain_id == chain_id)
        return _described(measure_population(chain, _rule(population), at))


def show_scores(ledger: Path, manifest: Path, epoch: int) -> dict[str, Any]:
    """Scores of an epoch, and the scoresHash that its report must carry."""
    scores = _scores(ledger, manifest, epoch)
    names = {rules.INSUFFICIENT: "insufficient", rules.SCORED: "scored", rules.THIN: "thin"}
    columns = zip(
        scores.addresses, *(c.tolist() for c in (scores.status, scores.score, scores.width)), strict=True
    )
    rows = [
        {"account": _hex(address), "status": names[status], "score": score or None, "width": width}
        for address, status, score, width in columns
    ]
    counts = {name: sum(row["status"] == name for row in rows) for name in names.values()}
    return {"epoch": epoch, "scoresHash": "0x" + reports.scores_hash(scores).hex(), **counts, "rows": rows}


def explain_account(
    ledger: Path, manifest: Path, epoch: int, account: str, language: str, target: int | None = None
) -> dict[str, Any]:
    """One account's score taken apart, and a plan to `target`; Stop when it is not in the population."""
    told_in, borrower = language_of(language), address_of(account)
    _, card = read_manifest(manifest)
    scores = _scores(ledger, manifest, epoch)
    return statement(card, scores, index_of(scores, borrower), told_in, target)


def read_manifest(path: Path) -> tuple[Manifest, scorecards.Scorecard]:
    """A manifest file …/manifests/<model id>.json and the scorecard beside it, both checked."""
    try:
        identity = bytes.fromhex(path.stem)
    except ValueError as error:
        raise Stop(f"{path} is not named by a model id; use the file that `train` wrote.") from error
    folder_of_both = path.absolute().parent.parent
    found = manifests.load(folder_of_both, identity)
    return found, scorecards.load(folder_of_both, found.scorecard)


def index_of(scores: Scores, account: bytes) -> int:
    """The row of an account; Stop when it is not in the population."""
    for index, row in enumerate(scores.addresses):
        if row.tobytes() == account:
            return index
    raise Stop(f"{address_text(account)} is not in this epoch: it was not enrolled when the epoch ended.")


def _described(matrix: FeatureMatrix) -> dict[str, Any]:
    rows = [
        {"account": _hex(address)} | _named(matrix.names, values)
        for address, values in zip(matrix.addresses, matrix.values, strict=True)
    ]
    described = [{"name": f.name, "unit": f.unit, "direction": f.direction} for f in FEATURES]
    return {"features": described, "rows": sorted(rows, key=lambda row: str(row["account"]))}


def _scores(ledger: Path, manifest: Path, epoch: int) -> Scores:
    found, card = read_manifest(manifest)
    with existing_ledger(ledger) as store:
        head = head_of(store, [chain.chain_id for chain in found.sources])
        if late := [b for b in head.blocks if b.time <= found.schedule.end_of(epoch)]:
            raise Stop(
                f"the ledger {ledger} has read chain {late[0].chain_id} up to time {late[0].time}, "
                f"epoch {epoch} ends at {found.schedule.end_of(epoch)}; read on first."
            )
        return score_population(store.events(head), found, card, found.schedule.until(epoch))


def _rule(name: str) -> Population:
    if name == "all":
        return "all"
    if name == "enrolled":
        return "enrolled"
    raise Stop(f"the population must be enrolled or all, got {name!r}.")


def _named(names: Sequence[str], values: Any) -> dict[str, int | None]:
    return {name: None if v == MISSING else int(v) for name, v in zip(names, values, strict=True)}


def _hex(row: Any) -> str:
    return "0x" + bytes(row).hex()
