"""The manifest: everything a score depends on besides the chain and the committee's secret.

Its canonical JSON (sorted keys, no spaces, integers only, UTF-8) hashes to the model id, which stands
in every report: a node whose own manifest differs refuses to sign. The scorecard stands in it by its
id, the features by their set's version, the training distribution as ten counts by score.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from ledger_reader import sources as source_lists
from ledger_reader.errors import Stop
from ledger_reader.keccak import keccak256
from ledger_reader.sources import ChainSources
from models import plain
from models.features.catalogue import feature_set_version
from models.schedule import Schedule

FORMAT = 1
POPULATIONS = ("enrolled", "all")


@dataclass(frozen=True)
class Manifest:
    """What a score depends on; `scorecard` and `feature_set` are 32-byte hashes."""

    scorecard: bytes
    feature_set: bytes
    sources: tuple[ChainSources, ...]
    population: Literal["enrolled", "all"]
    schedule: Schedule
    reference: tuple[int, ...]


@dataclass(frozen=True)
class Frame:
    """Where a model is for: a manifest before there is a model."""

    sources: tuple[ChainSources, ...]
    population: Literal["enrolled", "all"]
    schedule: Schedule


def frame_from_json(text: bytes | str) -> Frame:
    """The frame of a JSON text with sources, population and schedule; Stop names what is wrong."""
    top = plain.fields(
        plain.read(text, "the deployment"), ("sources", "population", "schedule"), "the deployment"
    )
    return Frame(
        sources=source_lists.from_json(top["sources"]),
        population=_population(top["population"]),
        schedule=_schedule(top["schedule"]),
    )


def to_json(manifest: Manifest) -> bytes:
    """Canonical JSON."""
    schedule = manifest.schedule
    return plain.write(
        {
            "format": FORMAT,
            "scorecard": "0x" + manifest.scorecard.hex(),
            "feature_set": "0x" + manifest.feature_set.hex(),
            "sources": source_lists.to_json(manifest.sources),
            "population": manifest.population,
            "schedule": {
                "chain_id": schedule.chain_id,
                "contract": "0x" + schedule.contract.hex(),
                "genesis": schedule.genesis,
                "length": schedule.length,
            },
            "reference": list(manifest.reference),
        }
    )


def from_json(text: bytes | str) -> Manifest:
    """The manifest of a JSON text, fully checked; Stop names the first thing that is wrong."""
    names = ("format", "scorecard", "feature_set", "sources", "population", "schedule", "reference")
    top = plain.fields(plain.read(text, "the manifest"), names, "the manifest")
    plain.integer(top["format"], "the manifest's format", FORMAT, FORMAT)
    reference = plain.items(top["reference"], "the manifest's reference", 10, 10)
    return Manifest(
        scorecard=plain.hexadecimal(top["scorecard"], "the manifest's scorecard", 32),
        feature_set=plain.hexadecimal(top["feature_set"], "the manifest's feature_set", 32),
        sources=source_lists.from_json(top["sources"]),
        population=_population(top["population"]),
        schedule=_schedule(top["schedule"]),
        reference=tuple(plain.integer(count, "a reference count", 0, 10**12) for count in reference),
    )


def model_id(manifest: Manifest) -> bytes:
    """keccak256 of the canonical JSON (32 bytes)."""
    return keccak256(to_json(manifest))


def save(manifest: Manifest, folder: Path) -> bytes:
    """Write `folder`/manifests/<model id hex>.json; returns the model id."""
    identity = model_id(manifest)
    path = _path(folder, identity)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(to_json(manifest))
    return identity


def load(folder: Path, identity: bytes) -> Manifest:
    """The manifest with this model id; Stop when unknown, altered, or of other features than ours."""
    path = _path(folder, identity)
    if not path.is_file():
        raise Stop(f"model 0x{identity.hex()} is unknown in {folder}; fetch its manifest, or name another.")
    content = path.read_bytes()
    if keccak256(content) != identity:
        raise Stop(f"{path} hashes to 0x{keccak256(content).hex()}, not to its name; fetch it again.")
    manifest = from_json(content)
    if manifest.feature_set != feature_set_version():
        raise Stop(
            f"model 0x{identity.hex()} was made for the feature set 0x{manifest.feature_set.hex()}, but this "
            f"version measures 0x{feature_set_version().hex()}; install the version it was made with."
        )
    return manifest


def _path(folder: Path, identity: bytes) -> Path:
    return folder / "manifests" / f"{identity.hex()}.json"


def _population(part: Any) -> Literal["enrolled", "all"]:
    return cast(Literal["enrolled", "all"], plain.choice(part, "the population", POPULATIONS))


def _schedule(part: Any) -> Schedule:
    top = plain.fields(part, ("chain_id", "contract", "genesis", "length"), "the manifest's schedule")
    return Schedule(
        chain_id=plain.integer(top["chain_id"], "the schedule's chain_id", 1, plain.INT64_MAX),
        contract=plain.hexadecimal(top["contract"], "the schedule's contract", 20),
        genesis=plain.integer(top["genesis"], "the schedule's genesis", 0, 2**40),
        length=plain.integer(top["length"], "the schedule's length", 1, 2**32),
    )
