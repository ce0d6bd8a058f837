"""The data scientist's verbs: models from ledgers, their figures, cards, bundles; loads training code.

Rules that hold here: a manifest is written only once everything about it is known; figures are of loans
that no training row has seen the end of, always beside the best single feature; a bundle counts only when a
key that the caller names has signed it, and a model is never measured on loans that it learned from; a
proposal is sent only with a proposer's key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ledger_reader.errors import Stop
from ledger_reader.rpc import Rpc
from models import manifest as manifests
from models import registry
from models import scorecard as scorecards
from models.features.catalogue import FEATURES, feature_set_version, named
from models.manifest import Manifest
from models.registry import Bundle, BundleSigner
from models.scorecard import Scorecard
from models.training import monitor
from models.training.assess import Evaluation, evaluate, place, sample_of
from models.training.card import NOBODY, Card, make_card
from models.training.compare import compare
from models.training.dataset import Split, Wallets, observe, split_by_time, to_columns
from models.training.evaluate import Figures
from models.training.fairness import fairness
from models.training.outcomes import Outcome
from models.training.pipeline import close_pipeline
from models.training.recipes import TrainingResult, train
from oracle import proposal as proposals
from oracle.contract import CreditOracle
from oracle.groups import UNTOLD
from oracle.keys import KeySigner, NodeKeys
from oracle.proposal import Proposal
from oracle.verbs.arguments import content_of
from oracle.verbs.ledgers import existing_ledger, head_of
from oracle.verbs.scores import read_manifest


@dataclass(frozen=True)
class Model:
    """A model from a manifest file (bundle None) or from a bundle that a known key signed."""

    manifest: Manifest
    card: Scorecard
    bundle: Bundle | None


def open_key(path: Path, password: str) -> BundleSigner:
    """The key in a file that `init --model-key` made."""
    return NodeKeys.load(path, password)


def outcome(bad: Sequence[str], days_late: int, horizon_days: int | None) -> Outcome:
    """The policy that says which loans are bad."""
    return Outcome(tuple(bad), days_late, horizon_days)


def wallets_of(name: str) -> Wallets:
    """How wallets are kept; Stop when it is neither apart nor shared."""
    if name == "apart":
        return "apart"
    if name == "shared":
        return "shared"
    raise Stop(f"wallets must be apart or shared, got {name!r}.")


def train_model(
    ledger: Path,
    deployment: Path,
    cut: int,
    out: Path,
    policy: Outcome,
    wallets: Wallets,
    owner: str,
    signer: BundleSigner | None,
) -> dict[str, Any]:
    """Train on the ledger up to its head; write manifest, scorecard, card and, with a signer, the bundle.

    `deployment` is JSON with schedule, sources and population: a manifest without its model.
    """
    frame = manifests.frame_from_json(content_of(deployment))
    with existing_ledger(ledger) as store:
        head = head_of(store, [chain.chain_id for chain in frame.sources])
        end = min(block.time for block in head.blocks) + 1
        result = train(store.events(head), cut, end, policy=policy, wallets=wallets)
    found = _manifest(frame, result, out)
    identity = manifests.save(found, out)
    card = make_card(result, found, owner or NOBODY)
    bundle = None if signer is None else _save_bundle(result, found, card, signer, identity, out)
    return {
        "modelId": "0x" + identity.hex(),
        "manifest": str(out / "manifests" / f"{identity.hex()}.json"),
        "card": _save_card(card, identity, out)[0],
        "bundle": bundle,
        "peopleOnBothSides": result.facts.people_on_both_sides,
        **_summary(result.evaluation),
        **result.to_plain(),
    }


def evaluate_model(
    ledger: Path,
    model: Path,
    cut: int,
    policy: Outcome,
    wallets: Wallets,
    signers: Sequence[str] = (),
    groups: Mapping[bytes, str] | None = None,
) -> dict[str, Any]:
    """A model's scorecard on the loans opened from `cut` on whose outcome is known.

    With `groups` (by account) also whether it treats them alike.
    """
    found = read_model(model, signers)
    split = _later(ledger, [found], cut, policy, wallets)
    result = evaluate(found.card, split)
    alike = {} if groups is None else _fairness(found.card, split, groups)
    return {
        "peopleOnBothSides": split.people_on_both_sides,
        **_summary(result),
        **alike,
        **result.to_plain(),
    }


def _fairness(card: Scorecard, split: Split, groups: Mapping[bytes, str]) -> dict[str, Any]:
    """The groups beside each other, and the widest gaps between those large enough to tell."""
    labels = np.array([groups.get(wallet, UNTOLD) for wallet in split.test.wallet])
    found = fairness(sample_of(place(card, split.test.features), split.test), "group", labels)
    gaps = {
        name: None if gap is None else f"{gap.value:.3f} [{gap.low:.3f}, {gap.high:.3f}]"
        for name, gap in (
            ("gapRefusedGood", found.gap_refused_good),
            ("gapRefusedBad", found.gap_refused_bad),
            ("gapCalibration", found.gap_calibration),
        )
    }
    return {"refusedBelow": found.cut_off, **gaps, "groups": [asdict(group) for group in found.groups]}


def compare_models(
    ledger: Path,
    champion: Path,
    challenger: Path,
    cut: int,
    policy: Outcome,
    wallets: Wallets,
    signers: Sequence[str] = (),
) -> dict[str, Any]:
    """Two models on the same later loans: which ranks better, and who would be told something else."""
    models = [read_model(path, signers) for path in (champion, challenger)]
    split = _later(ledger, models, cut, policy, wallets)
    placed = [place(model.card, split.test.features) for model in models]
    groups = {
        "segment": placed[0].segment,
        "borrowed before:": np.where(split.test.returning, "yes", "no"),
    }
    ours, theirs = (sample_of(one, split.test) for one in placed)
    found = compare(ours, theirs, groups)
    names = dict(zip(("champion", "challenger"), models, strict=True))
    return {
        "verdict": found.verdict,
        **{f"{name}Id": "0x" + manifests.model_id(model.manifest).hex() for name, model in names.items()},
        **asdict(found),
    }


def write_card(bundle: Path, signers: Sequence[str], out: Path) -> dict[str, Any]:
    """The card of a bundle as two files, once its signature held."""
    found = registry.load(bundle, registry.trusted(signers))
    paths = _save_card(Card(found.card_markdown, found.card_html), found.model_id, out)
    return {"modelId": "0x" + found.model_id.hex(), "signer": "0x" + found.signer.hex(), "files": list(paths)}


def drift_of(ledger: Path, bundle: Path, signers: Sequence[str], since: int | None) -> dict[str, Any]:
    """The loans of a ledger by month against those that the bundle's model learned from."""
    found = registry.load(bundle, registry.trusted(signers))
    before = monitor.baseline_from_plain(_part(found.facts, "baseline"))
    start = int(_part(found.facts, "facts")["cut"]) if since is None else since
    with existing_ledger(ledger) as store:
        head = head_of(store, [chain.chain_id for chain in found.manifest.sources])
        end = min(block.time for block in head.blocks) + 1
        rows = observe(store.events(head), Outcome(), start, end, named(found.scorecard.features))
    if not len(rows):
        raise Stop(f"no loan was opened from {start} on; name an earlier time by --since, or read on.")
    months = monitor.drift(
        before, to_columns(rows.features), place(found.scorecard, rows.features).score, rows.opened, start
    )
    return {
        "modelId": "0x" + found.model_id.hex(),
        "rows": len(rows),
        "verdict": monitor.verdict(months),
        "months": [_month(month) for month in months],
        "features": [
            {"month": _day(month.start), **asdict(shift)} for month in months for shift in month.features
        ],
    }


def propose_model(
    bundle: Path,
    signers: Sequence[str],
    from_epoch: int,
    urls: Sequence[str],
    proposer: KeySigner | None,
    dry_run: bool = False,
) -> dict[str, Any]:
    """Put a bundle's model up for approval in the ModelRegistry; show what the owner's timelock does then.

    Sent only with a proposer's key and without `dry_run`; with RPC addresses the registry is looked up, and
    asked whether the epoch leaves time enough.
    """
    found = registry.load(bundle, registry.trusted(signers))
    made, schedule = _proposal(found), found.manifest.schedule
    told: dict[str, Any] = {"registry": f"what modelRegistry() of 0x{schedule.contract.hex()} answers"}
    if urls:
        with Rpc(tuple(urls), chain_id=schedule.chain_id) as rpc:
            target = proposals.registry_of(CreditOracle(rpc, schedule.contract))
            proposals.check_notice(target, schedule, from_epoch)
            told = {"registry": "0x" + target.address.hex(), "stateBefore": target.state_of(made.model_id)}
            if proposer is not None and not dry_run:
                told["sent"] = proposals.send(target, made, schedule.chain_id, proposer)
    elif proposer is not None and not dry_run:
        raise Stop("a proposal is sent to a chain; name an RPC address by --rpc, or add --dry-run.")
    figures = _figures(found)
    return {
        "modelId": "0x" + made.model_id.hex(),
        "signer": "0x" + made.signer.hex(),
        "cardHash": "0x" + made.card_hash.hex(),
        "aucBps": made.auc_bps,
        "ksBps": made.ks_bps,
        "testedOn": f"{figures['rows']} loans, {figures['bad']} bad",
        "callData": proposals.propose_data(made),
        "timelock": proposals.owner_calls(made, from_epoch),
        "sent": None,
        **told,
    }


def read_model(path: Path, signers: Sequence[str]) -> Model:
    """A bundle (*.bundle), which one of `signers` must have signed, or a manifest as `train` writes it."""
    if path.suffix != ".bundle":
        return Model(*read_manifest(path), None)
    found = registry.load(path, registry.trusted(signers))
    return Model(found.manifest, found.scorecard, found)


def _later(ledger: Path, models: Sequence[Model], cut: int, policy: Outcome, wallets: Wallets) -> Split:
    """The split of a ledger at `cut`; Stop when a model has learned from loans opened later."""
    for model in models:
        learned = 0 if model.bundle is None else int(_part(model.bundle.facts, "facts")["cut"])
        if learned > cut:
            raise Stop(
                f"a model learned from loans opened up to {learned}, so those from {cut} on tell nothing; "
                f"name a cut of {learned} or later."
            )
    chains = {chain.chain_id for model in models for chain in model.manifest.sources}
    with existing_ledger(ledger) as store:
        head = head_of(store, sorted(chains))
        end = min(block.time for block in head.blocks) + 1
        # All features, for the best single one need not be one that a scorecard may learn.
        return split_by_time(store.events(head), policy, cut, end, FEATURES, wallets)


def _manifest(frame: manifests.Frame, result: TrainingResult, out: Path) -> Manifest:
    return Manifest(
        scorecard=scorecards.save(result.scorecard, out),
        feature_set=feature_set_version(),
        sources=frame.sources,
        population=frame.population,
        schedule=frame.schedule,
        reference=result.reference,
    )


def _save_card(card: Card, identity: bytes, out: Path) -> tuple[str, str]:
    paths = [out / "cards" / f"{identity.hex()}.{form}" for form in ("md", "html")]
    try:
        paths[0].parent.mkdir(parents=True, exist_ok=True)
        for path, content in zip(paths, (card.markdown, card.html), strict=True):
            path.write_bytes(content)
    except OSError as error:
        raise Stop(f"{error.filename} cannot be written ({error.strerror}); name another folder.") from error
    return str(paths[0]), str(paths[1])


def _save_bundle(
    result: TrainingResult, manifest: Manifest, card: Card, signer: BundleSigner, identity: bytes, out: Path
) -> str:
    path = out / f"{identity.hex()}.bundle"
    bundle = Bundle(
        signer=signer.identity_key,
        manifest=manifest,
        scorecard=result.scorecard,
        facts=result.to_plain(),
        card_markdown=card.markdown,
        card_html=card.html,
        pipeline=close_pipeline(result.machines),
    )
    registry.save(bundle, signer, path)
    return str(path)


def _proposal(found: Bundle) -> Proposal:
    figures = _figures(found)
    return Proposal(
        model_id=found.model_id,
        card_hash=Card(found.card_markdown, found.card_html).hash,
        signer=found.signer,
        auc_bps=_bps(figures["auc"]["value"]),
        ks_bps=_bps(figures["ks"]["value"]),
    )


def _figures(found: Bundle) -> dict[str, Any]:
    """The figures over all loans opened later than those that the model learned from."""
    return _part(_part(found.facts, "evaluation"), "all")


def _bps(share: float) -> int:
    return round(10_000 * float(share))


def _part(facts: dict[str, Any], name: str) -> dict[str, Any]:
    found = facts.get(name)
    if not isinstance(found, dict):
        raise Stop(f"the bundle's facts hold no {name!r}; make the bundle again with this version's `train`.")
    return found


def _summary(result: Evaluation) -> dict[str, Any]:
    """The figures that people ask for first."""
    single = result.all.single
    return {
        "auc": result.all.auc.value,
        "aucLow": result.all.auc.low,
        "aucHigh": result.all.auc.high,
        "bestFeature": None if single is None else single.name,
        "bestAuc": None if single is None else single.auc.value,
        "testLoans": result.all.rows,
        "testBad": result.all.bad,
        "figures": [
            _row(name, one)
            for name, one in (("all", result.all), ("returning", result.returning), *result.segments.items())
            if one is not None
        ],
    }


def _row(name: str, found: Figures) -> dict[str, Any]:
    gain = found.gain
    return {
        "who": name,
        "loans": found.rows,
        "bad": found.bad,
        "auc": found.auc.value,
        "from": found.auc.low,
        "to": found.auc.high,
        "bestFeature": None if found.single is None else found.single.auc.value,
        "difference": None if gain is None else f"{gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]",
        "integerMinusFloat": None if found.minus_float is None else found.minus_float.value,
        "calibrationError": found.calibration_error,
    }


def _month(month: monitor.Month) -> dict[str, Any]:
    return {
        "month": _day(month.start),
        "loans": month.rows,
        "scoreBps": month.score.index_bps,
        "chanceBps": month.score.noise_bps,
        "verdict": month.score.verdict,
        "beyond": ", ".join(month.beyond[:3]) + (", …" if len(month.beyond) > 3 else "") or None,
    }


def _day(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"
