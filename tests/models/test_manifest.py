import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger_reader.errors import Stop
from ledger_reader.sources import Asset, ChainSources, Source
from models.features.catalogue import feature_set_version
from models.manifest import Manifest, from_json, load, model_id, save, to_json
from models.schedule import Schedule

TOKEN, CONTRACT = b"\x0a" * 20, b"\x0c" * 20


def manifest() -> Manifest:
    return Manifest(
        scorecard=b"\x05" * 32,
        feature_set=feature_set_version(),
        sources=(
            ChainSources(
                31337,
                (Source("credit_oracle", CONTRACT, 1), Source("erc20", TOKEN, 2, TOKEN)),
                (Asset(TOKEN, "DEV", 6, 100),),
            ),
        ),
        population="enrolled",
        schedule=Schedule(31337, CONTRACT, 1_700_000_000, 604_800),
        reference=(1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
    )


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("format", 9, "format must be an integer from 1 to 1, got 9"),
        ("scorecard", "0x05", "64 lower-case hex digits"),
        ("feature_set", 5, "feature_set must be a text"),
        ("population", "everyone", "must be one of ['enrolled', 'all']"),
        ("reference", [1] * 9, "list of 10 to 10"),
        ("reference", [-1] * 10, "from 0 to"),
        ("schedule", {}, "lacks the fields"),
        (
            "schedule",
            {"chain_id": 1, "contract": "0x", "genesis": 0, "length": 0},
            "40 lower-case hex digits",
        ),
        ("extra", 1, "unknown fields ['extra']"),
    ],
)
def test_from_json__of_an_altered_manifest__stops(field: str, value: Any, sentence: str) -> None:
    plain = json.loads(to_json(manifest())) | {field: value}
    with pytest.raises(Stop, match=re.escape(sentence)):
        from_json(json.dumps(plain))


def test_load__of_an_unknown_model__stops(tmp_path: Path) -> None:
    with pytest.raises(Stop, match=r"model 0x0000.* is unknown"):
        load(tmp_path, bytes(32))


def test_load__of_a_file_with_a_flipped_digit__stops(tmp_path: Path) -> None:
    identity = save(manifest(), tmp_path)
    path = tmp_path / "manifests" / f"{identity.hex()}.json"
    path.write_bytes(path.read_bytes().replace(b"604800", b"604801"))
    with pytest.raises(Stop, match="not to its name"):
        load(tmp_path, identity)


def test_load__of_a_model_of_other_features__stops(tmp_path: Path) -> None:
    identity = save(replace(manifest(), feature_set=b"\x01" * 32), tmp_path)
    with pytest.raises(Stop, match="install the version it was made with"):
        load(tmp_path, identity)


def test_manifest__saved__loads_equal_and_canonical(tmp_path: Path) -> None:
    identity = save(manifest(), tmp_path)
    assert load(tmp_path, identity) == manifest()
    text = to_json(manifest())
    assert identity == model_id(manifest())
    assert (
        text
        == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    )


def test_model_id__when_anything_changes__changes() -> None:
    one = manifest()
    source = one.sources[0]
    others = [
        replace(one, scorecard=b"\x06" * 32), replace(one, feature_set=bytes(32)),
        replace(one, population="all"), replace(one, schedule=replace(one.schedule, length=1)),
        replace(one, reference=(0,) * 10),
        replace(one, sources=(replace(source, assets=(replace(source.assets[0], pin_cents=99),)),)),
    ]  # fmt: skip
    assert len({model_id(other) for other in (one, *others)}) == len(others) + 1


def test_schedule__of_an_epoch__ends_after_its_last_second() -> None:
    schedule = manifest().schedule
    assert (schedule.end_of(1), schedule.until(1)) == (1_700_604_800, 1_700_604_801)
